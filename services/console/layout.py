"""Where everything of the map stands: a wide sheet and a tall one, in pixels of their own."""

from dataclasses import dataclass
from typing import Final

from schemas.topics import SERVICES
from services.console.map import PIPES

ROUND: Final = 12.0


@dataclass(frozen=True, slots=True)
class Run:
    """The path of a pipe, and where its rate and what waits at its end are written."""

    path: str
    rate: tuple[float, float] | None
    waiting: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """A station's corner, and its door: the path, and where its words stand."""

    x: float
    y: float
    door: str
    words: tuple[float, float]
    anchor: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole layout."""

    name: str
    width: float
    height: float
    station: tuple[float, float]
    spots: dict[str, Spot]
    runs: dict[tuple[str, str], Run]


def bent(*points: tuple[float, float]) -> str:
    """A line through corners, rounded."""
    path = f"M{points[0][0]} {points[0][1]}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        begin, end = _towards(corner, before), _towards(corner, after)
        path += f"L{begin[0]} {begin[1]}Q{corner[0]} {corner[1]} {end[0]} {end[1]}"
    return f"{path}L{points[-1][0]} {points[-1][1]}"


def _towards(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    across, down = other[0] - corner[0], other[1] - corner[1]
    share = min(ROUND / max(abs(across), abs(down)), 0.5)
    return round(corner[0] + across * share, 1), round(corner[1] + down * share, 1)


def _wide() -> Sheet:
    width, height, gap, top, trunk = 188.0, 124.0, 60.0, 52.0, 208.0
    left = {name: 1 + at * (width + gap) for at, name in enumerate(SERVICES)}
    middle = {name: x + width / 2 for name, x in left.items()}
    bottom = top + height

    def run(writer: str, reader: str) -> Run:
        if reader == "notifier":
            x, end = middle[writer], middle[reader]
            path = bent((x, bottom), (x, trunk), (end, trunk), (end, bottom + 8))
            return Run(path, None, (x + 26, trunk))
        begin, end = (left[writer] + width, left[reader] - 8)
        y = top + 40
        if (reader, writer) in PIPES and SERVICES.index(reader) > SERVICES.index(writer):
            y = top + 36
        elif SERVICES.index(reader) < SERVICES.index(writer):
            begin, end, y = left[writer], left[reader] + width + 8, top + 88
        return Run(f"M{begin} {y}H{end}", ((begin + end) / 2, y - 9), ((begin + end) / 2, y + 15))

    spots = {
        name: Spot(left[name], top, _door(name, middle[name], 24.0, top), (middle[name], 15), "middle")
        for name in SERVICES
    }
    runs = {pair: run(*pair) for pair in PIPES}
    return Sheet("wide", 5 * width + 4 * gap + 2, trunk + 14, (width, height), spots, runs)


def _door(name: str, x: float, outside: float, inside: float) -> str:
    begin, end = (inside, outside) if name in {"executor", "notifier"} else (outside, inside)
    return f"M{x} {begin}V{end + (6 if end < begin else -6)}"


def _tall() -> Sheet:
    width, height, gap, x, trunk = 306.0, 122.0, 46.0, 44.0, 16.0
    top = {name: 1 + at * (height + gap) for at, name in enumerate(SERVICES)}

    def run(writer: str, reader: str) -> Run:
        if reader == "notifier":
            begin, end = top[writer] + height / 2, top[reader] + height / 2
            path = bent((x, begin), (trunk, begin), (trunk, end), (x - 8, end))
            return Run(path, None, (trunk, begin + 34))
        down = SERVICES.index(reader) > SERVICES.index(writer)
        both = (reader, writer) in PIPES
        at = x + width * (0.5 if not both else 0.3 if down else 0.66)
        begin, end = (top[writer] + height, top[reader] - 8) if down else (top[writer], top[reader] + height + 8)
        return Run(f"M{at} {begin}V{end}", (at + 32, (begin + end) / 2 + 4), (at - 24, (begin + end) / 2))

    spots = {name: Spot(x, top[name], "", (x + width - 16, top[name] + 26), "end") for name in SERVICES}
    runs = {pair: run(*pair) for pair in PIPES}
    return Sheet("tall", x + width + 2, 5 * height + 4 * gap + 2, (width, height), spots, runs)


SHEETS: Final = (_wide(), _tall())
