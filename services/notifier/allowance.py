"""How much one address may get in a day from people who have proved nothing: counted where letters leave (R27)."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy import Column, Engine, Index, MetaData, String, Table, delete, func, select

from schemas.notifier import LetterKind
from services.notifier.refusal import Refused
from services.runtime.database import Instant, create_tables, engine, insert_once, writing

WINDOW: Final = timedelta(days=1)

COUNTED: Final = frozenset(
    {
        LetterKind.RECEIPT,
        LetterKind.OPT_OUT_RECEIPT,
        LetterKind.VERIFICATION,
        LetterKind.REMINDER,
        LetterKind.CODE,
        LetterKind.EVIDENCE_NEEDED,
        LetterKind.AGENT_RECEIPT,
        LetterKind.AGENT_CONFIRMATION,
    }
)
"""Letters that anybody can cause by typing in somebody's address. What follows upon proof or decision is never held."""

METADATA = MetaData()
SENT = Table(
    "notifier_letters_to_addresses",
    METADATA,
    Column("letter_id", String, primary_key=True),
    Column("address", String, nullable=False),
    Column("at", Instant, nullable=False),
    Index("notifier_letters_to_addresses_by_address", "address", "at"),
    Index("notifier_letters_to_addresses_by_age", "at"),
)
"""``address`` is a keyed digest. Rows live for a day."""


class TooMany(Refused):
    """The address has had its share for now. The letter waits until the oldest of them is a day old."""


class Allowance:
    """One count for all owners and all replicas on the same database."""

    def __init__(self, database: Engine, at_most: int) -> None:
        self._database, self._at_most = database, at_most
        create_tables(database, METADATA)

    def take(self, letter_id: str, address: str, now: datetime) -> None:
        """Counts the letter once, however often it is tried. Raises :class:`TooMany`, and then does not count it."""
        since = now - WINDOW
        with writing(self._database) as connection:
            connection.execute(delete(SENT).where(SENT.c.at <= since))
            if connection.scalar(select(SENT.c.at).where(SENT.c.letter_id == letter_id)) is not None:
                return
            had = select(func.count(), func.min(SENT.c.at)).where(SENT.c.address == address)
            count, oldest = connection.execute(had).one()
            if count >= self._at_most:
                raise TooMany("too-many-letters", permanent=False, retry_at=oldest + WINDOW)
            insert_once(connection, SENT, {"letter_id": letter_id, "address": address, "at": now})


@lru_cache(maxsize=8)
def allowance(database_url: str, at_most: int) -> Allowance:
    """The allowance kept in this database."""
    return Allowance(engine(database_url), at_most)
