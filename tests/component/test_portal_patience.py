"""A program that would rather wait for a request to come into a state than ask again and again."""

import asyncio
import time
from pathlib import Path

import pytest

from services.router.portal.patience import LONGEST, patience
from tests.support.portal_world import World


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [("wait=7", 7), ("respond-async, wait=7", 7), ("wait = 9; x", 9), ("wait=900", LONGEST), ("", 0), ("wait=-1", 0),
     ("await=5", 0), ("wait=soon", 0)],
)  # fmt: skip
def test_what_a_header_prefers(prefer: str, seconds: float) -> None:
    assert patience(prefer) == seconds


WAITING = {"Prefer": "wait=5"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_the_answer_is_held_back_until_the_request_is_in_the_state_asked_for(world: World) -> None:
    request = await asyncio.to_thread(world.route, "alder")
    async with world.clerk("alder") as clerk:
        where = f"/portal/api/requests/{request.id}?until=closed"
        asking = asyncio.create_task(clerk.get(where, headers=WAITING))
        await asyncio.sleep(0.2)
        assert not asking.done()
        await asyncio.to_thread(world.instruct, request, "alder-handler")
        assert (await asking).json()["state"] == "closed"


async def test_a_request_that_is_not_there_yet_is_waited_for(world: World) -> None:
    first = await asyncio.to_thread(world.route, "alder")
    async with world.clerk("alder") as clerk:
        began = time.monotonic()
        there = await clerk.get(f"/portal/api/requests/{first.id}?until=deciding", headers=WAITING)
        assert (there.json()["state"], time.monotonic() - began < 2) == ("deciding", True)


async def test_when_the_patience_ends_the_answer_is_what_is_so_far(world: World) -> None:
    request = await asyncio.to_thread(world.route, "alder")
    async with world.clerk("alder") as clerk:
        answer = await clerk.get(f"/portal/api/requests/{request.id}?until=closed", headers={"Prefer": "wait=1"})
        assert (answer.status_code, answer.json()["state"]) == (200, "deciding")


@pytest.mark.requirement("R01")
async def test_another_owners_request_is_waited_for_like_one_that_never_was(world: World) -> None:
    theirs = await asyncio.to_thread(world.route, "dunmore")
    took = []
    async with world.clerk("alder") as clerk:
        for request_id in (theirs.id, "00000000-0000-5000-8000-000000000000"):
            began = time.monotonic()
            where = f"/portal/api/requests/{request_id}?until=deciding"
            assert (await clerk.get(where, headers={"Prefer": "wait=1"})).status_code == 404
            took.append(time.monotonic() - began)
    assert all(0.9 < seconds < 3 for seconds in took)
