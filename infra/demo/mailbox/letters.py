"""The letters the mailbox has taken, one row for each recipient; the same Message-ID twice is two letters."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Integer, MetaData, String, Table, delete, func, insert, select

from infra.demo.store import Store

_METADATA = MetaData()
_LETTERS = Table(
    "letters",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("to", String(collation="NOCASE"), nullable=False, index=True),
    Column("from", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("date", String, nullable=False),
    Column("text", String, nullable=False),
    Column("html", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("headers", JSON, nullable=False),
    sqlite_autoincrement=True,  # an id is never given twice, so `after_id` stays true after everything was deleted
)

Letter = dict[str, Any]


@dataclass(slots=True)
class Letters:
    """All letters, and whoever waits for one to an address (``None``: to anybody)."""

    store: Store
    waiting: dict[str | None, asyncio.Event] = field(default_factory=dict)

    @classmethod
    def open(cls, home: Path) -> "Letters":
        store = Store(home / "mailbox.db")
        with store.writing() as connection:
            _METADATA.create_all(connection)
        return cls(store)

    def take(self, sender: str, recipients: Sequence[str], content: bytes) -> None:
        found = _read(content)
        with self.store.writing() as connection:
            connection.execute(insert(_LETTERS), [found | {"from": sender, "to": to} for to in recipients])

    def coming(self, to: str | None) -> asyncio.Event:
        """Set when the next letter to this address has been taken."""
        return self.waiting.setdefault(to and to.lower(), asyncio.Event())

    def ring(self, recipients: Sequence[str]) -> None:
        """Wakes everybody who waits for a letter to one of these. On the event loop."""
        for to in (None, *(recipient.lower() for recipient in recipients)):
            if to in self.waiting:
                self.waiting.pop(to).set()

    def after(self, after_id: int, to: str | None, limit: int) -> list[Letter]:
        """The letters that came after this one, oldest first."""
        return self._select(select(_LETTERS).where(_LETTERS.c.id > after_id).order_by(_LETTERS.c.id).limit(limit), to)

    def newest(self, to: str | None, limit: int) -> list[Letter]:
        return self._select(select(_LETTERS).order_by(_LETTERS.c.id.desc()).limit(limit), to)

    def one(self, letter_id: int) -> Letter | None:
        found = self._select(select(_LETTERS).where(_LETTERS.c.id == letter_id), None)
        return found[0] if found else None

    def count(self) -> int:
        with self.store.reading() as connection:
            return connection.execute(select(func.count()).select_from(_LETTERS)).scalar_one()

    def clear(self) -> int:
        with self.store.writing() as connection:
            gone = connection.execute(delete(_LETTERS)).rowcount
        self.store.sweep()
        return gone

    def _select(self, query: Any, to: str | None) -> list[Letter]:
        chosen = query if to is None else query.where(_LETTERS.c.to == to)
        with self.store.reading() as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]


def _read(content: bytes) -> Letter:
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(content)
    return {
        "subject": str(message.get("Subject", "")),
        "date": _iso(str(message.get("Date", ""))),
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
        "message_id": str(message.get("Message-ID", "")),
        "headers": {name: ", ".join(map(str, message.get_all(name, []))) for name in message},
    }


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _iso(date: str) -> str:
    try:
        return parsedate_to_datetime(date).isoformat()
    except ValueError:
        return date
