"""Many small writes as few large ones: in order, each with its own answer, and never two at a time."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from services.runtime.together import Together


async def test_what_comes_during_a_write_goes_into_the_next_in_order() -> None:
    batches: list[list[int]] = []
    go_on = threading.Event()

    def write(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        assert go_on.wait(5)
        return [item * 2 for item in items]

    together = Together(write)
    first = asyncio.create_task(together(0))
    while not batches:
        await asyncio.sleep(0)
    others = [asyncio.create_task(together(number)) for number in range(1, 6)]
    await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(first, *others) == [0, 2, 4, 6, 8, 10]
    assert batches == [[0], [1, 2, 3, 4, 5]]


async def test_a_batch_has_an_end() -> None:
    sizes: list[int] = []

    def write(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        return items

    together = Together(write, most=3)
    await asyncio.gather(*(together(number) for number in range(8)))
    assert max(sizes) <= 3
    assert sum(sizes) == 8


async def test_each_is_told_its_own_refusal_and_all_are_told_of_a_failure() -> None:
    def write(items: Sequence[int]) -> list[int | Exception]:
        if 9 in items:
            raise OSError
        return [ValueError() if item % 2 else item for item in items]

    together = Together(write)
    answers = await asyncio.gather(*(together(number) for number in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, ValueError, int]
    failed = await asyncio.gather(together(8), together(9), return_exceptions=True)
    assert [type(answer) for answer in failed] == [OSError, OSError]
    assert await together(4) == 4


async def test_whoever_goes_away_does_not_hold_up_the_others() -> None:
    together: Together[int, int] = Together(list)
    gone, stays = asyncio.create_task(together(1)), asyncio.create_task(together(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 2
    with pytest.raises(asyncio.CancelledError):
        await gone
