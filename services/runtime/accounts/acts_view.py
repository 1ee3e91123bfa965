"""What people did, as rows: one table in each service that shows them, folded from their log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    MetaData,
    String,
    Table,
    or_,
    select,
    tuple_,
)

from schemas import topics
from schemas.acts import Act
from schemas.base import Moment
from services.runtime.chain import Accepted
from services.runtime.database import Instant, create_tables, insert_once

PAGE: Final = 50
_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(Moment)
Row = Mapping[str, Any]


class ActsView:
    """The read model. ``name`` is also its table's, and its own among all services of one database."""

    topics = (topics.ACTS,)

    def __init__(self, name: str) -> None:
        self.name = name
        self.metadata = MetaData()
        self.table = Table(
            name,
            self.metadata,
            Column("id", String, primary_key=True),
            Column("at", Instant, nullable=False),
            Column("type", String, nullable=False),
            Column("who", String, nullable=False),
            Column("owner", String, nullable=False),
            Column("person", String, nullable=False),
            Column("request_id", String, nullable=False),
            Column("address", String, nullable=False),
            Column("data", JSON, nullable=False),
            Index(f"{name}_newest", "at", "id"),
            Index(f"{name}_by_owner", "owner", "at"),
        )

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """One more act."""
        act, envelope = accepted.body, accepted.envelope
        if not isinstance(act, Act):
            return
        row = {
            "id": envelope.id,
            "at": envelope.time,
            "type": envelope.type,
            "who": act.who,
            "owner": act.owner,
            "person": getattr(act, "person", ""),
            "request_id": getattr(act, "request_id", ""),
            "address": act.address,
            "data": act.model_dump(mode="json"),
        }
        insert_once(connection, self.table, row)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of acts; ``older`` is the mark after which the next page begins, empty on the last."""

    rows: tuple[Row, ...]
    older: str


class Acts:
    """The read model, asked. Methods block on the database."""

    def __init__(self, engine: Engine, view: ActsView) -> None:
        self._engine, self._table = engine, view.table
        create_tables(engine, view.metadata)

    def newest(self, *, owner: str = "", account: str = "", before: str = "", limit: int = PAGE) -> Shown:
        """The newest first, of one owner and about one account where they are named."""
        columns = self._table.c
        place = (columns.at, columns.id)
        conditions: list[ColumnElement[bool]] = []
        if owner:
            conditions.append(columns.owner == owner)
        if account:
            conditions.append(or_(columns.who == account, columns.person == account))
        if (after := _parse_mark(before)) is not None:
            conditions.append(tuple_(*place) < after)
        query = select(self._table).where(*conditions).order_by(*(column.desc() for column in place)).limit(limit + 1)
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        last = rows[limit - 1] if len(rows) > limit else None
        return Shown(tuple(rows[:limit]), f"{last['at'].isoformat()}~{last['id']}" if last else "")


def _parse_mark(text: str) -> tuple[datetime, str] | None:
    moment, tilde, name = text.partition("~")
    try:
        return (_MOMENT.validate_python(moment), name) if tilde else None
    except ValidationError:
        return None
