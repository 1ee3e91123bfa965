"""kill -9 of everything, one after the other and two at once, while people ask: nothing is lost and nothing is done
twice.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import median

import pytest

from schemas import topics
from tests.conftest import Running
from tests.support.audit import audit
from tests.support.evidence import gather
from tests.support.load import driving

pytestmark = pytest.mark.stack

FIRST, REQUESTS = 100, 200
ROUNDS = (
    ("intake",), ("verifier",), ("router",), ("executor",), ("notifier",), ("console",), ("products",), ("mailbox",),
    ("verifier-1", "router"), ("intake", "executor-1"), ("executor", "products"), ("notifier", "mailbox"),
)  # fmt: skip
BACK_WITHIN = 15.0
"""Seconds from the kill to the first record that the service writes again. Once in a while it may take twice that, on
a machine that has other things to do: a process that starts needs a core for itself."""

Say = Callable[[str], None]
Kills = list[tuple[str, datetime]]


@pytest.mark.requirement("R08")
@pytest.mark.requirement("R11")
@pytest.mark.requirement("R44")
@pytest.mark.requirement("R47")
async def test_whatever_is_killed_every_request_ends_and_nothing_is_done_twice(running: Running, say: Say) -> None:
    kills: Kills = []
    async with driving(running.world, FIRST, REQUESTS) as load:
        for number, names in enumerate(ROUNDS, start=1):
            await load.reached(number * REQUESTS // (len(ROUNDS) + 4))
            kills += await _killed(running, names)
        await load.finished()
    assert await audit(running, load, say) == []
    took = await _back_after(running, kills)
    say(f"seconds until a service's log went on after kill -9: {took}")
    assert median(took.values()) <= BACK_WITHIN
    assert max(took.values()) <= 2 * BACK_WITHIN


async def _killed(running: Running, names: tuple[str, ...]) -> Kills:
    """Kills them, and waits until the supervisor has started others in their place."""
    old = {name: running.stack.kill(name) for name in names}
    at = datetime.now(UTC)
    for name, pid in old.items():
        await asyncio.to_thread(running.stack.wait_restarted, name, pid)
    return [(name, at) for name in names]


async def _back_after(running: Running, kills: Kills) -> Mapping[str, float]:
    """Kill → seconds until the service's log went on. Only for services that had been the only one of their kind."""
    evidence = await gather(running.kafka, running.home)
    took = {}
    for name, at in kills:
        if name in topics.SERVICES:
            later = [one.record.recorded_at for one in evidence.log(name) if one.record.recorded_at > at]
            took[f"{name} at {at:%H:%M:%S}"] = round((min(later) - at).total_seconds(), 1)
    return took
