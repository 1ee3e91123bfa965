"""How a page waits for its own event, and how open pages learn that something changed."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from weakref import WeakValueDictionary

from services.runtime.chain import Accepted


class Waiter:
    """Waits for the event that a cause leads to. Nobody else holds on to it: dropped, it is gone."""

    def __init__(self) -> None:
        self._came: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()

    async def wait(self, timeout: float = 2.0) -> Accepted | None:  # noqa: ASYNC109 — running out of time is an answer
        """The event once the read model shows it; None if that takes more than ``timeout`` seconds."""
        await asyncio.wait([self._came], timeout=timeout)  # raises nothing that would hold on to this waiter
        return self._came.result() if self._came.done() else None

    def resolve(self, accepted: Accepted) -> None:
        """Wake whoever waits; the first event counts."""
        if not self._came.done():
            self._came.set_result(accepted)


class Waiters:
    """Everybody who waits, by the id of their cause. Used from the event loop only."""

    def __init__(self) -> None:
        self._by_cause: WeakValueDictionary[str, Waiter] = WeakValueDictionary()

    def expect(self, cause_id: str) -> Waiter:
        """A waiter for the event whose ``causationid`` this is. Two for one cause are the same."""
        waiter = self._by_cause.get(cause_id)
        if waiter is None:
            waiter = self._by_cause[cause_id] = Waiter()
        return waiter

    def resolve(self, shown: Iterable[Accepted]) -> None:
        """Wake everybody whose event is among these."""
        for accepted in shown:
            waiter = self._by_cause.get(accepted.envelope.causationid)
            if waiter is not None:
                waiter.resolve(accepted)

    def __len__(self) -> int:
        return len(self._by_cause)


class Bell:
    """Rings for everybody who listens; several rings in a row may be heard as one."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Event] = set()
        self._closed = False

    def ring(self) -> None:
        """Something changed."""
        for listener in self._listeners:
            listener.set()

    def close(self) -> None:
        """Nothing will change any more: every listener's iteration ends."""
        self._closed = True
        self.ring()

    async def listen(self) -> AsyncIterator[None]:
        """One item for each ring, or for several that came while the listener was busy."""
        rung = asyncio.Event()
        self._listeners.add(rung)
        try:
            while not self._closed:
                await rung.wait()
                rung.clear()
                if not self._closed:
                    yield
        finally:
            self._listeners.discard(rung)
