"""Measures what cannot be counted as it happens: every two seconds, beside the stream, never per record."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.runtime import metrics
from services.runtime.backlog import Backlog
from services.runtime.consumer import Solitary, solitary
from services.runtime.positions import Place

if TYPE_CHECKING:
    from services.runtime.effects import Clock
    from services.runtime.projection import Projector

EVERY: Final = 2.0
"""Seconds between two looks."""

MEMORY_EVERY: Final = 5
"""Looks between two at the process's memory: adding it up costs the kernel a little."""

_ROLLUP: Final = Path("/proc/self/smaps_rollup")

log = structlog.get_logger()


class Reading(Protocol):
    """How far a ledger has read, as the measuring needs to know it: the partitions it holds, next offsets, times."""

    def held(self) -> int: ...
    def reads(self) -> Mapping[Place, int]: ...
    def read_at(self) -> Mapping[Place, float]: ...


class Measuring:
    """Of one process. ``ledger`` and ``clock`` are None where the service has no stream, or not yet."""

    def __init__(self, service: str, bootstrap: str, views: "Projector") -> None:
        self._service, self._bootstrap, self._views = service, bootstrap, views
        self._backlog = Backlog()
        self._looks, self._cpu = 0, 0.0
        self._topics: set[str] = set()
        self._waits_for = ""
        self.ledger: Reading | None = None
        self.clock: Clock | None = None

    async def run(self) -> None:
        """Until cancelled. Measuring never ends the process: what goes wrong is logged once, and tried again."""
        while True:
            try:
                async with solitary(self._bootstrap) as consumer:
                    while True:
                        await self._look(consumer)
                        self._waits_for = ""
                        await asyncio.sleep(EVERY)
            except Exception as error:  # noqa: BLE001 — the broker, a file: the pages stay up
                self._pause(error)
            self._look_inside()
            await asyncio.sleep(EVERY)

    async def time_views(self) -> None:
        """Tells, once, how long the read models took to show all that was in the logs."""
        began = time.monotonic()
        while not self._views.caught_up():
            await asyncio.sleep(0.1)
        metrics.RECOVERY.labels(self._service, "views").set(round(time.monotonic() - began, 2))

    async def _look(self, consumer: Solitary) -> None:
        self._look_inside()
        if self.ledger is None:
            return
        reads = self.ledger.reads()
        asked = [TopicPartition(*place) for place in reads]
        ends = await consumer.end_offsets(asked) if asked else {}
        behind = self._backlog.look(time.time(), dict(ends), reads, self.ledger.read_at())
        self._topics |= set(behind.records)
        for topic in self._topics:
            metrics.LAG.labels(self._service, topic).set(behind.records.get(topic, 0))
        metrics.OLDEST_UNHANDLED.labels(self._service).set(round(behind.oldest, 1))

    def _look_inside(self) -> None:
        """What the process knows of itself, broker or not."""
        for topic, records in self._views.lag().items():
            metrics.PROJECTION_LAG.labels(self._service, topic).set(records)
        if self.ledger is not None:
            metrics.PARTITIONS.labels(self._service).set(self.ledger.held())
        if self.clock is not None:
            self.clock.measure()
        spent = time.process_time()
        metrics.CPU.labels(self._service).inc(max(0.0, spent - self._cpu))
        self._cpu = spent
        if self._looks % MEMORY_EVERY == 0:
            with suppress(OSError):
                metrics.PSS.labels(self._service).set(pss(_ROLLUP.read_text()))
        self._looks += 1

    def _pause(self, error: Exception) -> None:
        reason = type(error).__name__
        if reason != self._waits_for:
            level = log.info if isinstance(error, KafkaError) else log.warning
            level("measuring waits", exc_info=error)
        self._waits_for = reason


def from_zero(service: str, logs: Iterable[str]) -> None:
    """What has never happened is told as zero: a rate over nothing would be nothing, and no alert."""
    metrics.SILENCES.labels(service)
    for topic in logs:
        metrics.VOID.labels(service, topic)


def pss(rollup: str) -> int:
    """The proportional set size in bytes, from the kernel's ``smaps_rollup``; 0 if it does not say."""
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
