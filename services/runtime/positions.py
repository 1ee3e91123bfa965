"""How far each read model has read: kept in the same database as its rows, and moved in the same transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    delete,
    select,
    tuple_,
)
from sqlalchemy.schema import CreateTable

from services.runtime.database import insert_once

Place = tuple[str, int]
"""A topic and one of its partitions."""

POSITIONS = Table(
    "read_positions",
    MetaData(),
    Column("view", String, primary_key=True),
    Column("topic", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("shape", String, nullable=False),
    Column("read_to", Integer, nullable=False),
    Column("head", String, nullable=False),
    Column("head_at", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a partition was read: the last offset, and the last accepted record's hash and offset; -1 is nothing yet.

    Reading starts again at ``head_at``: what follows it was void and is void again, and the record there proves that
    the log is still the one that was read.
    """

    offset: int = -1
    head: str = ""
    head_at: int = -1


def shape_of(metadata: MetaData, dialect: Dialect) -> str:
    """A digest of the tables' definitions: rows made for other tables are of no use, and are made anew."""
    tables = "\n".join(str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables)
    return sha256(tables.encode()).hexdigest()[:16]


def begin(connection: Connection, view: str, shape: str, places: Iterable[Place]) -> None:
    """Make sure that every place has a row, at nothing read where it is new."""
    for topic, partition in sorted(places):
        row = {"view": view, "topic": topic, "partition": partition, "shape": shape}
        insert_once(connection, POSITIONS, {**row, "read_to": -1, "head": "", "head_at": -1})


def shapes(connection: Connection, view: str) -> set[str]:
    """The shapes of the tables that the view's positions speak of: one, or none before it was ever read."""
    return set(connection.execute(select(POSITIONS.c.shape).where(POSITIONS.c.view == view)).scalars())


def locked(connection: Connection, view: str, places: Iterable[Place]) -> dict[Place, Cursor]:
    """The positions as they are now, held against other replicas until the transaction ends."""
    columns = (POSITIONS.c.topic, POSITIONS.c.partition)
    rows = connection.execute(
        select(*columns, POSITIONS.c.read_to, POSITIONS.c.head, POSITIONS.c.head_at)
        .where(POSITIONS.c.view == view, tuple_(*columns).in_(sorted(places)))
        .order_by(*columns)
        .with_for_update()
    )
    return {(topic, partition): Cursor(offset, head, at) for topic, partition, offset, head, at in rows}


def move(connection: Connection, view: str, cursors: Mapping[Place, Cursor]) -> None:
    """Write the new positions over the old ones."""
    for (topic, partition), cursor in sorted(cursors.items()):
        there: ColumnElement[bool] = and_(
            POSITIONS.c.view == view, POSITIONS.c.topic == topic, POSITIONS.c.partition == partition
        )
        moved = {"read_to": cursor.offset, "head": cursor.head, "head_at": cursor.head_at}
        connection.execute(POSITIONS.update().where(there).values(moved))


def forget(connection: Connection, view: str) -> None:
    """As if the view had never read anything."""
    connection.execute(delete(POSITIONS).where(POSITIONS.c.view == view))
