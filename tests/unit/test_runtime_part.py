"""Settling: what the broker has acknowledged, in the chain's order, and nothing that anybody else may have touched."""

import asyncio

import pytest

from schemas.envelope import Read
from services.runtime.aggregate import Aggregate, Stamp
from services.runtime.part import UNREAD, Fenced, Part, Waiting, Written

pytestmark = pytest.mark.asyncio


def stamped(event_id: str) -> Aggregate:
    return Aggregate(event_id, Stamp(event_id, "request-1", "person-1", "millbrook", "", ""))


class Desk:
    """A partition whose last settled offset is 9."""

    def __init__(self) -> None:
        self.part = Part(0, "head-9", {}, 9)
        self.acknowledged: list[str] = []

    def cause(self, name: str) -> None:
        self.part.queue.append(Waiting(lambda: self.acknowledged.append(name)))

    def write(self, head: str, name: str = "") -> "asyncio.Future[int]":
        landed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        aggregate = stamped(head) if name else None
        if aggregate:
            self.part.overlay[name] = aggregate
        self.part.queue.append(Written(landed, head, {"source": Read(1)}, name, aggregate))
        return landed

    def settle(self) -> list[str]:
        """Settles, and acknowledges what that covers. Returns the names of the changed aggregates."""
        done = self.part.settle()
        for cause in done.covered:
            cause.acknowledge()
        return sorted(done.changed)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


async def test_nothing_is_settled_before_the_broker_says_so(desk: Desk) -> None:
    desk.cause("a")
    desk.write("10", "one")
    assert desk.settle() == []
    assert desk.acknowledged == []
    assert desk.part.settled == 9
    assert "one" in desk.part.overlay


async def test_what_the_broker_acknowledged_is_settled_with_the_causes_it_covers(desk: Desk) -> None:
    desk.cause("a")
    desk.cause("b")
    desk.write("10", "one").set_result(10)
    assert desk.settle() == ["one"]
    assert desk.acknowledged == ["a", "b"]
    assert (desk.part.settled, desk.part.overlay, list(desk.part.queue)) == (10, {}, [])


async def test_only_the_prefix_is_settled_however_early_the_rest_landed(desk: Desk) -> None:
    desk.cause("a")
    first = desk.write("10", "one")
    desk.cause("b")
    desk.write("11", "two").set_result(11)
    assert desk.settle() == []
    first.set_result(10)
    assert desk.settle() == ["one", "two"]
    assert desk.acknowledged == ["a", "b"]


async def test_one_settling_ends_at_the_first_record_still_in_flight(desk: Desk) -> None:
    desk.write("10", "one").set_result(10)
    last = desk.write("11", "two")
    assert desk.settle() == ["one"]
    assert (desk.part.settled, desk.part.in_flight()) == (10, [last])


async def test_causes_after_the_last_record_stay_until_one_covers_them_in_their_order(desk: Desk) -> None:
    desk.cause("a")
    desk.write("10").set_result(10)
    desk.cause("silence 1")
    desk.cause("silence 2")
    desk.settle()
    assert desk.acknowledged == ["a"]
    desk.write("11").set_result(11)
    desk.settle()
    assert desk.acknowledged == ["a", "silence 1", "silence 2"]


async def test_what_was_settled_last_is_told_with_its_offset_and_position(desk: Desk) -> None:
    desk.write("10", "one").set_result(10)
    desk.write("11", "one").set_result(11)
    done = desk.part.settle()
    assert done.last is not None
    assert (done.offset, done.last.head, done.last.position) == (11, "11", {"source": Read(1)})
    assert done.changed["one"].state == "11"


@pytest.mark.parametrize("landed", [9, 11, 12])
async def test_a_record_that_did_not_land_right_behind_is_the_work_of_another(desk: Desk, landed: int) -> None:
    desk.cause("a")
    desk.write("10", "one").set_result(landed)
    with pytest.raises(Fenced):
        desk.settle()
    assert desk.acknowledged == []


async def test_a_gap_between_two_of_ones_own_is_the_work_of_another(desk: Desk) -> None:
    desk.write("10").set_result(10)
    desk.write("11").set_result(12)
    with pytest.raises(Fenced):
        desk.settle()


async def test_a_send_that_failed_raises_what_it_failed_with(desk: Desk) -> None:
    desk.cause("a")
    desk.write("10").set_exception(ConnectionError("gone"))
    with pytest.raises(ConnectionError, match="gone"):
        desk.settle()
    assert desk.acknowledged == []


async def test_an_aggregate_that_has_moved_on_stays_in_the_overlay(desk: Desk) -> None:
    desk.write("10", "one").set_result(10)
    desk.write("11", "one")
    desk.settle()
    assert desk.part.overlay["one"].state == "11"


async def test_nobody_has_read_a_source_that_is_not_in_the_position(desk: Desk) -> None:
    assert desk.part.read("elsewhere") is UNREAD
