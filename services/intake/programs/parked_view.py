"""What clients got wrong on the bus, each client's own: the read model behind seeing it and sending it again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Text,
    delete,
    select,
    tuple_,
)

from schemas.parked import RecordParked
from schemas.request import short_number
from schemas.topics import PARKED, SUBMISSIONS
from services.intake import views
from services.intake.arrival import Arrival
from services.runtime.chain import Accepted
from services.runtime.database import Instant, create_tables, insert_once

KEPT: Final = timedelta(days=90)
"""As long as the topic keeps them."""

METADATA = MetaData()
MISTAKES = Table(
    "intake_mistakes",
    METADATA,
    Column("id", String, primary_key=True),
    Column("client", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("place", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("parked_at", Instant, nullable=False),
    Column("request_id", String, nullable=False),
    Column("original", Text, nullable=False),
    Index("intake_mistakes_by_client", "client", "parked_at", "id"),
)
"""``original`` is sealed. ``request_id`` is that of the request it becomes when it is sent again from here."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One record that was parked. ``number`` is the request's that it has become, once it was sent again."""

    id: str
    client: str
    partition: int
    offset: int
    reason: str
    place: str
    size: int
    parked_at: datetime
    request_id: str
    original: str
    number: str | None


@dataclass(frozen=True, slots=True)
class MistakesView:
    """Folds what was parked of the clients' topics."""

    name: str = "intake_mistakes"
    metadata: MetaData = METADATA
    topics: tuple[str, ...] = (PARKED,)

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """One row for each record; those that the topic keeps no longer go."""
        parked = accepted.body
        if not isinstance(parked, RecordParked) or not parked.topic.startswith(SUBMISSIONS):
            return
        client, name = parked.topic.removeprefix(SUBMISSIONS), accepted.envelope.id
        row = {
            "id": name,
            "client": client,
            "partition": parked.partition,
            "offset": parked.offset,
            "reason": parked.reason,
            "place": parked.place,
            "size": parked.size,
            "parked_at": parked.parked_at,
            "request_id": Arrival.named(client, key_of(name)),
            "original": parked.original,
        }
        insert_once(connection, MISTAKES, row)
        connection.execute(delete(MISTAKES).where(MISTAKES.c.parked_at < parked.parked_at - KEPT))


MISTAKES_VIEW = MistakesView()


@lru_cache(maxsize=4)
def database(url: str) -> Engine:
    """Intake's own database, with this table too: a client may ask before the read model has begun."""
    made = views.database(url)
    create_tables(made, METADATA)
    return made


def key_of(mistake: str) -> str:
    """The key under which a parked record is received when it is sent again: once, however often that is asked."""
    return f"parked:{mistake}"


def listed(database: Engine, client: str, after: str, limit: int) -> list[Mistake]:
    """The client's mistakes, the oldest first, from behind the one of that id."""
    chosen = _chosen().where(MISTAKES.c.client == client)
    with database.connect() as connection:
        if after:
            place = select(MISTAKES.c.parked_at, MISTAKES.c.id).where(
                MISTAKES.c.id == after, MISTAKES.c.client == client
            )
            chosen = chosen.where(tuple_(MISTAKES.c.parked_at, MISTAKES.c.id) > place.scalar_subquery())
        ordered = chosen.order_by(MISTAKES.c.parked_at, MISTAKES.c.id).limit(limit)
        return [_mistake(row) for row in connection.execute(ordered)]


def find(database: Engine, client: str, mistake: str) -> Mistake | None:
    """One of the client's mistakes; None for what is not theirs."""
    chosen = _chosen().where(MISTAKES.c.client == client, MISTAKES.c.id == mistake)
    with database.connect() as connection:
        row = connection.execute(chosen).first()
    return _mistake(row) if row is not None else None


def _chosen() -> Select[Any]:
    received = views.REQUESTS.c.request_id.label("received")
    both = MISTAKES.outerjoin(views.REQUESTS, MISTAKES.c.request_id == views.REQUESTS.c.request_id)
    return select(*MISTAKES.c, received).select_from(both)


def _mistake(row: Row[Any]) -> Mistake:
    given = {column.name: getattr(row, column.name) for column in MISTAKES.c}
    return Mistake(**given, number=short_number(row.request_id) if row.received else None)
