"""Lays out the living map: doors, the five services, the logs between them; once for a desk and once for a phone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from schemas import topics
from schemas.intake import SubmitRequest
from schemas.router import InstructRequest
from schemas.topics import SERVICES
from schemas.verifier import SubmitEvidence, SubmitProof
from services.console.told import MEANING
from services.console.trouble import Trouble
from services.console.vitals import Vitals
from services.console.words import count, waited

BEHIND: Final = 5.0
"""Seconds from which what waits is worth a word."""

EVENTS, SENT, EFFECTS = "habeas_events_total", "habeas_sent_total", "habeas_effects_total"

DOORS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "intake": ("people ask", SENT, (SubmitRequest.TYPE,)),
    "verifier": ("people prove", SENT, (SubmitProof.TYPE, SubmitEvidence.TYPE)),
    "router": ("owners decide", SENT, (InstructRequest.TYPE,)),
    "executor": ("products are asked", EFFECTS, ()),
    "notifier": ("letters leave", EFFECTS, ()),
}
"""Service → what comes in there or goes out, and the samples that count it."""

PIPES: Final = tuple(
    (writer, reader)
    for reader in SERVICES
    for writer in SERVICES
    if writer != reader and reader in topics.BY_NAME[topics.events(writer)].readers
)
"""Who reads whose log: the map follows the contract."""


@dataclass(frozen=True, slots=True)
class Station:
    """A service on the map. ``kind`` is a mark of the stylesheet; the words say the same."""

    service: str
    title: str
    open: int
    doing: str
    kind: str
    word: str
    owed: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Pipe:
    """A log on its way to one reader. ``strength`` is 0 for a still one, up to 3."""

    topic: str
    reader: str
    rate: str
    strength: int
    moving: bool
    waiting: int
    late: bool


@dataclass(frozen=True, slots=True)
class Door:
    """Where the outside world meets a service."""

    what: str
    rate: str
    moving: bool
    outwards: bool


@dataclass(frozen=True, slots=True)
class Map:
    """Everything the drawing shows, whatever its layout."""

    stations: Mapping[str, Station]
    pipes: Mapping[tuple[str, str], Pipe]
    doors: Mapping[str, Door]


def drawn(
    seen: Mapping[str, Vitals], lying: Mapping[str, int], troubles: Iterable[Trouble], partitions: int
) -> Map:  # fmt: skip
    """The map of what is known. ``lying`` is how many requests are with each service."""
    red = {trouble.service: trouble for trouble in reversed([*troubles])}
    return Map(
        stations={
            name: _station(seen[name], lying.get(name, 0), red.get(name), partitions) for name in SERVICES
        },
        pipes={(writer, reader): _pipe(seen[writer], seen[reader]) for writer, reader in PIPES},
        doors={name: _door(seen[name]) for name in SERVICES},
    )  # fmt: skip


def rate(per_second: float) -> str:
    """``12/s``, ``1.5/s``, ``18/min``; empty for nothing."""
    if per_second <= 0:
        return ""
    if round(per_second * 60) < 60:
        return f"{max(1, round(per_second * 60))}/min"
    return f"{per_second:.1f}/s" if per_second < 10 else f"{per_second:.0f}/s"


def _station(seen: Vitals, lying: int, trouble: Trouble | None, partitions: int) -> Station:
    title, doing = MEANING[seen.service]
    kind, word = _state(seen, trouble, partitions)
    owed = _owed(seen)
    spoken = f"{title}: {lying} {doing}; {word}; {owed}"
    return Station(seen.service, title, lying, doing, kind, word, owed, spoken)


def _state(seen: Vitals, trouble: Trouble | None, partitions: int) -> tuple[str, str]:
    if seen.silent:
        part = "" if seen.processes == 1 else f"{seen.silent} of {seen.processes} "
        word = f"{part}{'do' if seen.silent > 1 else 'does'} not answer"
        return ("failed" if trouble else "waiting"), word
    if not seen.heard:
        return "later", "not heard yet"
    if trouble is not None and seen.oldest_unhandled > BEHIND:
        return "failed", f"stands still for {waited(seen.oldest_unhandled)}"
    if trouble is not None:
        return "failed", "somebody must act"
    if seen.partitions < partitions:
        return "acting", f"takes up {partitions - seen.partitions} of {partitions} parts"
    if seen.oldest_unhandled > BEHIND:
        return "waiting", f"{seen.waiting:,} to read, {waited(seen.oldest_unhandled)}"
    return "done", f"{seen.waiting:,} to read" if seen.waiting else "all is read"


def _owed(seen: Vitals) -> str:
    if not seen.heard:
        return f"not heard for {waited(seen.silent_for)}" if seen.silent else "not known yet"
    if not seen.owed:
        return "no effect owed now"
    age = f", {waited(seen.oldest_effect)}" if seen.oldest_effect >= 1 else ""
    return f"{count(seen.owed, 'effect')} owed{age}"


def _pipe(writer: Vitals, reader: Vitals) -> Pipe:
    topic, per_second = topics.events(writer.service), writer.events
    strength = 0 if per_second <= 0 else 1 if per_second < 1 else 2 if per_second < 20 else 3
    moving = writer.moves(EVENTS)
    late = reader.oldest_unhandled > BEHIND
    return Pipe(topic, reader.service, rate(per_second), strength, moving, reader.lag.get(topic, 0), late)


def _door(seen: Vitals) -> Door:
    what, sample, kinds = DOORS[seen.service]
    outwards = sample == EFFECTS
    return Door(what, rate(seen.rate(sample, *kinds)), seen.moves(sample, *kinds), outwards)


def reads(seen: Mapping[str, Vitals]) -> Iterator[tuple[str, str, float, str, int]]:
    """Topic, writer, rate, reader, records not read: the lines of the table beneath the map."""
    for reader in SERVICES:
        for topic, waiting in sorted(seen[reader].lag.items()):
            writer = topics.BY_NAME[topic].writers[0] if topic in topics.BY_NAME else ""
            is_log = writer in seen and topic == topics.events(writer)
            yield topic, writer, seen[writer].events if is_log else 0.0, reader, waiting
