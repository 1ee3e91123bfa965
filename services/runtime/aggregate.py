"""An aggregate as it is kept: its state, and what the floor must remember beside it."""

from dataclasses import dataclass
from typing import Any

import orjson

from schemas.base import Fact
from services.runtime.service import Service


@dataclass(frozen=True, slots=True)
class Stamp:
    """The attributes of an event that outlive it: they mark what the aggregate does next."""

    event_id: str
    subject: str
    person_key: str
    owner: str
    correlation: str
    trace: str


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A state, stamped by the last event folded into it."""

    state: Any
    stamp: Stamp


def fold(service: Service, before: Aggregate | None, event: Fact, stamp: Stamp) -> Aggregate:
    """The aggregate after ``event``. The live stream, recovery and every check fold through here, so they agree."""
    return Aggregate(service.evolve(before.state if before else service.initial, event), stamp)


def encode(service: Service, aggregate: Aggregate) -> bytes:
    """The aggregate as bytes: a line with the stamp, then the state. Equal aggregates give equal bytes."""
    stamp = aggregate.stamp
    line = orjson.dumps([stamp.event_id, stamp.subject, stamp.person_key, stamp.owner, stamp.correlation, stamp.trace])
    return line + b"\n" + service.state.dump_json(aggregate.state)


def decode(service: Service, raw: bytes) -> Aggregate:
    """The inverse of :func:`encode`."""
    line, _, state = raw.partition(b"\n")
    return Aggregate(service.state.validate_json(state), Stamp(*orjson.loads(line)))
