"""The letters that nobody took, for staff to hand over: folded from the notifier's log, everything personal sealed."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, Connection, Index, MetaData, String, Table, delete, update

from schemas import topics
from schemas.notifier import LetterHandedOver, LetterSent, LettersOrdered, LetterUndeliverable
from schemas.verifier import DataForgotten
from services.runtime.chain import Accepted
from services.runtime.database import Instant, insert_once

MOOT: Final = frozenset({"forgotten"})
"""Reasons after which there is nobody left to reach: the request ended, and its personal data is destroyed."""

METADATA = MetaData()
LETTERS = Table(
    "notifier_letters",
    METADATA,
    Column("letter_id", String, primary_key=True),
    Column("request_id", String, nullable=False, index=True),
    Column("owner", String, nullable=False),
    Column("person_key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("letter", JSON, nullable=False),
    Column("request", JSON, nullable=False),
    Column("ordered_at", Instant, nullable=False),
    Column("stranded_at", Instant),
    Column("reason", String),
    Column("handed_over_at", Instant),
    Column("way", String),
    Column("by", String),
    Index("notifier_letters_by_owner", "owner", "stranded_at"),
)
"""A letter is here from its order until it is sent. ``letter`` and ``request`` keep what is sealed as it is."""


class LettersView:
    """Which letters are open, which are stranded, and which staff handed over."""

    name = "notifier"
    metadata = METADATA
    topics = (topics.events("notifier"), topics.events("verifier"))

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """Folds one event. What is forgotten goes, whichever of the two logs told of it first."""
        at = accepted.envelope.time
        match accepted.body:
            case LettersOrdered() as ordered:
                for row in _rows(accepted, ordered, at):
                    insert_once(connection, LETTERS, row)
            case LetterSent(letter_id=letter_id):
                connection.execute(delete(LETTERS).where(LETTERS.c.letter_id == letter_id))
            case LetterUndeliverable(letter_id=letter_id, reason=reason) if reason in MOOT:
                connection.execute(delete(LETTERS).where(LETTERS.c.letter_id == letter_id))
            case LetterUndeliverable(letter_id=letter_id, reason=reason):
                _change(connection, letter_id, stranded_at=at, reason=reason)
            case LetterHandedOver(letter_id=letter_id, way=way, by=by):
                _change(connection, letter_id, handed_over_at=at, way=way.value, by=by)
            case DataForgotten(purposes=purposes) if "fulfilment" in purposes:
                connection.execute(delete(LETTERS).where(LETTERS.c.request_id == accepted.envelope.subject))
            case _:
                pass


STRANDED: Final = LettersView()


def _rows(accepted: Accepted, ordered: LettersOrdered, at: datetime) -> list[dict[str, Any]]:
    request = ordered.request.model_dump(mode="json")
    return [
        {
            "letter_id": letter.id,
            "request_id": ordered.request.id,
            "owner": ordered.request.owner,
            "person_key": accepted.envelope.partitionkey,
            "kind": letter.kind.value,
            "letter": letter.model_dump(mode="json"),
            "request": request,
            "ordered_at": at,
        }
        for letter in ordered.letters
    ]


def _change(connection: Connection, letter_id: str, **values: Any) -> None:
    connection.execute(update(LETTERS).where(LETTERS.c.letter_id == letter_id).values(**values))
