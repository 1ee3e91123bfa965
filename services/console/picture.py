"""Draws a journey: time from left to right in order, a lane per service, long waits folded into a labelled gap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from schemas.topics import SERVICES
from services.console.journey import Happening
from services.console.standing import Ball
from services.console.words import span
from services.runtime.web.moments import zone_of

GAP: Final = timedelta(seconds=1)
"""From this much silence on, the time between two events is drawn as a gap."""

TOP: Final = 62
LANE: Final = 84
LEFT: Final = 26
STEP: Final = 34
"""Pixels between two events at least."""

RADIUS: Final = 11
GAP_WIDTH: Final = 84
LETTER: Final = 6.9
"""Pixels that a letter of a label takes, more or less."""

TURN: Final[dict[Ball, str]] = {
    "us": "our turn",
    "person": "the person's turn",
    "owner": "the owner's turn",
    "product": "a product's turn",
    "nobody": "closed",
}


@dataclass(frozen=True, slots=True)
class Dot:
    """One event in its lane. The label stands above the lane's line or below it."""

    x: float
    y: float
    label_y: float
    label_x: float
    happening: Happening


@dataclass(frozen=True, slots=True)
class Line:
    """From a cause to what it led to."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A wait that is not drawn to scale: how long, and whose turn it was."""

    x: float
    width: float
    how_long: str
    whose_turn: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The clock's time where things begin to move again."""

    x: float
    day: str
    clock: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything a template needs to draw."""

    width: float
    height: float
    lanes: tuple[tuple[str, float], ...]
    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    gaps: tuple[Gap, ...]
    marks: tuple[Mark, ...]


def draw(happenings: Sequence[Happening], zone: str) -> Picture:
    """The picture of a journey, with its times in ``zone``."""
    lanes = {service: TOP + LANE * at + LANE / 2 for at, service in enumerate(SERVICES)}
    pen = _Pen(zone, lanes)
    for happening in happenings:
        pen.draw(happening)
    return Picture(
        width=max(pen.reach, pen.axis) + LEFT,
        height=TOP + LANE * len(SERVICES) + 4,
        lanes=tuple(lanes.items()),
        dots=tuple(pen.dots),
        lines=tuple(pen.lines(happenings)),
        gaps=tuple(pen.gaps),
        marks=tuple(pen.marks),
    )


class _Pen:
    """Moves right with each event, as far as its label needs beside those already written in its lane."""

    def __init__(self, zone: str, lanes: dict[str, float]) -> None:
        self._zone, self._lanes = zone, lanes
        self.dots: list[Dot] = []
        self.gaps: list[Gap] = []
        self.marks: list[Mark] = []
        self.reach = self.axis = 0.0
        self._x: float = LEFT - STEP
        self._written: dict[tuple[str, int], float] = {}
        self._day = ""

    def draw(self, happening: Happening) -> None:
        """One more event, further to the right."""
        left: float = self._x + STEP
        if not self.dots:
            self._mark(left, happening.step.recorded_at)
        elif happening.since >= GAP:
            left = self._gap(happening)
        service = happening.step.service if happening.step.service in self._lanes else SERVICES[-1]
        wide = len(happening.step.name) * LETTER
        side = min((-1, 1), key=lambda side: self._written.get((service, side), 0.0))
        x = max(left, self._written.get((service, side), 0.0) + RADIUS)
        self._written[service, side] = x - RADIUS + wide + 8
        y = self._lanes[service]
        self.dots.append(Dot(x, y, y + (-17 if side < 0 else 27), x - RADIUS, happening))
        self._x, self.reach = x, max(self.reach, x - RADIUS + wide, x + RADIUS)

    def lines(self, happenings: Sequence[Happening]) -> list[Line]:
        """Between causes and what they led to."""
        at = {dot.happening.number: dot for dot in self.dots}
        causes = ((at[each.cause], at[each.number]) for each in happenings if each.cause is not None)
        return [Line(cause.x, cause.y, led_to.x, led_to.y) for cause, led_to in causes]

    def _gap(self, happening: Happening) -> float:
        """Leaves room for the wait; where the next event may stand."""
        how_long, whose = span(happening.since), TURN[happening.waited_for]
        begins = max(self._x + RADIUS + 6, self.axis, *self._written.values())
        width = max(GAP_WIDTH, max(len(how_long), len(whose)) * LETTER + 16)
        self.gaps.append(Gap(begins, width, how_long, whose))
        left = begins + width + RADIUS + 6
        self._written = {place: max(end, begins + width + 6) for place, end in self._written.items()}
        self._mark(left, happening.step.recorded_at)
        return left

    def _mark(self, x: float, moment: datetime) -> None:
        local = moment.astimezone(zone_of(self._zone))
        day = f"{local:%b} {local.day}"
        time = clock(moment, self._zone)
        self.marks.append(Mark(x - RADIUS, "" if day == self._day else day, time))
        self._day = day
        self.axis = x - RADIUS + len(time) * LETTER + 8


def clock(moment: datetime, zone: str) -> str:
    """The time of day to the second, as in ``4:05:09 PM``."""
    local = moment.astimezone(zone_of(zone))
    return f"{local.hour % 12 or 12}:{local:%M:%S} {local:%p}"
