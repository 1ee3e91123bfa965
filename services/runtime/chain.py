"""The one rule by which every reader accepts a log's records (law 3)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from schemas.base import Fact
from schemas.envelope import Envelope, Malformed, first_place, hash_holds, parse
from schemas.topics import TYPES

Body = TypeVar("Body", bound=Fact)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as Kafka hands it over, with the time the broker or its producer stamped on it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    recorded_at: datetime
    headers: tuple[tuple[str, bytes], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that belongs to its chain, decoded. ``body`` is None on a read line and on a type not asked for."""

    record: Record
    envelope: Envelope
    body: Fact | None


def follows(raw: bytes | None, head: str) -> Envelope | None:
    """The envelope if its parent is ``head`` and its hash is right; None if it is void.

    A void record is a repeat, or the work of a worker that had lost its partition: it is told in a metric, no more.
    Raises :class:`Malformed` for what no service of ours can have written, void too and worth parking: bytes that are
    no envelope, a type nobody knows, and a record whose hash is missing or wrong (``unsealed``).
    """
    envelope = parse(raw)
    assert raw is not None
    if not hash_holds(raw, envelope.hash):
        if not envelope.is_read_line:
            _model_of(envelope)
        raise Malformed("unsealed", "hash")
    return envelope if envelope.parent == head else None


def _model_of(envelope: Envelope) -> type[Fact]:
    """What the envelope's type decodes to. Raises :class:`Malformed` for a type or version nobody knows."""
    model = TYPES.get(envelope.type)
    if model is None:
        stem = envelope.type.rpartition(".v")[0]
        known = stem and any(tag.rpartition(".v")[0] == stem for tag in TYPES)
        raise Malformed("unknown-version" if known else "unknown-type", "type")
    return model


def decode(envelope: Envelope, wanted: frozenset[str] | None = None) -> Fact | None:
    """What the envelope carries; None for a read line and for a known type outside ``wanted``.

    Raises :class:`Malformed`: ``unknown-type`` for a tag no release of the contract knows, ``unknown-version`` for a
    known one in another version, ``bad-data`` with the field's name for data that does not fit its type.
    """
    if envelope.is_read_line:
        return None
    model = _model_of(envelope)
    if wanted is not None and envelope.type not in wanted:
        return None
    try:
        return model.model_validate(envelope.data)
    except ValidationError as error:
        raise Malformed("bad-data", f"data.{first_place(error)}") from None
