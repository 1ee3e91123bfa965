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
    """Everybody who waits: for what a cause leads to, or for anything about a subject. For the event loop alone."""

    def __init__(self) -> None:
        self._by_cause: WeakValueDictionary[str, Waiter] = WeakValueDictionary()
        self._by_subject: WeakValueDictionary[str, Waiter] = WeakValueDictionary()

    def expect(self, cause_id: str) -> Waiter:
        """A waiter for the event whose ``causationid`` this is. Two for one cause are the same."""
        return _waiter(self._by_cause, cause_id)

    def about(self, subject: str) -> Waiter:
        """A waiter for the next event about this subject."""
        return _waiter(self._by_subject, subject)

    def resolve(self, shown: Iterable[Accepted]) -> None:
        """Wake everybody whose event is among these. Who begins to wait afterwards waits for the next one."""
        for accepted in shown:
            envelope = accepted.envelope
            for waiters, name in ((self._by_cause, envelope.causationid), (self._by_subject, envelope.subject)):
                waiter = waiters.pop(name, None)
                if waiter is not None:
                    waiter.resolve(accepted)

    def __len__(self) -> int:
        return len(self._by_cause) + len(self._by_subject)


def _waiter(waiting: "WeakValueDictionary[str, Waiter]", name: str) -> Waiter:
    waiter = waiting.get(name)
    if waiter is None:
        waiter = waiting[name] = Waiter()
    return waiter


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
