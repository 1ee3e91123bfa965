"""Feels the pulse of every process: asks each for its metrics every second, and tells open pages when that changed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Final

import httpx

from schemas.topics import SERVICES
from services.console.vitals import ASKED, Process, Vitals, numbers, vitals
from services.runtime.floor import Floor
from services.runtime.waiting import Bell

EVERY, AT_REST = 1.0, 5.0
"""Seconds between two rounds: while somebody looks, and while nobody does."""

LOOKED: Final = 15.0
"""Seconds for which one look counts as looking on."""

PATIENCE: Final = 0.8
"""Seconds a process has to answer."""


class Pulse:
    """Of all services. Asks by HTTP what Prometheus would ask; a process that does not answer holds nobody up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._processes: tuple[Process, ...] = ()
        self._bell, self._wanted = Bell(), asyncio.Event()
        self._looked, self._listeners = -LOOKED, 0
        self._shown: object = None
        self._short: dict[str, float] = {}
        self._partitions = 0

    def begin(self, processes: Iterable[tuple[str, str]], partitions: int) -> None:
        """From now on these are asked: service and base URL. Together a service's hold all ``partitions``."""
        self._partitions = partitions
        self._processes = tuple(Process(service, url) for service, url in processes)

    def short_for(self) -> dict[str, float]:
        """For how many seconds each service has held fewer partitions than there are."""
        now = self._clock()
        return {service: now - since for service, since in self._short.items()}

    def look(self) -> dict[str, Vitals]:
        """Every service as it was last heard. Somebody looks: the next round comes at once."""
        now = self._looked = self._clock()
        self._wanted.set()
        return {service: vitals(service, self._processes, now) for service in SERVICES}

    async def changes(self) -> AsyncIterator[None]:
        """One item after each round that found something else than the one before. Whoever listens is looking."""
        self._listeners += 1
        self._wanted.set()
        try:
            async for _ in self._bell.listen():
                yield
        finally:
            self._listeners -= 1

    async def run(self, client: httpx.AsyncClient) -> None:
        """Until cancelled."""
        try:
            while True:
                began = self._clock()
                self._wanted.clear()
                await asyncio.gather(*(self._ask(client, process) for process in self._processes))
                self._ring()
                await asyncio.sleep(max(0.0, EVERY - (self._clock() - began)))
                if not self._listeners and self._clock() - self._looked > LOOKED:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(AT_REST - EVERY):
                            await self._wanted.wait()
        finally:
            self._bell.close()

    async def _ask(self, client: httpx.AsyncClient, process: Process) -> None:
        process.asked(self._clock())
        try:
            answer = await client.get(f"{process.url}/metrics", params={"name[]": ASKED})
            answer.raise_for_status()
            process.told(self._clock(), numbers(answer.text))
        except (httpx.HTTPError, ValueError) as error:
            process.failed(refused=isinstance(error, httpx.ConnectError))

    def _ring(self) -> None:
        now = self._clock()
        seen = [vitals(service, self._processes, now) for service in SERVICES]
        self._short = {
            each.service: self._short.get(each.service, now) for each in seen if each.partitions < self._partitions
        }
        shown = [_face(each) for each in seen]
        if shown != self._shown:
            self._shown = shown
            self._bell.ring()


def _face(seen: Vitals) -> object:
    """What of a service is worth telling a page about: memory and processor time alone are not."""
    ages = (round(seen.silent_for), round(seen.oldest_unhandled), round(seen.oldest_effect))
    rates = tuple(sorted((name, round(rate, 1)) for name, rate in seen.rates.items() if "cpu" not in name[0]))
    moved = tuple(sorted(name for name in seen.moved if "cpu" not in name[0]))
    return (
        ages, rates, moved, tuple(seen.lag.items()), seen.silent, seen.partitions, seen.owed, seen.later,
        tuple(seen.deadlines.items()), tuple(seen.comebacks.items()),
    )  # fmt: skip


PULSE: Final = Pulse()
"""Of this process."""


async def keep_watching(floor: Floor) -> None:
    """The console's task: asks until cancelled. No proxy stands between processes of one deployment."""
    PULSE.begin(floor.settings.watched(), floor.settings.partitions)
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
        await PULSE.run(client)


def pulse() -> Pulse:
    """Dependency: the pulse of this process."""
    return PULSE
