"""The standard request, access and delete at three products with every letter: how many, how fast, at what cost."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.demo.errand import Errand, Handler, World, client, run
from infra.demo.residents import person_of
from infra.stack.handle import Stack
from schemas import topics
from services.runtime.reading import read_log
from tests.bench.ground import cpu_seconds

OWNER = "alder-falls"
RIGHTS = ("access", "delete")


@dataclass(frozen=True)
class Standard:
    """One series of standard requests. Times are from the submission to the end, both as stamped in the logs."""

    requests: int
    per_second: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float


async def series(stack: Stack, first: int, count: int, together: int) -> Standard:
    """``count`` people ask, ``together`` at a time, and are verified and approved through the public pages and APIs."""
    world = World.told(stack.run)
    errands = [Errand(person_of(OWNER, first + number), RIGHTS, "api") for number in range(count)]
    handler, places = Handler(world, OWNER), asyncio.Semaphore(together)
    before, began = cpu_seconds(stack.pids), time.monotonic()
    async with client() as http, handler.http:
        await handler.sign_in()
        await world.authorized(http)  # once for all who ask

        async def one(errand: Errand) -> None:
            async with places:
                await run(errand, world, handler, http)

        await asyncio.gather(*map(one, errands))
    took, after = time.monotonic() - began, cpu_seconds(stack.pids)
    trouble = [errand.trouble for errand in errands if errand.trouble]
    assert not trouble, trouble[:3]
    spans = sorted(await _spans(stack.run["kafka"], {errand.request_id for errand in errands}))
    assert len(spans) == count
    used = sum(after[name] - before[name] for name in before if name in after)
    return Standard(count, count / took, used / count * 1000, statistics.median(spans), _percentile(spans, 99))


async def _spans(kafka: str, requests: set[str]) -> list[float]:
    began: dict[str, datetime] = {}
    spans = []
    async for accepted in read_log(kafka, topics.events("intake"), topics.events("router")):
        subject, kind = accepted.envelope.subject, accepted.envelope.type
        if subject in requests and kind == "dsr.intake.request-received.v1":
            began[subject] = accepted.envelope.time
    async for accepted in read_log(kafka, topics.events("router")):
        subject, kind = accepted.envelope.subject, accepted.envelope.type
        if subject in requests and kind == "dsr.router.request-closed.v1":
            spans.append((accepted.record.recorded_at - began[subject]).total_seconds() * 1000)
    return spans


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, round(len(ordered) * percent / 100))]
