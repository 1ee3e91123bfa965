"""How often somebody may try to sign in."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

WINDOW: Final = 15 * 60.0
"""Seconds in which attempts count together."""

PER_LOGIN: Final = 10
PER_ADDRESS: Final = 60
"""Higher: a whole city hall may share one address."""

KEYS_HELD: Final = 20_000


class Attempts:
    """Counts failed sign-ins per login key and per client address within a sliding window.

    It lives in this process's memory. It does not see attempts made at other replicas or other services, forgets
    at a restart, and behind a proxy knows the true address only if the server is told to trust that proxy. A lock-out
    that all replicas share is not here yet. Under more than 20,000 keys at once the oldest are forgotten.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._made: OrderedDict[str, deque[float]] = OrderedDict()

    def begin(self, login: str, address: str) -> float:
        """Counts an attempt, before its password is checked. 0 if it may go on, else the seconds to wait."""
        keys = ((f"login {login}", PER_LOGIN), (f"address {address}", PER_ADDRESS))
        wait = max(self._wait(key, allowed) for key, allowed in keys)
        if wait <= 0:
            for key, _ in keys:
                self._count(key)
        return wait

    def succeeded(self, login: str, address: str) -> None:
        """The attempt was right: the login starts afresh, the address gets this one attempt back."""
        self._made.pop(f"login {login}", None)
        made = self._made.get(f"address {address}")
        if made:
            made.pop()

    def _wait(self, key: str, allowed: int) -> float:
        made = self._made.get(key)
        if made is None:
            return 0.0
        now = self._clock()
        while made and made[0] <= now - WINDOW:
            made.popleft()
        return made[0] + WINDOW - now if len(made) >= allowed else 0.0

    def _count(self, key: str) -> None:
        self._made.setdefault(key, deque()).append(self._clock())
        self._made.move_to_end(key)
        while len(self._made) > KEYS_HELD:
            self._made.popitem(last=False)
