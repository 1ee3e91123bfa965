"""Which records of one partition a read model accepts: by the chain, from where its rows stand."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from schemas.envelope import MAX_PARKED_BYTES, MAX_RECORD_BYTES, Malformed, parse
from schemas.topics import BY_NAME, PARKED
from services.runtime.chain import Accepted, Record, decode, follows
from services.runtime.positions import Cursor

Park = Callable[[Record, str, str], None]
"""Told of a record that cannot be handled, with the reason's code and the place in it; returns when it is on record.
It may be told of the same record again after a crash."""


class Lost(Exception):  # noqa: N818 — it names what became of the log
    """The log is not the one that the rows were made from: they must be made anew."""


class OutOfStep(Exception):  # noqa: N818 — it names the reader's state
    """What is read, or what another replica wrote, does not continue what was read here: begin again from the rows."""


def is_log(topic: str) -> bool:
    """True for a topic whose records are chained, and kept for ever."""
    return topic in BY_NAME and BY_NAME[topic].is_log


class Track:
    """One partition of one topic, as a view reads it from where its rows stand."""

    def __init__(self, topic: str, cursor: Cursor) -> None:
        self.cursor = cursor
        self._chained = is_log(topic)
        self._limit = MAX_PARKED_BYTES if topic == PARKED else MAX_RECORD_BYTES
        self._reported = cursor.offset
        self._proved = cursor.head_at < 0
        self._seen = -1

    def check(self, first: int, end: int) -> None:
        """Raises :class:`Lost` if the partition, holding offsets ``first`` to below ``end``, lacks what was read."""
        if self.cursor.head_at >= end or (self._chained and self.cursor.head_at >= 0 and first > self.cursor.head_at):
            raise Lost

    def take(self, record: Record, park: Park) -> Accepted | None:
        """The record if it is accepted, else None; the cursor moves past it either way.

        Raises :class:`Lost`, and :class:`OutOfStep` for offsets that run backwards.
        """
        if record.offset <= self._seen:
            raise OutOfStep
        self._seen = record.offset
        if not self._proved and not self._proves(record):
            return None
        try:
            envelope = follows(record.value, self.cursor.head) if self._chained else parse(record.value, self._limit)
        except Malformed as error:
            if record.offset > self._reported:
                park(record, error.code, error.place)
            envelope = None
        if envelope is None:
            self.cursor = replace(self.cursor, offset=max(self.cursor.offset, record.offset))
            return None
        head = envelope.hash if self._chained else _digest(record)
        self.cursor = Cursor(max(self.cursor.offset, record.offset), head, record.offset)
        try:
            return Accepted(record, envelope, decode(envelope))
        except Malformed as error:
            park(record, error.code, error.place)
            return Accepted(record, envelope, None)

    def _proves(self, record: Record) -> bool:
        """True if this record is past what was read. At the head itself, the log must be the one that was read."""
        if record.offset < self.cursor.head_at:
            return False
        self._proved = True
        if record.offset > self.cursor.head_at:
            if self._chained:
                raise Lost
            return True
        if not self._is_head(record):
            raise Lost
        return False

    def _is_head(self, record: Record) -> bool:
        if not self._chained:
            return _digest(record) == self.cursor.head
        try:
            return parse(record.value).hash == self.cursor.head
        except Malformed:
            return False


def _digest(record: Record) -> str:
    return sha256(record.value or b"").hexdigest()
