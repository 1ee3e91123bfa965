"""Load for tests of faults: made-up people's errands in the background, by people who try again when nobody answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from infra.demo.driver import ASKED, OWNER
from infra.demo.errand import Errand, Handler, World, client
from infra.demo.errand import run as walk
from infra.demo.patience import Patient
from infra.demo.residents import person_of

TOGETHER = 16
PERSISTENCE = 90.0
"""Seconds for which a person tries the same page again."""


@dataclass(slots=True)
class Load:
    """Errands under way. Progress is counted in errands that ended, rightly or not."""

    errands: Sequence[Errand]
    transport: Patient
    began: float = field(default_factory=time.monotonic)
    ended: int = 0
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def request_ids(self) -> list[str]:
        """The requests that were accepted at a door."""
        return [errand.request_id for errand in self.errands if errand.request_id]

    @property
    def troubles(self) -> list[str]:
        """What went wrong, errand by errand."""
        return [f"{one.number or one.request_id or one.person.n}: {one.trouble}" for one in self.errands if one.trouble]

    async def reached(self, ended: int, within: float = 240.0) -> None:
        """Waits until so many errands have ended. Raises TimeoutError."""
        async with asyncio.timeout(within), self._moved:
            await self._moved.wait_for(lambda: self.ended >= ended)

    async def finished(self, within: float = 300.0) -> None:
        """Waits for all of them. Raises TimeoutError."""
        await self.reached(len(self.errands), within)

    async def one_ended(self) -> None:
        """To be called when an errand has ended."""
        async with self._moved:
            self.ended += 1
            self._moved.notify_all()

    def summary(self) -> str:
        """A line for whoever reads the test's output."""
        took = time.monotonic() - self.began
        return f"{len(self.errands)} requests in {took:.0f} s; tried again after {dict(self.transport.setbacks)}"


@asynccontextmanager
async def driving(world: World, first: int, count: int, together: int = TOGETHER) -> AsyncIterator[Load]:
    """Walks the errands of residents ``first`` to below ``first + count`` while the block runs.

    Each resident asks once: tests take ranges of their own, for who was erased is not found again.
    """
    errands = [
        Errand(person_of(OWNER, n), ASKED[n % len(ASKED)], "page" if n % 2 else "api")
        for n in range(first, first + count)
    ]
    transport = Patient(PERSISTENCE)
    handler = Handler(world, OWNER, transport)
    places = asyncio.Semaphore(together)
    async with client(transport) as http:
        await handler.sign_in()
        await world.authorized(http)  # once for all who ask
        load = Load(errands, transport)

        async def one(errand: Errand) -> None:
            async with places:
                await walk(errand, world, handler, http)
            await load.one_ended()

        tasks = [asyncio.create_task(one(errand)) for errand in errands]
        try:
            yield load
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await handler.http.aclose()
