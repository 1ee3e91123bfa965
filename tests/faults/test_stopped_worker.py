"""A worker that is stopped past its session wakes up and does not know that it owns nothing any more (law 3)."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import Running
from tests.support.audit import audit
from tests.support.backlog import pile_up
from tests.support.evidence import gather
from tests.support.group import Holding, until_held
from tests.support.load import driving

pytestmark = pytest.mark.stack

REQUESTS = 60
BACKLOG = 1500
"""Commands in each of its partitions when it is stopped: it is in the middle of something, and goes on with it."""

EVERYTHING = frozenset(range(6))


@contextmanager
def nobody_writing(home: Path) -> Iterator[None]:
    """While no process holds the write lock of a SQLite file: one that is stopped with it in hand stops all others."""
    with ExitStack() as held:
        for file in sorted((home / "sql").glob("*.db")):
            database = sqlite3.connect(file, timeout=30, isolation_level=None)
            held.callback(database.close)
            database.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize(("service", "first"), [("verifier", 300), ("executor", 420)])
async def test_a_worker_that_was_stopped_past_its_session_changes_nothing(
    running: Running, say: Callable[[str], None], service: str, first: int
) -> None:
    sleeper, other = f"{service}-1", f"{service}-0"
    before = await until_held(running.kafka, service, lambda held: _both_work(held, sleeper, other))
    async with driving(running.world, first, REQUESTS) as load:
        await load.reached(REQUESTS // 6)
        await pile_up(running.kafka, service, before[sleeper], BACKLOG)
        with nobody_writing(running.home):
            running.stack.pause(sleeper)
        try:
            await asyncio.sleep(0.5)  # what it had sent has landed
            meanwhile = await _written(running, service, before[sleeper])
            taken_over = await until_held(running.kafka, service, lambda held: held == {other: EVERYTHING})
            await load.reached(REQUESTS // 2)
            async with asyncio.timeout(60):  # else nobody wrote to its partitions
                while await _written(running, service, before[sleeper]) <= meanwhile:
                    await asyncio.sleep(0.5)
        finally:
            running.stack.resume(sleeper)
        after = await until_held(running.kafka, service, lambda held: _both_work(held, sleeper, other))
        await load.finished()
    say(f"{sleeper} held {set(before[sleeper])}, while it was stopped {other} held {set(taken_over[other])}, ")
    say(f"and afterwards {sleeper} {set(after[sleeper])}")
    assert await audit(running, load, say) == []


def _both_work(held: Holding, *names: str) -> bool:
    return all(held.get(name) for name in names) and frozenset().union(*held.values()) == EVERYTHING


async def _written(running: Running, service: str, partitions: frozenset[int]) -> int:
    """How many accepted events the service's log has in these partitions."""
    evidence = await gather(running.kafka, running.home)
    return sum(one.record.partition in partitions for one in evidence.events(service))
