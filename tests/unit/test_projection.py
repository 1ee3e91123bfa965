"""The reader of a process: catches up, tells who waits, outlives the broker, and begins anew where a log was lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from sqlalchemy import Engine

from schemas.verifier import ProofRejected
from services.runtime import projection
from services.runtime.chain import Record
from services.runtime.database import engine
from services.runtime.projection import Projector, View
from tests.support.reading import NOW, VERIFIER, Broker, Log, Seen


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    opened = engine(f"sqlite:///{tmp_path}/views.db")
    yield opened
    opened.dispose()


@asynccontextmanager
async def running(
    database: Engine, broker: Broker, *views: View, on_malformed: projection.OnMalformed | None = None
) -> AsyncIterator[Projector]:
    async def unexpected(_record: Record, code: str, _place: str) -> None:
        raise AssertionError(code)

    projector = Projector(database, views, broker.consumer, on_malformed or unexpected)
    task = asyncio.create_task(projector.run())
    try:
        yield projector
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(projection, "LAST_RETRY", 0.02)
    monkeypatch.setattr(projection, "POLL_MS", 20)


async def test_the_projector_catches_up_and_then_knows_no_lag(database: Engine) -> None:
    log, two, view = Log(), Log(partition=1), Seen()
    log.add("a"), two.add("b"), two.void("stale")
    projector = Projector(database, [view], Broker(log, two).consumer, lambda *_: asyncio.sleep(0))
    assert not projector.caught_up()
    async with running(database, Broker(log, two), view) as projector:
        await until(projector.caught_up)
        assert sorted(view.shown(database)) == ["a", "b"]
        assert projector.lag() == {VERIFIER: 0}


async def test_without_views_there_is_nothing_to_catch_up_with(database: Engine) -> None:
    async with running(database, Broker()) as projector:
        assert projector.caught_up()


async def test_who_expects_an_event_is_told_once_its_rows_are_there(database: Engine) -> None:
    log, view = Log(), Seen()
    broker = Broker(log)
    async with running(database, broker, view) as projector:
        waiter = projector.expect("cause-a")
        log.add("a")
        broker.grow()
        accepted = await waiter.wait(30)
        assert accepted is not None
        assert (accepted.envelope.subject, accepted.body) == ("a", ProofRejected(attempts_left=3))
        assert accepted.record.recorded_at == NOW
        assert view.shown(database) == ["a"]
        assert await waiter.wait(0) is accepted


async def test_who_expects_an_event_that_does_not_come_is_told_nothing_and_leaves_no_trace(database: Engine) -> None:
    async with running(database, Broker(Log()), Seen()) as projector:
        assert await projector.answered("cause-x", timeout=0.01) is None
        dropped = projector.expect("cause-y")
        assert len(projector._waiters) == 1
        del dropped
        assert len(projector._waiters) == 0


async def test_who_waits_for_a_subject_is_told_of_the_next_event_and_then_of_the_next(database: Engine) -> None:
    log = Log()
    broker = Broker(log)
    async with running(database, broker, Seen()) as projector:
        first = projector.about("a")
        log.add("b")
        log.add("a")
        broker.grow()
        assert await first.wait(30) is not None
        second = projector.about("a")
        assert second is not first
        assert await second.wait(0.01) is None


async def test_two_who_wait_for_the_same_event_are_both_told(database: Engine) -> None:
    log = Log()
    broker = Broker(log)
    async with running(database, broker, Seen()) as projector:
        waits = [asyncio.create_task(projector.answered("cause-a", 30)) for _ in range(2)]
        await asyncio.sleep(0)
        log.add("a")
        broker.grow()
        assert all(await asyncio.gather(*waits))


async def test_open_pages_hear_of_events_and_not_of_read_lines(database: Engine) -> None:
    log, view = Log(), Seen()
    broker = Broker(log)
    async with running(database, broker, view) as projector:
        changes = projector.changes()
        heard = asyncio.ensure_future(anext(changes))
        await until(projector.caught_up)
        log.read_line()
        await until(lambda: projector.lag() == {VERIFIER: 0} and view.shown(database) == [""])
        assert not heard.done()
        log.add("a")
        broker.grow()
        await asyncio.wait_for(heard, 30)
        ends = asyncio.ensure_future(_rest(changes))
        await asyncio.sleep(0)
    assert await asyncio.wait_for(ends, 30) == 0


async def _rest(changes: AsyncIterator[None]) -> int:
    return len([None async for _ in changes])


async def test_the_broker_may_go_and_come_back_and_that_is_logged_once(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, view = Log(), Seen()
    broker = Broker(log)
    lines: list[str] = []
    log.add("a")
    async with running(database, broker, view) as projector:
        monkeypatch.setattr(projector, "_log", _Lines(lines))
        await until(projector.caught_up)
        broker.up, before = False, broker.sessions
        await until(lambda: broker.sessions > before + 3)
        log.add("b")
        broker.up = True
        await until(lambda: view.shown(database) == ["a", "b"])
        await until(lambda: len(lines) == 2)
    assert lines == ["read-models-wait", "read-models-go-on"]


@dataclass
class _Lines:
    lines: list[str]

    def warning(self, line: str, **_: object) -> None:
        self.lines.append(line)

    info = warning


async def test_a_topic_that_is_not_there_yet_is_waited_for(database: Engine) -> None:
    broker, log, view = Broker(), Log(), Seen()
    async with running(database, broker, view) as projector:
        await until(lambda: broker.sessions > 1)
        assert not projector.caught_up()
        log.add("a")
        broker.logs[TopicPartition(VERIFIER, 0)] = log
        await until(lambda: view.shown(database) == ["a"])


async def test_a_lost_log_is_read_anew_at_the_next_start(database: Engine) -> None:
    log, other, view = Log(), Log(salt="'"), Seen()
    log.add("a"), log.add("b")
    async with running(database, Broker(log), view) as projector:
        await until(projector.caught_up)
    for subject in "xyz":
        other.add(subject)
    async with running(database, Broker(other), view) as projector:
        await until(lambda: view.shown(database) == ["x", "y", "z"])
        await until(projector.caught_up)


async def test_a_log_cut_short_is_read_anew_at_the_next_start(database: Engine) -> None:
    log, shorter, view = Log(), Log(salt="'"), Seen()
    log.add("a"), log.add("b")
    async with running(database, Broker(log), view) as projector:
        await until(projector.caught_up)
    shorter.add("x")
    async with running(database, Broker(shorter), view):
        await until(lambda: view.shown(database) == ["x"])


async def test_what_is_malformed_is_parked_once_for_all_views_and_before_the_position_moves(database: Engine) -> None:
    log, one, two = Log(), Seen("one"), Seen("two")
    log.add("a"), log.raw(b"junk"), log.add("b")
    told: list[tuple[int, str, list[str]]] = []
    failures = iter([True])

    async def park(record: Record, code: str, _place: str) -> None:
        if next(failures, False):
            raise ConnectionError("the first time, there is no broker")
        told.append((record.offset, code, one.shown(database)))

    async with running(database, Broker(log), one, two, on_malformed=park) as projector:
        await until(projector.caught_up)
    assert told == [(1, "not-a-cloudevent", [])]
    assert one.shown(database) == two.shown(database) == ["a", "b"]


async def test_a_view_that_lags_gets_what_it_lacks_without_troubling_the_others(database: Engine) -> None:
    log, early, late = Log(), Seen("early"), Seen("late")
    for number in range(1200):
        log.add(str(number))
    async with running(database, Broker(log), early) as projector:
        await until(projector.caught_up)
    log.add("last")
    async with running(database, Broker(log), early, late) as projector:
        await until(projector.caught_up)
    assert early.shown(database) == late.shown(database) == [*map(str, range(1200)), "last"]
