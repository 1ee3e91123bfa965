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
    """A state, stamped by the last event folded into it. ``answered`` holds the ids of all of them: each follows from
    its cause, so a command that arrives a second time, at another offset, is known (law 1).
    """

    state: Any
    stamp: Stamp
    answered: tuple[str, ...] = ()


def fold(service: Service, before: Aggregate | None, event: Fact, stamp: Stamp) -> Aggregate:
    """The aggregate after ``event``. The live stream, recovery and every check fold through here, so they agree."""
    state, answered = (before.state, before.answered) if before else (service.initial, ())
    return Aggregate(service.evolve(state, event), stamp, (*answered, stamp.event_id))


def encode(service: Service, aggregate: Aggregate) -> bytes:
    """The aggregate as bytes: a line with stamp and answers, then the state. Equal aggregates give equal bytes."""
    stamp = aggregate.stamp
    marks = [stamp.event_id, stamp.subject, stamp.person_key, stamp.owner, stamp.correlation, stamp.trace]
    line = orjson.dumps([marks, aggregate.answered])
    return line + b"\n" + service.state.dump_json(aggregate.state)


def decode(service: Service, raw: bytes) -> Aggregate:
    """The inverse of :func:`encode`."""
    line, _, state = raw.partition(b"\n")
    marks, answered = orjson.loads(line)
    return Aggregate(service.state.validate_json(state), Stamp(*marks), tuple(answered))
