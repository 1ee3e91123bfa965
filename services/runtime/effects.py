"""Doing what the settled state says is to be done, and reporting each result back as a cause (law 4)."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappop, heappush

import structlog

from schemas.base import Fact
from schemas.cause import Effect, TimePassed, Wake
from schemas.envelope import derived_id
from services.runtime import metrics, telemetry
from services.runtime.aggregate import Aggregate, Stamp
from services.runtime.bus import BusUnavailable
from services.runtime.floor import Floor
from services.runtime.handling import HANDLED, Handled
from services.runtime.service import Service

AT_ONCE = 64
"""How many effects one process does at the same time."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds between tries of an effect that raised; each pause is twice the one before."""

log = structlog.get_logger()


@dataclass(slots=True)
class Owed:
    """An effect that is waited for, or under way once it has a task, until the state stops owing it."""

    name: str
    effect: Effect
    stamp: Stamp
    task: "asyncio.Task[None] | None" = None
    since: datetime | None = None
    """When its time came, or when this process took it up."""


class Clock:
    """Every effect owed by the partitions held. What is no longer owed is dropped; what was reported is not redone."""

    def __init__(self, service: Service, floor: Floor) -> None:
        self._service = service
        self._floor = floor
        self._places = asyncio.Semaphore(AT_ONCE)
        self._owed: dict[int, dict[str, Owed]] = {}
        self._waiting: list[tuple[datetime, str, int]] = []
        self._earlier = asyncio.Event()

    def take_up(self, partition: int, owing: Iterable[tuple[str, Aggregate]]) -> None:
        """Starts over with a partition that was just assigned."""
        self._drop(partition)
        self.settled(partition, owing)

    def settled(self, partition: int, steps: Iterable[tuple[str, Aggregate]]) -> None:
        """Compares what the aggregates owe, event by event, with what is waited for or under way for them."""
        known = self._owed.setdefault(partition, {})
        for name, aggregate in steps:
            wanted = {effect.id: effect for effect in self._service.due(aggregate.state)}
            for stale in [key for key, owed in known.items() if owed.name == name and key not in wanted]:
                _cancel(known.pop(stale))
            for key, effect in wanted.items():
                if key not in known:
                    known[key] = Owed(name, effect, aggregate.stamp)
                    self._begin_or_wait(partition, known[key])

    def let_go(self) -> None:
        """Stops everything: the partitions went to another worker, which owes the same."""
        for partition in list(self._owed):
            self._drop(partition)
        self._waiting.clear()

    async def run(self) -> None:
        """Begins what waited for its time. Looks at the wall clock at least every second: it may jump."""
        while True:
            now = datetime.now(UTC)
            while self._waiting and self._waiting[0][0] <= now:
                _, key, partition = heappop(self._waiting)
                owed = self._owed.get(partition, {}).get(key)
                if owed is not None and owed.task is None:
                    self._begin(owed)
            left = min((self._waiting[0][0] - now).total_seconds(), 1.0) if self._waiting else 1.0
            self._earlier.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._earlier.wait()

    def _begin_or_wait(self, partition: int, owed: Owed) -> None:
        due = owed.effect.not_before
        if due is None or due <= datetime.now(UTC):
            self._begin(owed)
        else:
            heappush(self._waiting, (due, owed.effect.id, partition))
            self._earlier.set()

    def _begin(self, owed: Owed) -> None:
        owed.since = owed.effect.not_before or datetime.now(UTC)
        owed.task = asyncio.create_task(self._do(owed.effect, owed.stamp))

    def _drop(self, partition: int) -> None:
        for owed in self._owed.pop(partition, {}).values():
            _cancel(owed)

    def measure(self) -> None:
        """Tells how much is owed now and later, and how old the oldest is. Asked every few seconds."""
        begun = [owed.since for known in self._owed.values() for owed in known.values() if owed.since is not None]
        total = sum(map(len, self._owed.values()))
        name = self._service.name
        metrics.OWED.labels(name, "now").set(len(begun))
        metrics.OWED.labels(name, "later").set(total - len(begun))
        oldest = (datetime.now(UTC) - min(begun)).total_seconds() if begun else 0.0
        metrics.OLDEST_EFFECT.labels(name).set(round(oldest, 1))

    async def _do(self, effect: Effect, stamp: Stamp) -> None:
        HANDLED.set(Handled(stamp.subject, stamp.trace, effect.id))
        with telemetry.traced_effect(self._service.name, effect, stamp):
            result = await self._result(effect)
            await self._report(effect, stamp, result)

    async def _result(self, effect: Effect) -> Fact:
        if isinstance(effect, Wake):
            return TimePassed(effect_id=effect.id)
        kind = type(effect).__name__
        pause = FIRST_PAUSE
        while True:
            try:
                async with self._places:
                    result = await self._service.perform[type(effect)](effect, self._floor)
                metrics.EFFECTS.labels(self._service.name, kind, type(result).__name__).inc()
            except Exception as error:
                metrics.EFFECTS.labels(self._service.name, kind, "raised").inc()
                log.error("an effect raised; it is tried again", effect=effect.id, kind=kind, exc_info=error)
            else:
                return result
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _report(self, effect: Effect, stamp: Stamp, result: Fact) -> None:
        while True:
            try:
                await self._floor.bus.send(
                    result,
                    to=self._service.name,
                    subject=stamp.subject,
                    owner=stamp.owner,
                    person_key=stamp.person_key,
                    id=derived_id(self._service.name, effect.id, "result"),
                    correlation=stamp.correlation,
                    causation=stamp.event_id,
                )
            except BusUnavailable:
                await asyncio.sleep(1)
            else:
                return


def _cancel(owed: Owed) -> None:
    if owed.task is not None:
        owed.task.cancel()
