"""How a service answers one record of a source: its event, sealed into the chain, or silence. No Kafka in here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.base import Fact
from schemas.catalogue import Catalogue
from schemas.cause import Cause
from schemas.envelope import READ, Draft, Envelope, Read, derived_id, parse, sealed, write_position
from schemas.topics import BY_NAME
from services.runtime.aggregate import Aggregate, Stamp, fold
from services.runtime.chain import Record, decode, follows
from services.runtime.service import Service
from services.runtime.telemetry import begin_event, end_event


@dataclass(frozen=True, slots=True)
class Taken:
    """A record of a source, understood: how far the source is read now, and the cause it carries, if any."""

    read: Read
    envelope: Envelope | None = None
    body: Fact | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record ready to be sent."""

    raw: bytes
    head: str
    name: str = ""
    aggregate: Aggregate | None = None


def take(record: Record, before: Read, wanted: frozenset[str]) -> Taken:
    """Reads a source's record: by the chain's rule where the source is a log, as it is where it is an inbox.

    Raises Malformed, after which the source is read up to the record all the same (see :func:`passed`).
    """
    topic = BY_NAME.get(record.topic)
    if topic is None or not topic.is_log:
        envelope = parse(record.value)
        return Taken(Read(record.offset), envelope, decode(envelope, wanted))
    accepted = follows(record.value, before.head)
    if accepted is None:
        return Taken(Read(record.offset, before.head))
    return Taken(Read(record.offset, accepted.hash), accepted, decode(accepted, wanted))


def passed(record: Record, before: Read) -> Read:
    """How far a source is read after a record that could not be understood: its chain goes on if it belongs to it."""
    topic = BY_NAME.get(record.topic)
    if topic is not None and topic.is_log:
        try:
            accepted = follows(record.value, before.head)
        except ValueError:
            accepted = None
        return Read(record.offset, accepted.hash if accepted else before.head)
    return Read(record.offset)


def cause_of(envelope: Envelope, body: Fact, policies: Catalogue) -> Cause:
    """What the domain sees of a record."""
    return Cause(envelope.id, envelope.time, envelope.subject, envelope.owner, body, policies)


def answer_to(
    cause: Envelope, body: Fact, service: Service, aggregate: Aggregate | None, policies: Catalogue
) -> Fact | None:
    """What the service says to a cause, or silence: also to a command it answered before, sent once more (law 1)."""
    if aggregate is None:
        return service.decide(service.initial, cause_of(cause, body, policies))
    if derived_id(service.name, cause.id) in aggregate.answered:
        return None
    return service.decide(aggregate.state, cause_of(cause, body, policies))


def event_record(
    service: Service,
    cause: Envelope,
    event: Fact,
    before: Aggregate | None,
    parent: str,
    position: Mapping[str, Read],
) -> Sealed:
    """The event as the next record of the chain, and the aggregate after it (laws 1-3)."""
    span = begin_event(cause)
    traceparent = span.traceparent
    draft = Draft(
        id=derived_id(service.name, cause.id),
        source=service.name,
        type=event.TYPE,
        time=written(cause.time),
        subject=cause.subject,
        causationid=cause.id,
        correlationid=cause.correlationid or cause.id,
        owner=cause.owner,
        partitionkey=cause.partitionkey,
        traceparent=traceparent,
        data=event.model_dump_json(exclude_none=True).encode(),
        extra={"parent": parent, "position": write_position(position)},
    )
    raw, head = sealed(draft.encode())
    end_event(span, service.name, event, cause, before)
    stamp = Stamp(draft.id, draft.subject, draft.partitionkey, draft.owner, draft.correlationid, traceparent)
    return Sealed(raw, head, service.aggregate(cause), fold(service, before, event, stamp))


def read_line(service: Service, parent: str, position: Mapping[str, Read], now: datetime) -> Sealed:
    """A record that only writes down how far the sources were read: silence, made durable (law 2)."""
    where = write_position(position)
    draft = Draft(
        id=derived_id(service.name, READ, parent, where),
        source=service.name,
        type=f"dsr.{service.name}.{READ}.v1",
        time=written(now),
        extra={"parent": parent, "position": where},
    )
    raw, head = sealed(draft.encode())
    return Sealed(raw, head)


def written(moment: datetime) -> str:
    """The instant as RFC 3339 in UTC, always with six decimals: equal instants are equal text."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds")[:-6] + "Z"
