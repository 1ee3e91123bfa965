"""What intake's pages and doors look up: the requests received, and which content each key stands for."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, select

from schemas import topics
from schemas.intake import RequestReceived
from services.runtime.chain import Accepted
from services.runtime.database import Instant, create_tables, engine, insert_all_once, upsert_all, writing
from services.runtime.floor import Floor

PATIENCE: Final = 2.0
"""Seconds a page waits for the read model to show what a door has just sent."""

METADATA = MetaData()
REQUESTS = Table(
    "intake_requests",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("client", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("number", String, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("digest", String, nullable=False),
)
KEYS = Table(
    "intake_keys",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("received_at", Instant, nullable=False),
)
"""The doors' ledger. A door enters a key before it sends anything; the log enters every key that got through."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request that is in the log."""

    request_id: str
    owner: str
    number: str
    received_at: datetime
    client: str


@dataclass(frozen=True, slots=True)
class Key:
    """What a door enters before it sends anything: the request, its content, and when it came."""

    request_id: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands under a key: the content, when it first came, and whether it is in the log already."""

    digest: str
    at: datetime
    logged: bool


@dataclass(frozen=True, slots=True)
class ReceivedView:
    """Folds intake's own log. Where the log and a door disagree about a key, the log is right."""

    name: str = "intake"
    metadata: MetaData = METADATA
    topics: tuple[str, ...] = (topics.events("intake"),)

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """One row per request received."""
        self.apply_all(connection, (accepted,))

    def apply_all(self, connection: Connection, accepted: Sequence[Accepted]) -> None:
        """The same for many."""
        bodies = [one.body for one in accepted if isinstance(one.body, RequestReceived)]
        insert_all_once(connection, REQUESTS, [_row(body) for body in bodies])
        keys = [
            {"request_id": body.request.id, "digest": body.digest, "received_at": body.request.received_at}
            for body in bodies
        ]
        upsert_all(connection, KEYS, keys, ["request_id"])


def _row(received: RequestReceived) -> dict[str, Any]:
    request = received.request
    return {
        "request_id": request.id,
        "owner": request.owner,
        "client": request.client,
        "channel": request.channel.value,
        "number": request.number,
        "received_at": request.received_at,
        "digest": received.digest,
    }


RECEIVED = ReceivedView()


@lru_cache(maxsize=4)
def database(url: str) -> Engine:
    """Intake's own database, with its tables: a door may be used before the read model has begun."""
    made = engine(url)
    create_tables(made, METADATA)
    return made


def enter_keys(ledger: Engine, keys: Sequence[Key]) -> list[Standing]:
    """Enters what each key stands for, once, all in one transaction. What stands under each: another digest means that
    the key is taken.
    """
    with writing(ledger) as connection:
        rows = [{"request_id": key.request_id, "digest": key.digest, "received_at": key.at} for key in keys]
        if insert_all_once(connection, KEYS, rows) == len(rows):
            return [Standing(key.digest, key.at, False) for key in keys]
        stands = dict(_under(connection, keys))
    return [stands[key.request_id] for key in keys]


def _under(connection: Connection, keys: Sequence[Key]) -> Iterator[tuple[str, Standing]]:
    columns = (KEYS.c.request_id, KEYS.c.digest, KEYS.c.received_at, REQUESTS.c.request_id.label("logged"))
    both = KEYS.outerjoin(REQUESTS, KEYS.c.request_id == REQUESTS.c.request_id)
    names = sorted({key.request_id for key in keys})
    for row in connection.execute(select(*columns).select_from(both).where(KEYS.c.request_id.in_(names))):
        yield row.request_id, Standing(row.digest, row.received_at, row.logged is not None)


def is_entered(ledger: Engine, request_id: str) -> bool:
    """True if a door has seen this request, whether or not it is in the log yet."""
    with ledger.connect() as connection:
        row = connection.execute(select(KEYS.c.request_id).where(KEYS.c.request_id == request_id)).first()
        return row is not None


def find(ledger: Engine, request_id: str) -> Received | None:
    """The request, if the log has it and the read model has got that far."""
    columns = (REQUESTS.c.request_id, REQUESTS.c.owner, REQUESTS.c.number, REQUESTS.c.received_at, REQUESTS.c.client)
    with ledger.connect() as connection:
        row = connection.execute(select(*columns).where(REQUESTS.c.request_id == request_id)).first()
    return Received(*row) if row is not None else None


async def awaited(floor: Floor, request_id: str, cause_id: str) -> Received | bool:
    """The request; else whether a door has seen it. One that a door has seen is waited for a little while."""
    ledger = database(floor.settings.database_of("intake"))
    waiter = floor.views.expect(cause_id)
    received = await asyncio.to_thread(find, ledger, request_id)
    if received is not None or not await asyncio.to_thread(is_entered, ledger, request_id):
        return received or False
    await waiter.wait(PATIENCE)
    return await asyncio.to_thread(find, ledger, request_id) or True
