"""The text messages the demo's gateway has taken: one row each, the same key is the same message."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert, select

from infra.demo.store import Store

_METADATA = MetaData()
_TEXTS = Table(
    "texts",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("sid", String, nullable=False),
    Column("key", String, unique=True),
    Column("to", String, nullable=False, index=True),
    Column("from", String, nullable=False),
    Column("body", String, nullable=False),
    Column("date", String, nullable=False),
    sqlite_autoincrement=True,
)

Text = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Texts:
    store: Store

    @classmethod
    def open(cls, store: Store) -> "Texts":
        with store.writing() as connection:
            _METADATA.create_all(connection)
        return cls(store)

    def take(self, sender: str, to: str, body: str, key: str | None) -> Text:
        """The message; the earlier one where the key has come before."""
        with self.store.writing() as connection:
            if key is not None:
                before = connection.execute(select(_TEXTS).where(_TEXTS.c.key == key)).mappings().first()
                if before is not None:
                    return dict(before)
            message = {
                "sid": f"SM{secrets.token_hex(16)}", "key": key, "to": to, "from": sender, "body": body,
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
            }  # fmt: skip
            connection.execute(insert(_TEXTS), message)
            return message

    def after(self, after_id: int, to: str | None, limit: int) -> list[Text]:
        """The messages that came after this one, oldest first."""
        return self._select(select(_TEXTS).where(_TEXTS.c.id > after_id).order_by(_TEXTS.c.id).limit(limit), to)

    def newest(self, to: str | None, limit: int) -> list[Text]:
        return self._select(select(_TEXTS).order_by(_TEXTS.c.id.desc()).limit(limit), to)

    def clear(self) -> int:
        with self.store.writing() as connection:
            gone = connection.execute(delete(_TEXTS)).rowcount
        self.store.sweep()
        return gone

    def _select(self, query: Any, to: str | None) -> list[Text]:
        chosen = query if to is None else query.where(_TEXTS.c.to == to)
        with self.store.reading() as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]
