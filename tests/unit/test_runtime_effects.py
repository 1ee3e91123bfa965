"""The clock: every effect that is owed is done in its time, reported once, and dropped when it is owed no more."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas.base import Fact
from schemas.cause import Effect, TimePassed, Wake
from schemas.envelope import derived_id
from services.runtime import effects
from services.runtime.aggregate import Aggregate, Stamp
from services.runtime.bus import BusUnavailable
from services.runtime.effects import Clock
from services.runtime.floor import Floor
from tests.support.little import VERIFIER

SOON, NEVER = timedelta(milliseconds=40), timedelta(days=400)
STAMP = Stamp("event-1", "request-1", "person-1", "millbrook", "correlation-1", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring(Effect):
    """A bell is to be rung."""


class Rung(Fact):
    """It was."""

    effect_id: str


@dataclass
class Tower:
    """A service whose state is the list of what it owes, its world, and a bus that keeps what it is given."""

    begun: list[str] = field(default_factory=list)
    sent: "asyncio.Queue[tuple[Fact, dict[str, str]]]" = field(default_factory=asyncio.Queue)
    raises: int = 0
    away: int = 0
    held: asyncio.Event | None = None
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        service = replace(VERIFIER, name="tower", due=_itself, perform={Ring: self._ring})
        self.clock = Clock(service, cast(Floor, SimpleNamespace(bus=self)))

    async def _ring(self, effect: Ring, _floor: Floor) -> Rung:
        self.begun.append(effect.id)
        if self.raises:
            self.raises -= 1
            raise ConnectionError
        if self.held is not None:
            try:
                await self.held.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return Rung(effect_id=effect.id)

    async def send(self, command: Fact, **attributes: str) -> None:
        if self.away:
            self.away -= 1
            raise BusUnavailable
        self.sent.put_nowait((command, attributes))

    def owe(self, *owed: Effect, name: str = "request-1", partition: int = 0) -> None:
        """The state under a name has settled, and owes this now."""
        self.clock.settled(partition, [(name, Aggregate(owed, STAMP))])

    async def reported(self) -> Fact:
        """The next result on the bus."""
        return (await self.told())[0]

    async def told(self) -> tuple[Fact, dict[str, str]]:
        async with asyncio.timeout(5):
            return await self.sent.get()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Lets everybody else work until something holds."""
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0.001)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Tower"]:
        task = asyncio.create_task(self.clock.run())
        try:
            yield self
        finally:
            self.clock.let_go()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await _everybody_gone()


def _itself(state: Any) -> Iterable[Effect]:
    return cast(Iterable[Effect], state)


async def _everybody_gone() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def tower() -> AsyncIterator[Tower]:
    async with Tower().running() as built:
        yield built


async def test_what_is_owed_now_is_done_at_once(tower: Tower) -> None:
    tower.owe(Ring(id="a"), Ring(id="b", not_before=now() - timedelta(days=1)))
    assert {await tower.reported(), await tower.reported()} == {Rung(effect_id="a"), Rung(effect_id="b")}


async def test_an_effect_belongs_to_the_event_that_first_owed_it_also_where_several_settle_in_one_go(
    tower: Tower,
) -> None:
    later = replace(STAMP, event_id="event-2")
    both = (Ring(id="a"), Ring(id="b"))
    tower.clock.settled(0, [("request-1", Aggregate(both[:1], STAMP)), ("request-1", Aggregate(both, later))])
    told = [await tower.told(), await tower.told()]
    assert {(fact.effect_id, said["causation"]) for fact, said in told} == {("a", STAMP.event_id), ("b", "event-2")}


async def test_a_result_is_a_cause_that_names_the_event_behind_it(tower: Tower) -> None:
    tower.owe(Ring(id="a"))
    assert (await tower.told())[1] == {
        "to": "tower",
        "subject": "request-1",
        "owner": "millbrook",
        "person_key": "person-1",
        "id": derived_id("tower", "a", "result"),
        "correlation": "correlation-1",
        "causation": "event-1",
    }


async def test_nothing_is_done_before_its_time(tower: Tower) -> None:
    at = now() + SOON
    tower.owe(Ring(id="never", not_before=now() + NEVER), Ring(id="soon", not_before=at))
    assert await tower.reported() == Rung(effect_id="soon")
    assert now() >= at
    assert tower.begun == ["soon"]


async def test_what_comes_later_but_is_due_earlier_is_done_earlier(tower: Tower) -> None:
    tower.owe(Ring(id="second", not_before=now() + SOON * 2), name="one")
    tower.owe(Ring(id="first", not_before=now() + SOON), name="two")
    assert [await tower.reported(), await tower.reported()] == [Rung(effect_id="first"), Rung(effect_id="second")]


async def test_a_new_effect_wakes_a_clock_that_waits_for_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    patience = asyncio.timeout
    monkeypatch.setattr(asyncio, "timeout", lambda left: patience(None if left == 1.0 else left))
    async with Tower().running() as tower:
        await asyncio.sleep(0.001)
        tower.owe(Ring(id="a", not_before=now() + SOON))
        assert await tower.reported() == Rung(effect_id="a")


async def test_what_is_owed_no_more_is_not_done(tower: Tower) -> None:
    tower.owe(Ring(id="dropped", not_before=now() + SOON))
    tower.owe()
    tower.owe(Ring(id="kept", not_before=now() + SOON * 2), name="another")
    assert await tower.reported() == Rung(effect_id="kept")
    assert tower.begun == ["kept"]


async def test_what_is_under_way_is_cancelled_when_it_is_owed_no_more(tower: Tower) -> None:
    tower.held = asyncio.Event()
    tower.owe(Ring(id="a"))
    await tower.until(lambda: tower.begun == ["a"])
    tower.owe()
    await asyncio.wait_for(tower.cancelled.wait(), 5)
    assert tower.sent.empty()


async def test_only_the_aggregate_that_changed_is_looked_at(tower: Tower) -> None:
    tower.owe(Ring(id="a", not_before=now() + SOON), name="one")
    tower.owe(name="two")
    assert await tower.reported() == Rung(effect_id="a")


async def test_what_was_reported_is_not_done_again_while_it_is_still_owed(tower: Tower) -> None:
    tower.owe(Ring(id="a"))
    await tower.reported()
    tower.owe(Ring(id="a"))
    tower.owe(Ring(id="a"), Ring(id="b"))
    assert await tower.reported() == Rung(effect_id="b")
    assert tower.begun == ["a", "b"]


async def test_what_is_owed_anew_after_it_was_not_is_done_anew(tower: Tower) -> None:
    tower.owe(Ring(id="a"))
    await tower.reported()
    tower.owe()
    tower.owe(Ring(id="a"))
    assert await tower.reported() == Rung(effect_id="a")


async def test_what_raises_is_tried_again(tower: Tower, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "FIRST_PAUSE", 0.001)
    tower.raises = 3
    tower.owe(Ring(id="a"))
    assert await tower.reported() == Rung(effect_id="a")
    assert tower.begun == ["a"] * 4


async def test_what_raises_holds_up_nobody_else(tower: Tower) -> None:
    tower.raises = 1
    tower.owe(Ring(id="a"), Ring(id="b"))
    assert await tower.reported() == Rung(effect_id="b")


async def test_a_result_the_bus_did_not_take_is_reported_later_and_not_done_again(
    tower: Tower, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _seconds: patient(0.001))
    tower.away = 2
    tower.owe(Ring(id="a"))
    assert await tower.reported() == Rung(effect_id="a")
    assert tower.begun == ["a"]


async def test_a_wake_is_answered_by_time_itself(tower: Tower) -> None:
    at = now() + SOON
    tower.owe(Wake(id="at once"), Wake(id="later", not_before=at))
    assert await tower.reported() == TimePassed(effect_id="at once")
    assert await tower.reported() == TimePassed(effect_id="later")
    assert now() >= at


async def test_a_partition_that_went_away_takes_its_effects_with_it(tower: Tower) -> None:
    tower.held = asyncio.Event()
    tower.owe(Ring(id="under way"))
    tower.owe(Ring(id="waiting", not_before=now() + SOON), name="another")
    await tower.until(lambda: tower.begun == ["under way"])
    tower.clock.let_go()
    await asyncio.wait_for(tower.cancelled.wait(), 5)
    tower.held = None
    tower.owe(Ring(id="of the next assignment", not_before=now() + SOON * 2))
    assert await tower.reported() == Rung(effect_id="of the next assignment")
    assert tower.begun == ["under way", "of the next assignment"]


async def test_a_partition_taken_up_starts_with_what_its_states_owe(tower: Tower) -> None:
    tower.owe(Ring(id="from before", not_before=now() + SOON))
    tower.clock.take_up(0, [("request-2", Aggregate((Ring(id="recovered"),), STAMP))])
    tower.owe(Ring(id="last", not_before=now() + SOON * 2), name="another")
    assert [await tower.reported(), await tower.reported()] == [Rung(effect_id="recovered"), Rung(effect_id="last")]
    assert tower.begun == ["recovered", "last"]


async def test_the_same_effect_of_two_partitions_is_told_apart(tower: Tower) -> None:
    tower.owe(Ring(id="a"), partition=0)
    tower.owe(Ring(id="a"), partition=1)
    assert [await tower.reported(), await tower.reported()] == [Rung(effect_id="a")] * 2


async def test_no_more_are_under_way_at_a_time_than_one_process_may(tower: Tower) -> None:
    tower.held = asyncio.Event()
    tower.owe(*(Ring(id=str(number)) for number in range(effects.AT_ONCE + 5)))
    await tower.until(lambda: len(tower.begun) == effects.AT_ONCE)
    tower.held.set()
    for _ in range(effects.AT_ONCE + 5):
        await tower.reported()
