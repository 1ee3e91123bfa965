"""The console's read models: every event of every request, where each request stands, and what was parked."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Index, Integer, MetaData, String, Table, select

from schemas import topics
from schemas.catalogue import SHELF
from schemas.parked import RecordParked
from schemas.request import OrderResult, Request, short_number
from schemas.router import OrderRecorded, RequestClosed
from services.console.standing import LIES_WITH, Standing, evolve
from services.runtime.accounts.acts_view import ActsView
from services.runtime.chain import Accepted
from services.runtime.database import Instant, insert_once, upsert
from services.runtime.telemetry import context_of

_JOURNAL = MetaData()
_PARKED = MetaData()

REQUESTS = Table(
    "console_requests",
    _JOURNAL,
    Column("request_id", String, primary_key=True),
    Column("number", String, nullable=False, index=True),
    Column("owner", String, nullable=False),
    Column("rights", JSON, nullable=False),
    Column("channel", String, nullable=False),
    Column("received_at", Instant),
    Column("standing", JSON, nullable=False),
    Column("stage", String, nullable=False),
    Column("lies_with", String, nullable=False),
    Column("ball", String, nullable=False),
    Column("must_act", Boolean, nullable=False),
    Column("letters_owed", Integer, nullable=False),
    Column("last_event_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("outcomes", JSON, nullable=False),
    Index("console_requests_newest", "last_event_at", "request_id"),
    Index("console_requests_by_stage", "stage", "last_event_at"),
    Index("console_requests_by_owner", "owner", "last_event_at"),
    Index("console_requests_by_service", "lies_with"),
)
"""One row per request. ``standing`` is what ``stage``, ``lies_with``, ``ball`` and ``must_act`` follow from."""

EVENTS = Table(
    "console_events",
    _JOURNAL,
    Column("event_id", String, primary_key=True),
    Column("request_id", String, nullable=False, index=True),
    Column("service", String, nullable=False),
    Column("type", String, nullable=False),
    Column("time", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("causation_id", String, nullable=False),
    Column("trace_id", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("data", JSON, nullable=False),
)
"""Every accepted event. ``time`` is its cause's, ``recorded_at`` the broker's; what is sealed in ``data`` stays so."""

SERVICES = Table(
    "console_services",
    _JOURNAL,
    Column("service", String, primary_key=True),
    Column("events", Integer, nullable=False),
    Column("last_event_at", Instant, nullable=False),
)
"""How many events each service has written, counted as they come."""

PARKED = Table(
    "console_parked",
    _PARKED,
    Column("id", String, primary_key=True),
    Column("reader", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("place", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", String, nullable=False),
    Column("parked_at", Instant, nullable=False, index=True),
)
"""One row per parked record, however often it was delivered. The record itself stays on the topic, sealed."""


class Journal:
    """All five logs as rows. The catalogue's log is read too, so that what is malformed there is parked."""

    name = "console_journal"
    metadata = _JOURNAL
    topics = (*(topics.events(service) for service in topics.SERVICES), topics.CATALOGUE)

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """One more event of a request; read lines, the catalogue's entries and letters to accounts leave no row."""
        envelope, record = accepted.envelope, accepted.record
        if envelope.is_read_line or record.topic == topics.CATALOGUE or not _of_a_request(envelope.subject):
            return
        trace = context_of(envelope.traceparent)
        row = {
            "event_id": envelope.id,
            "request_id": envelope.subject,
            "service": envelope.source,
            "type": envelope.type,
            "time": envelope.time,
            "recorded_at": record.recorded_at,
            "causation_id": envelope.causationid,
            "trace_id": f"{trace.trace_id:032x}" if trace else "",
            "partition": record.partition,
            "offset": record.offset,
            "data": accepted.body.model_dump(mode="json", exclude_none=True) if accepted.body else {},
        }
        if insert_once(connection, EVENTS, row):
            self._count(connection, envelope.source, record.recorded_at)
            self._stand(connection, accepted)

    def _count(self, connection: Connection, service: str, at: datetime) -> None:
        new = {"service": service, "events": 1, "last_event_at": at}
        if not insert_once(connection, SERVICES, new):
            more = {"events": SERVICES.c.events + 1, "last_event_at": at}
            connection.execute(SERVICES.update().where(SERVICES.c.service == service).values(more))

    def _stand(self, connection: Connection, accepted: Accepted) -> None:
        request_id = accepted.envelope.subject
        known = connection.execute(select(REQUESTS).where(REQUESTS.c.request_id == request_id)).mappings().first()
        row: dict[str, Any] = dict(known) if known else _unknown(accepted)
        before = Standing.model_validate(row["standing"])
        after = evolve(before, accepted.body) if accepted.body else before
        row |= _told_by(accepted) | {
            "standing": after.model_dump(mode="json"),
            "stage": after.stage,
            "lies_with": LIES_WITH[after.stage],
            "ball": after.ball,
            "must_act": after.must_act,
            "letters_owed": len(after.letters),
            "last_event_at": max(row["last_event_at"], accepted.record.recorded_at),
        }
        match accepted.body:
            case RequestClosed(results=results, closed_at=closed_at):
                row |= {"closed_at": closed_at, "outcomes": [_outcome(result) for result in results]}
            case OrderRecorded(result=result):
                row["outcomes"] = [*row["outcomes"], _outcome(result)]
        upsert(connection, REQUESTS, row, ["request_id"])


class ParkedRecords:
    """The parked topic as rows."""

    name = "console_parked"
    metadata = _PARKED
    topics = (topics.PARKED,)

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """One parked record; another delivery of it changes nothing."""
        if isinstance(accepted.body, RecordParked):
            row = accepted.body.model_dump(exclude={"original"})
            insert_once(connection, PARKED, {"id": accepted.envelope.id, **row})


def _of_a_request(subject: str) -> bool:
    return bool(subject) and not subject.startswith(SHELF)


def _unknown(accepted: Accepted) -> dict[str, Any]:
    envelope = accepted.envelope
    return {
        "request_id": envelope.subject,
        "number": "",
        "owner": envelope.owner,
        "rights": [],
        "channel": "",
        "received_at": None,
        "standing": {},
        "last_event_at": accepted.record.recorded_at,
        "closed_at": None,
        "outcomes": [],
    }


def _told_by(accepted: Accepted) -> dict[str, Any]:
    """What an event that carries the request tells of it. The number follows from the id alone."""
    request = getattr(accepted.body, "request", None)
    number = {"number": short_number(accepted.envelope.subject)}
    if not isinstance(request, Request):
        return number
    return number | {
        "owner": request.owner,
        "rights": [order.right.value for order in request.orders],
        "channel": request.channel.value,
        "received_at": request.received_at,
    }


def _outcome(result: OrderResult) -> dict[str, Any]:
    return {"right": result.right.value, "outcomes": [outcome.value for outcome in result.outcomes]}


JOURNAL = Journal()
PARKED_RECORDS = ParkedRecords()
ACTS = ActsView("console_acts")
