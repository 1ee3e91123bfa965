"""One record of each type, whole, as it lies in Kafka: where ``schemas/examples`` comes from."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from schemas.acts import Act
from schemas.base import Fact
from schemas.catalogue import ENTRIES, SHELF
from schemas.envelope import READ, Draft, Read, sealed, write_position
from schemas.intake import RecordSignal, SignalRecorded
from schemas.notifier import AccountLetterOrdered, SendAccountLetter
from schemas.parked import RecordParked
from schemas.topics import ACTS, BY_NAME, CATALOGUE, PARKED, TOPICS, Topic, events
from tests.support.builders import NOW, OWNER, made_digest, made_id
from tests.support.messages import catalogue_entries, messages

READ_LINE = f"dsr.verifier.{READ}.v1"


def records() -> Mapping[str, bytes]:
    """Type tag → a record of that type, and one read line. The same bytes on every machine."""
    topics = {message: topic for topic in TOPICS for message in topic.messages}
    found = {body.TYPE: _record(topics[type(body)], body, n) for n, body in enumerate(_bodies(), start=1)}
    return {**found, READ_LINE: _read_line()}


def _read_line() -> bytes:
    position = write_position(_position(BY_NAME[events("verifier")]))
    extra = {"parent": made_digest("record before", 0), "position": position}
    return sealed(Draft(id=made_id(READ, 1), source="verifier", type=READ_LINE, time=_time(0), extra=extra).encode())[0]


def _bodies() -> Iterator[Fact]:
    yield from messages()
    yield from catalogue_entries()


def _record(topic: Topic, body: Fact, n: int) -> bytes:
    data = body.model_dump_json(exclude_none=True).encode()
    if isinstance(body, RecordParked):
        return _draft(body.TYPE, topic.writers[0], n, data, subject=made_id("parked", 1), owner="system").encode()
    if isinstance(body, ENTRIES):
        name = getattr(body, "slug", "") or getattr(body, "id", "")
        extra = {"parent": made_digest("record before", n)}
        owner = getattr(body, "owner", "") or name
        return sealed(_draft(body.TYPE, "habeas", n, data, subject="", owner=owner, key=name, extra=extra).encode())[0]
    if isinstance(body, Act):
        about = getattr(body, "request_id", "") or f"{SHELF}{getattr(body, 'person', '') or body.who}"
        extra = {"parent": made_digest("record before", n)}
        return sealed(_draft(body.TYPE, "router", n, data, subject=about, key=OWNER, extra=extra).encode())[0]
    if isinstance(body, SendAccountLetter | AccountLetterOrdered):
        about, account = f"{SHELF}{body.letter.account}", body.letter.account
        if not topic.is_log:
            return _draft(body.TYPE, "router", n, data, subject=about, key=account).encode()
        extra = {"parent": made_digest("record before", n), "position": write_position(_position(topic))}
        drafted = _draft(body.TYPE, topic.writers[0], n, data, subject=about, key=account, extra=extra)
        return sealed(drafted.encode())[0]
    about = "" if isinstance(body, RecordSignal | SignalRecorded) else None
    key = made_digest("person", 1)
    if not topic.is_log:
        return _draft(body.TYPE, topic.writers[0], n, data, subject=about, key=key).encode()
    extra = {"parent": made_digest("record before", n), "position": write_position(_position(topic))}
    return sealed(_draft(body.TYPE, topic.writers[0], n, data, subject=about, key=key, extra=extra).encode())[0]


def _draft(
    tag: str,
    source: str,
    n: int,
    data: bytes,
    *,
    subject: str | None = None,
    owner: str = OWNER,
    key: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> Draft:
    about_a_request = subject is None
    return Draft(
        id=made_id("message", n),
        source=source,
        type=tag,
        time=_time(n),
        subject=made_id("request", 1) if subject is None else subject,
        causationid=made_id("message", n - 1) if about_a_request and n > 1 else "",
        correlationid=made_id("request", 1) if about_a_request else "",
        owner=owner,
        partitionkey=key if key is not None else made_digest("person", 1) if subject is None else subject,
        traceparent=f"00-{made_digest('trace', 1)[:32]}-{made_digest('span', n)[:16]}-01" if about_a_request else "",
        data=data,
        extra=extra or {},
    )


def _time(n: int) -> str:
    return (NOW + timedelta(minutes=n)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _position(log: Topic) -> Mapping[str, Read]:
    """How far a service might have read its sources: every topic it reads but its own log and the catalogue."""
    (service,) = log.writers
    sources = [
        topic for topic in TOPICS if service in topic.readers and topic.name not in (log.name, CATALOGUE, PARKED, ACTS)
    ]
    return {
        topic.name: Read(40 + n, made_digest(f"head of {topic.name}", 1) if topic.is_log else "")
        for n, topic in enumerate(sources)
    }
