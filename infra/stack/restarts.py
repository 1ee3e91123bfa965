"""Whether and when a process that ended is started again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

FENCED = 75
"""The exit code of a worker that found it no longer owns its partition: it comes back through recovery, at once."""

FIRST, LONGEST = 0.5, 5.0
CALM = 30.0
HOPELESS, HOPE = 5, 20.0
BROKER_DEATHS, BROKER_SPAN = 3, 60.0


@dataclass(frozen=True)
class Again:
    """Start it again, after this many seconds."""

    after: float


@dataclass(frozen=True)
class GiveUp:
    """It never came up, and will not."""

    deaths: int


def answer(exit_code: int, deaths: Sequence[float], was_ready: bool) -> Again | GiveUp:
    """What to do after the last of `deaths` (times in seconds, ascending)."""
    now = deaths[-1]
    if not was_ready and _within(deaths, now, HOPE) >= HOPELESS:
        return GiveUp(HOPELESS)
    if exit_code == FENCED:
        return Again(0)
    return Again(min(LONGEST, FIRST * 2 ** (_within(deaths, now, CALM) - 1)))


def broker_may_return(deaths: Sequence[float]) -> bool:
    """The broker is started again after its first three deaths in a minute, not after the fourth."""
    return _within(deaths, deaths[-1], BROKER_SPAN) <= BROKER_DEATHS


def ended(exit_code: int) -> str:
    """How a process ended, in words."""
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"


def _within(deaths: Sequence[float], now: float, span: float) -> int:
    return sum(1 for death in deaths if now - death <= span)
