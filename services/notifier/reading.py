"""What the pages read: the letters that nobody took, of some owners and never of another's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, select

from schemas.notifier import SECRET, Letter
from schemas.request import Request
from services.notifier.views import LETTERS

SHOWN: Final = 200
"""At most so many are listed; the oldest first, for they have waited longest."""


@dataclass(frozen=True, slots=True)
class Stranded:
    """A letter that nobody took. ``way`` is empty until staff handed it over."""

    letter: Letter
    request: Request
    person_key: str
    stranded_at: datetime
    reason: str
    way: str
    handed_over_at: datetime | None

    @property
    def secret(self) -> bool:
        """True for a letter that proves something to whoever has it: staff may not see it (R34)."""
        return self.letter.kind in SECRET


class Queue:
    """The letters to hand over."""

    def __init__(self, database: Engine) -> None:
        self._database = database

    def listed(self, owners: Iterable[str], *, handed_over: bool) -> list[Stranded]:
        """Those that wait, oldest first; or those that were handed over, latest first."""
        known = select(LETTERS).where(LETTERS.c.owner.in_(list(owners)), LETTERS.c.stranded_at.is_not(None))
        if handed_over:
            chosen = known.where(LETTERS.c.way.is_not(None)).order_by(LETTERS.c.handed_over_at.desc())
        else:
            chosen = known.where(LETTERS.c.way.is_(None)).order_by(LETTERS.c.stranded_at)
        with self._database.connect() as connection:
            return [_stranded(row) for row in connection.execute(chosen.limit(SHOWN))]

    def one(self, owners: Iterable[str], letter_id: str) -> Stranded | None:
        """The letter of that id, if it is stranded and of one of these owners."""
        chosen = select(LETTERS).where(
            LETTERS.c.letter_id == letter_id,
            LETTERS.c.owner.in_(list(owners)),
            LETTERS.c.stranded_at.is_not(None),
        )
        with self._database.connect() as connection:
            row = connection.execute(chosen).first()
        return _stranded(row) if row is not None else None


def _stranded(row: Row[Any]) -> Stranded:
    return Stranded(
        letter=Letter.model_validate(row.letter),
        request=Request.model_validate(row.request),
        person_key=row.person_key,
        stranded_at=row.stranded_at,
        reason=row.reason,
        way=row.way or "",
        handed_over_at=row.handed_over_at,
    )
