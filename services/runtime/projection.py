"""Keeps a service's read models up with the logs: the one reader that feeds every view of a process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from aiokafka import TopicPartition
from sqlalchemy import Engine

from services.runtime.chain import Accepted, Record
from services.runtime.folder import Folder, View
from services.runtime.positions import Place
from services.runtime.track import Lost, OutOfStep, Park
from services.runtime.waiting import Bell, Waiter, Waiters

__all__ = ["Consumer", "OnMalformed", "Projector", "View", "Waiter"]

BATCH = 500
"""At most so many records are folded in one transaction."""

POLL_MS = 500
FIRST_RETRY, LAST_RETRY = 0.5, 5.0
"""Seconds before reading is taken up again after an error; doubled each time."""

PARKING_SECONDS = 15.0

OnMalformed = Callable[[Record, str, str], Awaitable[None]]
"""Parks a record, with the reason's code and the place in it. It may be called for the same record again."""


class Consumer(Protocol):
    """What is used of aiokafka's consumer. It belongs to no group, commits nothing, and is told where to read."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def subscribe(self, topics: list[str]) -> None: ...
    def assignment(self) -> frozenset[Any]: ...
    def unsubscribe(self) -> None: ...
    async def beginning_offsets(self, partitions: list[Any]) -> dict[Any, int]: ...
    async def end_offsets(self, partitions: list[Any]) -> dict[Any, int]: ...
    def assign(self, partitions: list[Any]) -> None: ...
    def seek(self, partition: Any, offset: int) -> None: ...
    def highwater(self, partition: Any) -> int | None: ...
    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[Any, list[Any]]: ...


class Projector:
    """Reads all partitions of all topics of its views, from where their rows stand, for as long as :meth:`run` runs.

    Each view moves in a transaction of its own. Everything but the folding happens on the event loop.
    """

    def __init__(
        self,
        engine: Engine,
        views: Sequence[View],
        consumer_factory: Callable[[], Consumer],
        on_malformed: OnMalformed,
        breath: float = 0.0,
    ) -> None:
        self._breath = breath
        self._folders = tuple(Folder(engine, view) for view in views)
        self._consumer_factory, self._on_malformed = consumer_factory, on_malformed
        self._waiters, self._bell = Waiters(), Bell()
        self._firsts: dict[Place, int] = {}
        self._ends: dict[Place, int] = {}
        self._goal: dict[Place, int] | None = None
        self._log = structlog.get_logger(__name__).bind(views=[view.name for view in views])
        self._waits_for, self._retry = "", FIRST_RETRY
        self.on_shown: Callable[[float], None] = lambda _seconds: None
        """Told after each batch how long its oldest record had been in the log."""

    def expect(self, cause_id: str) -> Waiter:
        """To be called before the cause is sent; ``await waiter.wait(2.0)`` after it."""
        return self._waiters.expect(cause_id)

    def about(self, subject: str) -> Waiter:
        """Waits for whatever is shown next about a subject. To be called before looking how things are."""
        return self._waiters.about(subject)

    async def answered(self, cause_id: str, timeout: float = 2.0) -> Accepted | None:  # noqa: ASYNC109 — as Waiter.wait
        """The event that a cause leads to, if the read models come to show it within ``timeout`` seconds from now.

        One that they showed before is not seen: who sends the cause itself calls :meth:`expect` first.
        """
        return await self.expect(cause_id).wait(timeout)

    def changes(self) -> AsyncIterator[None]:
        """One item after each batch that brought events (several may come as one); ends when :meth:`run` does."""
        return self._bell.listen()

    def caught_up(self) -> bool:
        """True once the read models show all that was in the topics when reading began."""
        return not self._folders or (
            self._goal is not None and all(self._next(place) >= end for place, end in self._goal.items())
        )

    def lag(self) -> dict[str, int]:
        """Topic → the number of records not yet folded, as far as the broker has told."""
        behind: dict[str, int] = {}
        for place, end in self._ends.items():
            behind[place[0]] = behind.get(place[0], 0) + max(0, end - self._next(place))
        return behind

    async def run(self) -> None:
        """Read until cancelled. Whatever goes wrong is logged once, and reading taken up again where the rows stand."""
        try:
            while self._folders:
                try:
                    await self._read()
                except OutOfStep:
                    self._log.info("read-models-begin-again")
                except Exception as error:  # noqa: BLE001 — the broker, the disk, a bug: pages stay up
                    self._pause(error)
                await asyncio.sleep(self._retry)
        finally:
            self._bell.close()

    async def _read(self) -> None:
        """One session with the broker, from finding the place to the first error."""
        consumer = self._consumer_factory()
        try:
            partitions = await self._begin(consumer)
            while True:
                fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH)
                self._ends.update({tp: high for tp in partitions if (high := consumer.highwater(tp)) is not None})
                if fetched:
                    await self._show([record_of(raw) for batch in fetched.values() for raw in batch])
                    await asyncio.sleep(self._breath)
                self._resume()
        finally:
            await consumer.stop()

    async def _begin(self, consumer: Consumer) -> list[TopicPartition]:
        """Load every view's positions, make anew what was made from a log that is lost, and go to the place.

        Topics that are not there yet are waited for.
        """
        partitions = await _connected(consumer, {topic for folder in self._folders for topic in folder.view.topics})
        self._firsts = dict(await consumer.beginning_offsets(partitions))
        self._ends = dict(await consumer.end_offsets(partitions))
        for folder in self._folders:
            await asyncio.to_thread(folder.load, partitions)
            try:
                folder.check(self._firsts, self._ends)
            except Lost:
                await self._make_anew(folder)
                await asyncio.to_thread(folder.load, partitions)
        if self._goal is None:
            self._goal = dict(self._ends)
        consumer.assign(partitions)
        for partition in partitions:
            starts = [at for folder in self._folders if (at := folder.resumes_at(partition)) is not None]
            consumer.seek(partition, max(min(starts), self._firsts[partition]))
        return partitions

    async def _show(self, records: list[Record]) -> None:
        """Fold a batch into every view, then tell those who wait."""
        park = self._parker(asyncio.get_running_loop())
        shown: list[Accepted] = []
        for folder in self._folders:
            try:
                shown += await asyncio.to_thread(folder.apply, records, park)
            except Lost:
                await self._make_anew(folder)
                raise OutOfStep from None
        self._waiters.resolve(shown)
        times = [accepted.record.recorded_at for accepted in shown if not accepted.envelope.is_read_line]
        if times:
            self._bell.ring()
            self.on_shown(max(0.0, (datetime.now(UTC) - min(times)).total_seconds()))

    def _parker(self, loop: asyncio.AbstractEventLoop) -> Park:
        """Parks from the folding thread, and waits until that is done; a record that several views refuse, once."""
        parked: set[tuple[str, int, int]] = set()

        def park(record: Record, code: str, place: str) -> None:
            name = (record.topic, record.partition, record.offset)
            if name not in parked:
                asyncio.run_coroutine_threadsafe(self._parked(record, code, place), loop).result()
                parked.add(name)

        return park

    async def _parked(self, record: Record, code: str, place: str) -> None:
        async with asyncio.timeout(PARKING_SECONDS):
            await self._on_malformed(record, code, place)

    async def _make_anew(self, folder: Folder) -> None:
        self._log.warning("read-model-made-anew", view=folder.view.name, reason="its log is another one")
        self._goal = None
        await asyncio.to_thread(folder.wipe)

    def _next(self, place: Place) -> int:
        read = [at for folder in self._folders if (at := folder.reads_next(place)) is not None]
        return max(min(read, default=0), self._firsts.get(place, 0))

    def _pause(self, error: Exception) -> None:
        reason = type(error).__name__
        if reason != self._waits_for:
            self._log.warning("read-models-wait", error=reason)
        self._retry = min(self._retry * 2, LAST_RETRY) if self._waits_for else FIRST_RETRY
        self._waits_for = reason

    def _resume(self) -> None:
        if self._waits_for:
            self._log.info("read-models-go-on")
        self._waits_for, self._retry = "", FIRST_RETRY


def record_of(raw: Any) -> Record:
    """aiokafka's ConsumerRecord, whose timestamp is in milliseconds, as the record that the chain is asked about."""
    return Record(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key,
        value=raw.value,
        recorded_at=datetime.fromtimestamp(raw.timestamp / 1000, UTC),
        headers=tuple(raw.headers),
    )


async def _connected(consumer: Consumer, topics: set[str]) -> list[TopicPartition]:
    """Start the consumer, and list all partitions of the topics. A subscription is how aiokafka finds them out."""
    consumer.subscribe(sorted(topics))
    await consumer.start()
    partitions = sorted(consumer.assignment())
    consumer.unsubscribe()
    return partitions
