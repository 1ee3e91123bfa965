"""How records that were fetched by the poll are answered: in order, with turns for everybody else, never too many."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.runtime import reader
from services.runtime.reader import FULL, Arrivals, Consumer


def message(offset: int, topic: str = "dsr.verifier.inbox") -> Any:
    return cast(Any, SimpleNamespace(topic=topic, offset=offset))


class Answering:
    """Somebody who answers, noting what came."""

    def __init__(self) -> None:
        self.answered: list[int] = []

    async def __call__(self, one: Any) -> None:
        self.answered.append(one.offset)


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals()


async def answered(arrivals: Arrivals, count: int) -> list[int]:
    """What is answered, up to ``count`` records."""
    answering = Answering()
    task = asyncio.create_task(arrivals.answer_each(answering))
    async with asyncio.timeout(5):
        while len(answering.answered) < count:
            await asyncio.sleep(0.001)
    task.cancel()
    return answering.answered


async def test_records_are_answered_in_the_order_of_their_arrival(arrivals: Arrivals) -> None:
    for offset in range(5):
        arrivals.put(message(offset))
    assert await answered(arrivals, 5) == [0, 1, 2, 3, 4]


async def test_no_more_is_fetched_while_too_many_wait(arrivals: Arrivals) -> None:
    for offset in range(FULL):
        assert arrivals.room.is_set()
        arrivals.put(message(offset))
    assert not arrivals.room.is_set()
    await answered(arrivals, 1)
    assert arrivals.room.is_set()


async def test_what_went_to_somebody_else_is_not_answered_here(arrivals: Arrivals) -> None:
    for offset in range(FULL):
        arrivals.put(message(offset))
    arrivals.clear()
    assert arrivals.room.is_set()
    arrivals.put(message(7))
    assert await answered(arrivals, 1) == [7]


async def test_a_long_queue_leaves_everybody_else_their_turn(
    arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "TURN", 0.0)
    for offset in range(100):
        arrivals.put(message(offset))
    answering, turns = Answering(), 0
    task = asyncio.create_task(arrivals.answer_each(answering))
    while len(answering.answered) < 100:
        await asyncio.sleep(0)
        turns += 1
    task.cancel()
    assert turns >= 99


class Bare(Consumer):
    """The consumer's own step, without Kafka beneath it."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.sources, self.arrivals = frozenset({"dsr.verifier.inbox"}), arrivals
        self._read_offset: dict[str, int | None] = {"place": None}
        self.elsewhere: list[int] = []
        self.gaps: list[tuple[int, int]] = []
        self.app = SimpleNamespace(topics=SimpleNamespace(acks_enabled_for=lambda _topic: True))
        self.suspend_flow = asyncio.Event()

    async def callback(self, one: Any) -> None:  # type: ignore[override]
        self.elsewhere.append(one.offset)

    async def wait_first(self, first: Any, *_others: Any) -> None:  # type: ignore[override]
        await first

    async def _add_gap(self, _place: Any, first: int, last: int) -> None:
        self.gaps.append((first, last))


async def test_a_record_that_was_read_before_is_passed_over_and_a_gap_is_noted(arrivals: Arrivals) -> None:
    consumer = Bare(arrivals)
    for offset in (3, 4, 2, 8):
        await consumer._take("place", message(offset))
    assert consumer.gaps == [(5, 8)]
    assert await answered(arrivals, 3) == [3, 4, 8]


async def test_the_logs_own_records_go_to_faust(arrivals: Arrivals) -> None:
    consumer = Bare(arrivals)
    await consumer._take("place", message(1, "dsr.verifier.events"))
    assert consumer.elsewhere == [1]
