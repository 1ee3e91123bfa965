"""The broker stalls and is killed while people ask: doors say so in time, and everything comes back by itself."""

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from infra.demo.driver import OWNER
from infra.demo.residents import person_of
from tests.conftest import Running
from tests.support.audit import audit
from tests.support.load import driving

pytestmark = pytest.mark.stack

FIRST, REQUESTS = 480, 60
ANSWER_WITHIN = 6.0


async def test_a_stalled_and_killed_broker_loses_nothing_and_the_door_says_so(
    running: Running, say: Callable[[str], None]
) -> None:
    async with driving(running.world, FIRST, REQUESTS) as load:
        await load.reached(REQUESTS // 4)
        running.stack.pause("kafka")
        refused, took = await _asked(running)
        old = running.stack.kill("kafka")
        killed_at = time.monotonic()
        await asyncio.to_thread(running.stack.wait_restarted, "kafka", old)
        broker_back = time.monotonic() - killed_at
        ended = load.ended
        await load.reached(ended + 1)
        first = time.monotonic() - killed_at
        await load.finished()
    say(f"the door refused after {took:.1f} s; the broker was back {broker_back:.1f} s after its kill -9, ")
    say(f"the first request ended {first:.1f} s after it")
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["content-type"] == "application/problem+json"
    assert took < ANSWER_WITHIN
    assert await audit(running, load, say) == []


async def _asked(running: Running) -> tuple[httpx.Response, float]:
    """One more request at the JSON door, and how long its answer took."""
    person = person_of(OWNER, FIRST + REQUESTS)
    body = {"owner": OWNER, "rights": ["access"], "name": person.name, "email": person.email}
    began = time.monotonic()
    async with httpx.AsyncClient(timeout=20) as http:
        shown = await running.world.authorized(http)
        answer = await http.post(
            f"{running.world.services['intake']}/v1/requests",
            json=body,
            headers={"Idempotency-Key": str(uuid4()), **shown},
        )
    return answer, time.monotonic() - began
