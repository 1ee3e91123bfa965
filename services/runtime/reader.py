"""How a service's sources arrive: Faust's consumer, group and commits, but its records taken by the poll.

Faust hands each record through a conductor, a queue and a stream, with four tasks and several turns of the event loop
apiece: that costs more than answering it, and leaves the producer nothing to batch. Here whole polls are queued, in
order per partition, and answered one after the other. Recovery of the log goes Faust's own way.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import Message

FULL: Final = 2_000
"""Records that wait to be answered before no more are fetched."""

TURN: Final = 0.01
"""Seconds of answering after which pages, effects and acknowledgements get their turn."""


class Arrivals:
    """Records that were fetched and are to be answered. One per process."""

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._something, self.room = asyncio.Event(), asyncio.Event()
        self.room.set()

    def put(self, message: Message) -> None:
        """One more; the consumer waits for :attr:`room` before it fetches again."""
        self._waiting.append(message)
        self._something.set()
        if len(self._waiting) >= FULL:
            self.room.clear()

    def clear(self) -> None:
        """The partitions went to somebody else, who reads these again."""
        self._waiting.clear()
        self.room.set()

    async def answer_each(self, answer: Callable[[Message], Awaitable[None]]) -> None:
        """Hands every record to ``answer``, in the order of arrival, until cancelled."""
        until = 0.0
        while True:
            if not self._waiting:
                self._something.clear()
                await self._something.wait()
                until = time.monotonic() + TURN
            await answer(self._waiting.popleft())
            if len(self._waiting) < FULL:
                self.room.set()
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + TURN


class Consumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer with another inner loop. What is no source's record goes Faust's own way: the log's recovery."""

    sources: frozenset[str]
    arrivals: Arrivals

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                await asyncio.sleep(0)
                async for place, message in self.getmany(timeout=1.0):
                    await self._take(place, message)
                if not self.arrivals.room.is_set():
                    await self.wait_first(self.arrivals.room, self.suspend_flow)
        except (asyncio.CancelledError, *self.consumer_stopped_errors):
            if not self.transport.app.should_stop:
                raise

    async def _take(self, place: Any, message: Message) -> None:
        before = self._read_offset[place]
        if before is not None and message.offset < before:
            return
        if before and message.offset - before > 1 and self.app.topics.acks_enabled_for(message.topic):
            await self._add_gap(place, before + 1, message.offset)
        if message.topic in self.sources:
            self.arrivals.put(message)
        else:
            await self.wait_first(self.callback(message), self.suspend_flow)
        self._read_offset[place] = message.offset


class Transport(driver.Transport):  # type: ignore[misc]
    """Faust's transport, whose consumer queues the records of ``sources`` in ``arrivals``."""

    def __init__(self, app: faust.App, sources: frozenset[str], arrivals: Arrivals) -> None:
        super().__init__(app.conf.broker_consumer, app)
        self._sources, self._arrivals = sources, arrivals

    def create_consumer(self, callback: Any, **options: Any) -> Consumer:
        """Called by Faust when it starts."""
        made = Consumer(self, callback=callback, loop=self.loop, **options)
        made.sources, made.arrivals = self._sources, self._arrivals
        return made


def read_by_the_poll(app: faust.App, sources: frozenset[str]) -> Arrivals:
    """Has ``app`` queue the records of ``sources`` in the arrivals returned."""
    arrivals = Arrivals()
    app.transport = Transport(app, sources, arrivals)
    return arrivals
