"""The tickets and their comments; and which calls to Habeas are still to be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Integer, MetaData, String, Table, insert, select, update

from infra.demo.store import Store

_METADATA = MetaData()
_TICKETS = Table(
    "tickets",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("subject", String, nullable=False),
    Column("description", String, nullable=False),
    Column("requester", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("status", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("told", String, nullable=False),
    sqlite_autoincrement=True,
)
"""``told`` is what Habeas answered to the call about the ticket; empty until it has answered."""

_COMMENTS = Table(
    "comments",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("ticket_id", Integer, nullable=False, index=True),
    Column("body", String, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("created_at", String, nullable=False),
)

Ticket = dict[str, Any]
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")


@dataclass(frozen=True, slots=True)
class Tickets:
    store: Store

    @classmethod
    def open(cls, home: Path) -> "Tickets":
        store = Store(home / "helpdesk.db")
        with store.writing() as connection:
            _METADATA.create_all(connection)
        return cls(store)

    def make(self, subject: str, description: str, requester: dict[str, str], tags: Sequence[str]) -> Ticket:
        row = {
            "subject": subject, "description": description, "requester": requester, "tags": list(tags),
            "status": "new", "created_at": _now(), "told": "",
        }  # fmt: skip
        with self.store.writing() as connection:
            made = connection.execute(insert(_TICKETS).values(row)).inserted_primary_key
        assert made is not None
        return {"id": int(made[0]), **row}

    def one(self, ticket_id: int) -> Ticket | None:
        with self.store.reading() as connection:
            return _one(connection, ticket_id)

    def newest(self, limit: int) -> list[Ticket]:
        return self._select(select(_TICKETS).order_by(_TICKETS.c.id.desc()).limit(limit))

    def untold(self) -> list[Ticket]:
        """The tickets Habeas has not answered for yet, oldest first."""
        return self._select(select(_TICKETS).where(_TICKETS.c.told == "").order_by(_TICKETS.c.id))

    def told(self, ticket_id: int, answer: str) -> None:
        with self.store.writing() as connection:
            connection.execute(update(_TICKETS).where(_TICKETS.c.id == ticket_id).values(told=answer))

    def comments(self, ticket_id: int) -> list[Ticket]:
        """Oldest first."""
        return self._select(select(_COMMENTS).where(_COMMENTS.c.ticket_id == ticket_id).order_by(_COMMENTS.c.id))

    def change(self, ticket_id: int, status: str | None, body: str | None, public: bool) -> Ticket | None:
        """The ticket after it; None if there is none. What is closed stays as it is."""
        with self.store.writing() as connection:
            found = _one(connection, ticket_id)
            if found is None or found["status"] == "closed":
                return found
            if body is not None:
                comment = {"ticket_id": ticket_id, "body": body, "public": public, "created_at": _now()}
                connection.execute(insert(_COMMENTS).values(comment))
            status = status or ("open" if found["status"] == "new" else found["status"])
            connection.execute(update(_TICKETS).where(_TICKETS.c.id == ticket_id).values(status=status))
            return {**found, "status": status}

    def count(self) -> int:
        return len(self._select(select(_TICKETS.c.id)))

    def _select(self, query: Any) -> list[Ticket]:
        with self.store.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _one(connection: Connection, ticket_id: int) -> Ticket | None:
    row = connection.execute(select(_TICKETS).where(_TICKETS.c.id == ticket_id)).mappings().first()
    return dict(row) if row is not None else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
