"""Where each request stands, for whoever is asked about it on the telephone: folded from the logs, person by pseudonym.

What only the log of another service knows comes from there; nothing is decided by it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import JSON, Boolean, Column, Connection, Engine, Index, Integer, MetaData, String, Table, select

from schemas import router, topics, verifier
from schemas.base import Fact
from schemas.intake import RequestReceived
from services.runtime.chain import Accepted
from services.runtime.database import Instant, create_tables, engine, insert_once, upsert
from services.runtime.floor import Floor

RECEIVED: Final = "received"
CLOSED: Final = "closed"

METADATA = MetaData()
REQUESTS = Table(
    "desk_requests",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("number", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("person", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("rights", JSON, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("entered_by", String, nullable=False),
    Column("agent", Boolean, nullable=False),
    Column("by_mail", Boolean, nullable=False),
    Column("linked", JSON, nullable=False),
    Index("desk_requests_by_number", "number"),
)
STATES = Table(
    "desk_states",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("until", String, nullable=False),
)
"""A row of its own: two logs have no order between them, and either may be read before intake's."""

SAID: Final[Mapping[type[Fact], tuple[str, int]]] = {
    verifier.ChallengeIssued: ("confirming", 1),
    verifier.EvidenceTaken: ("comparing", 2),
    verifier.EvidenceNeeded: ("proving", 2),
    verifier.IdentityVerified: ("verified", 3),
    verifier.VerificationFailed: ("unverified", 4),
    verifier.VerificationExpired: ("expired", 4),
    router.RequestRouted: ("deciding", 5),
    router.InstructionReturned: ("deciding", 5),
    router.OwnerInstructed: ("executing", 6),
    router.RequestClosed: (CLOSED, 7),
}
"""What was said last → the state it means, and its rank: a state is never followed by one of a lower rank."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A request as the desk knows it. ``until`` is the day its state should be left by, where there is one."""

    request_id: str
    number: str
    owner: str
    person: str
    channel: str
    rights: tuple[str, ...]
    received_at: datetime
    entered_by: str
    agent: bool
    by_mail: bool
    linked: tuple[str, ...]
    state: str = RECEIVED
    since: datetime | None = None
    until: str = ""


@dataclass(frozen=True, slots=True)
class FollowedView:
    """Folds intake's log, the verifier's and the router's."""

    name: str = "desk"
    metadata: MetaData = METADATA
    topics: tuple[str, ...] = (topics.events("intake"), topics.events("verifier"), topics.events("router"))

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """One row per request received, and one for its latest state."""
        body = accepted.body
        if isinstance(body, RequestReceived):
            insert_once(connection, REQUESTS, _row(body))
        elif body is not None and type(body) in SAID:
            _move(connection, accepted, body)


FOLLOWED = FollowedView()


@lru_cache(maxsize=4)
def database(url: str) -> Engine:
    """Intake's own database, with the desk's tables."""
    made = engine(url)
    create_tables(made, METADATA)
    return made


async def by_id(floor: Floor, request_id: str) -> Followed | None:
    """The request, if the read model has got that far."""
    found = await asyncio.to_thread(_found, floor, REQUESTS.c.request_id == request_id)
    return found[0] if found else None


async def by_number(floor: Floor, number: str) -> list[Followed]:
    """The requests of that number: almost always one, since a number is 40 bits of an id."""
    return await asyncio.to_thread(_found, floor, REQUESTS.c.number == number)


def _found(floor: Floor, condition: Any) -> list[Followed]:
    states = (STATES.c.state, STATES.c.at, STATES.c.until)
    query = select(REQUESTS, *states).outerjoin(STATES, STATES.c.request_id == REQUESTS.c.request_id).where(condition)
    with database(floor.settings.database_of("intake")).connect() as connection:
        return [_followed(dict(row)) for row in connection.execute(query).mappings()]


def _followed(row: dict[str, Any]) -> Followed:
    since = row.pop("at")
    told = {"state": row["state"] or RECEIVED, "until": row["until"] or ""}
    many = {name: tuple(row[name]) for name in ("rights", "linked")}
    return Followed(**{**row, **told, **many, "since": since})


def _row(body: RequestReceived) -> dict[str, Any]:
    request = body.request
    return {
        "request_id": request.id,
        "number": request.number,
        "owner": request.owner,
        "person": request.person,
        "channel": request.channel.value,
        "rights": [order.right.value for order in request.orders],
        "received_at": request.received_at,
        "entered_by": request.entered_by,
        "agent": request.agent is not None,
        "by_mail": request.by_mail,
        "linked": list(request.linked),
    }


def _move(connection: Connection, accepted: Accepted, body: Fact) -> None:
    (state, rank), request_id = SAID[type(body)], accepted.envelope.subject
    stands = connection.execute(select(STATES.c.rank).where(STATES.c.request_id == request_id)).scalar_one_or_none()
    if stands is not None and stands > rank:
        return
    row = {"request_id": request_id, "state": state, "rank": rank, "at": accepted.envelope.time, "until": _until(body)}
    upsert(connection, STATES, row, ["request_id"])


def _until(body: Fact) -> str:
    """An ISO moment or day."""
    match body:
        case verifier.ChallengeIssued(expires_at=moment) | verifier.EvidenceNeeded(expires_at=moment):
            return moment.isoformat()
        case router.RequestRouted(legal_due=day):
            return day.isoformat()
        case _:
            return ""
