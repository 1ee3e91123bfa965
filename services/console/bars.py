"""Draws traces: a bar for each span on one axis of time, idle times folded, a dashed line where a trace goes on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.console.spans import Span
from services.console.waterfall import Row, Trace, length

FOLD: Final = 250_000_000
"""Nanoseconds in which nothing runs, from which on the time is folded."""

TOP: Final = 40
LINE: Final = 24
"""Pixels from row to row."""

SERVICE: Final = 74
INDENT: Final = 14
LETTER: Final = 6.8
"""Pixels that a letter takes, more or less."""

LONGEST: Final = 44
"""Letters of a name that are drawn; the table has all of them."""

AXIS: Final = 680
FOLDED: Final = 64
LABEL: Final = 170
"""Pixels kept free behind the last bar, for what is written there."""

THINNEST: Final = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One span. ``says`` is how long it took and, in words, whether it failed."""

    row: Row
    y: float
    name_x: float
    name: str
    x: float
    width: float
    says: str


@dataclass(frozen=True, slots=True)
class Head:
    """The line above a trace's bars."""

    trace: Trace
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Fold:
    """A time in which nothing ran."""

    x: float
    how_long: str


@dataclass(frozen=True, slots=True)
class Link:
    """From the bar a trace goes on from to the one it goes on with."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Bars:
    """Everything a template needs to draw."""

    width: float
    height: float
    left: float
    heads: tuple[Head, ...]
    bars: tuple[Bar, ...]
    folds: tuple[Fold, ...]
    links: tuple[Link, ...]


class Axis:
    """Where an instant stands, in pixels. What runs is drawn to scale, what is folded takes a fixed width."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._busy: list[tuple[int, int]] = []
        for span in sorted(spans, key=lambda span: span.began):
            if self._busy and span.began - self._busy[-1][1] < FOLD:
                self._busy[-1] = (self._busy[-1][0], max(self._busy[-1][1], span.ended))
            else:
                self._busy.append((span.began, span.ended))
        free = max(AXIS - FOLDED * (len(self._busy) - 1), AXIS / 3)
        self._scale = free / max(sum(end - begin for begin, end in self._busy), 1)

    @property
    def folds(self) -> list[Fold]:
        """The folded times, each with the place in which it is drawn."""
        pairs = zip(self._busy, self._busy[1:], strict=False)
        return [Fold(self.x(end), length(begin - end)) for (_, end), (begin, _) in pairs]

    @property
    def width(self) -> float:
        """Pixels from the first beginning to the last end."""
        return self.x(self._busy[-1][1]) if self._busy else 0.0

    def x(self, instant: int) -> float:
        """Pixels from the left."""
        x = 0.0
        for begin, end in self._busy:
            if instant <= end:
                return x + max(instant - begin, 0) * self._scale
            x += (end - begin) * self._scale + FOLDED
        return x - FOLDED


def draw(traces: Sequence[Trace], when: Callable[[int], str]) -> Bars:
    """The picture. ``when`` writes an instant as people read it."""
    rows = [row for trace in traces for row in trace.rows]
    axis = Axis(row.span for row in rows)
    left = SERVICE + max((_reach(row) for row in rows), default=0.0) + 12
    heads, bars, y = [], [], float(TOP)
    for trace in traces:
        heads.append(Head(trace, y + LINE, _headline(trace, when)))
        y += LINE * 1.5
        for row in trace.rows:
            bars.append(_bar(row, y, left, axis))
            y += LINE
    at = {bar.row.number: bar for bar in bars}
    linked = ((at[bar.row.after], bar) for bar in bars if bar.row.after is not None)
    middle = LINE / 2
    return Bars(
        width=left + axis.width + LABEL,
        height=y + 10,
        left=left,
        heads=tuple(heads),
        bars=tuple(bars),
        folds=tuple(Fold(left + fold.x, fold.how_long) for fold in axis.folds),
        links=tuple(Link(one.x + one.width, one.y + middle, two.x, two.y + middle) for one, two in linked),
    )


def _bar(row: Row, y: float, left: float, axis: Axis) -> Bar:
    span, x = row.span, axis.x(row.span.began)
    width = max(axis.x(span.ended) - x, THINNEST)
    failed = f" · failed{f': {span.reason}' if span.reason else ''}" if span.failed else ""
    return Bar(row, y, SERVICE + row.depth * INDENT, _name(row), left + x, width, f"{length(span.took)}{failed}")


def _headline(trace: Trace, when: Callable[[int], str]) -> str:
    goes_on = f" · goes on from trace {' and '.join(map(str, trace.continues))}" if trace.continues else ""
    return f"Trace {trace.number} · {when(trace.began)} · {length(trace.took)}{goes_on}"


def _reach(row: Row) -> float:
    return row.depth * INDENT + len(_name(row)) * LETTER


def _name(row: Row) -> str:
    name = row.span.name.removeprefix(f"{row.span.service} ")
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
