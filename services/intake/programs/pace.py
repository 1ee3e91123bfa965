"""How many single requests a client may send: a bucket each, in this process, refilled all the time (R27)."""

from collections import OrderedDict
from time import monotonic
from typing import Final

from services.runtime.web.problem import Problem

PER_SECOND: Final = 600.0
BURST: Final = 1800.0
REMEMBERED: Final = 10_000


class Buckets:
    """One bucket for each client; a full one is as good as none."""

    def __init__(self, per_second: float = PER_SECOND, burst: float = BURST) -> None:
        self._rate, self._burst = per_second, burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Takes one. Raises a 429 problem when there is none left."""
        now = monotonic()
        left, at = self._left.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        self._left[client] = (max(left - 1.0, 0.0), now)
        while len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        if left < 1.0:
            raise Problem(
                429,
                "That is faster than we take requests one by one",
                code="too-many-requests",
                detail="Nothing was done. Many requests at once go to /v1/requests:bulk.",
                headers={"Retry-After": "1"},
            )


BUCKETS: Final = Buckets()
