"""Every opening of personal data, written down before anybody sees what was opened."""

from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import Column, Engine, Integer, String, Table, select, tuple_

from services.runtime.database import Instant, writing
from services.runtime.vault_keys import KEYS, VAULT, Forgotten

OPENINGS = Table(
    "vault_openings",
    VAULT,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("opened_at", Instant, nullable=False),
    Column("service", String, nullable=False),
    Column("by", String, nullable=False),
    Column("why", String, nullable=False),
    Column("request_id", String, nullable=False, index=True),
    Column("purpose", String, nullable=False),
    Column("field", String, nullable=False),
)
"""Who opened what, when and why. No value is in it; ``by`` is an account or a service, ``why`` a code."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """An opening that somebody is about to see the contents of; ``error`` is why they may not."""

    row: dict[str, Any]
    done: bool = False
    error: BaseException | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.row["request_id"], self.row["purpose"]


class Openings:
    """The book of openings. What several threads open at the same time is written in one transaction. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[_Waiting] = []
        self._lock, self._turn = Lock(), Lock()

    def record(self, row: dict[str, Any]) -> None:
        """Returns once the opening is on disk. Raises :class:`Forgotten`, and writes nothing, without a living key."""
        mine = _Waiting(row)
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            if not mine.done:
                self._write_all()
        if mine.error is not None:
            raise mine.error

    def _write_all(self) -> None:
        with self._lock:
            together, self._waiting = self._waiting, []
        try:
            with writing(self._engine) as connection:
                named = tuple_(KEYS.c.request_id, KEYS.c.purpose).in_({each.key for each in together})
                found = connection.execute(
                    select(KEYS.c.request_id, KEYS.c.purpose).where(named, KEYS.c.wrapped.is_not(None))
                )
                alive = {(request_id, purpose) for request_id, purpose in found}
                rows = [each.row for each in together if each.key in alive]
                if rows:
                    connection.execute(OPENINGS.insert(), rows)
        except BaseException as error:
            for each in together:
                each.error = error
            raise
        else:
            for each in together:
                each.error = None if each.key in alive else Forgotten("no such key")
        finally:
            for each in together:
                each.done = True
