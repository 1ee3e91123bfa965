"""When to try again: ever later, spread so that what failed together does not come back together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Backoff:
    """The first pause is ``first``, each next one ``factor`` times as long, none longer than ``longest``.

    A pause is stretched by up to a quarter. How far follows from what is tried and how often, not from chance: every
    replica and every replay agrees (law 5).
    """

    first: timedelta
    factor: int
    longest: timedelta

    def after(self, now: datetime, what: str, attempt: int) -> datetime:
        """The time of the next try of ``what``, when the one numbered ``attempt`` (from 1) failed at ``now``."""
        pause = self.first
        for _ in range(attempt - 1):
            pause = min(pause * self.factor, self.longest)
        spread = sha256(f"{what}:{attempt}".encode()).digest()[0] / 255 / 4
        return now + pause * (1 + spread)
