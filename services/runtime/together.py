"""Many small writes as few large ones: what is asked for while one is under way goes into the next."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")


class Together(Generic[Item, Done]):
    """Hands items to ``write`` in a thread, at most ``most`` at once and one batch at a time, in the order they came.

    ``write`` blocks. It answers each item with a result or an exception, in order; what it raises, all of the batch
    raise. Whoever waits is told when the batch is done, so a result is as durable as ``write`` makes it.
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Sequence[Done | Exception]], most: int = 200, pace: float = 0.0
    ) -> None:
        """``pace`` is how many seconds lie between the beginnings of two batches at least: whoever comes alone does
        not wait for it, and of many, more share one write.
        """
        self._write, self._most, self._pace = write, most, pace
        self._begun = -pace
        self._waiting: list[tuple[Item, asyncio.Future[Done]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Done:
        """What became of ``item``. Raises what ``write`` answered it with, or raised."""
        mine: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, mine))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await mine

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                if (early := self._begun + self._pace - time.monotonic()) > 0:
                    await asyncio.sleep(early)
                self._begun = time.monotonic()
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                _tell(batch, await self._written([item for item, _ in batch]))
        finally:
            self._writing = None

    async def _written(self, items: Sequence[Item]) -> Sequence[Done | Exception]:
        try:
            return await asyncio.to_thread(self._write, items)
        except Exception as error:  # noqa: BLE001 — it is raised by everybody who waits
            return [error] * len(items)


def _tell(batch: Sequence[tuple[Item, "asyncio.Future[Done]"]], results: Sequence[Done | Exception]) -> None:
    for (_, waits), result in zip(batch, results, strict=True):
        if waits.done():
            continue  # whoever asked went away; what was written stands
        if isinstance(result, Exception):
            waits.set_exception(result)
        else:
            waits.set_result(result)
