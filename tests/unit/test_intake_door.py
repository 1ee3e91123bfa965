"""The loop behind the door on the bus: nothing is committed before it was handled, and nothing is passed over."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from aiokafka.errors import IllegalStateError, KafkaConnectionError
from opentelemetry.sdk.trace import TracerProvider

from services.runtime import door
from services.runtime.chain import Record
from services.runtime.telemetry import current_traceparent

TRACE = "0af7651916cd43dd8448eb211c80319c"


def raw(topic: str, offset: int, headers: tuple[tuple[str, bytes], ...] = ()) -> Any:
    return SimpleNamespace(
        topic=topic, partition=0, offset=offset, key=None, value=b"x", timestamp=1_700_000_000_000, headers=headers
    )


@dataclass
class Broker:
    """What the topics hold, and what the group has committed."""

    held: dict[str, list[Any]] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)
    away: int = 0
    subscriptions: list[tuple[str, ...]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)


class Consumer:
    """Reads :class:`Broker` as a member of the group would."""

    broker: ClassVar[Broker]

    def __init__(self, *topics: str, **_: Any) -> None:
        self._position = {topic: self.broker.committed.get(topic, 0) for topic in topics}
        self.broker.subscriptions.append(topics)

    async def start(self) -> None:
        if self.broker.away:
            self.broker.away -= 1
            raise KafkaConnectionError

    async def stop(self) -> None:
        pass

    async def getmany(self, *, max_records: int, **_: int) -> dict[str, list[Any]]:
        await asyncio.sleep(0)
        fetched = {t: self.broker.held.get(t, [])[at:][:max_records] for t, at in self._position.items()}
        for topic, records in fetched.items():
            self._position[topic] += len(records)
        return {topic: records for topic, records in fetched.items() if records}

    def seek(self, partition: str, offset: int) -> None:
        if partition in self.broker.lost:
            raise IllegalStateError
        self._position[partition] = offset

    async def commit(self, offsets: dict[str, int]) -> None:
        if self.broker.lost & set(offsets):
            raise IllegalStateError
        self.broker.committed |= offsets


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    Consumer.broker = Broker()
    monkeypatch.setattr(door, "AIOKafkaConsumer", Consumer)
    monkeypatch.setattr(door, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(door, "LOOK_SECONDS", 0.0)
    return Consumer.broker


async def until(done: Callable[[], bool], topics: Callable[[], set[str]], handle: door.Handle) -> None:
    reading = asyncio.create_task(door.at_least_once("nowhere:1", "group", topics, handle))
    try:
        async with asyncio.timeout(5):
            while not done():
                await asyncio.sleep(0)
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def test_records_are_handed_over_in_order_and_committed_when_handled(broker: Broker) -> None:
    broker.held = {"a": [raw("a", n) for n in range(3)], "b": [raw("b", 0)]}
    seen: list[tuple[str, int]] = []

    async def handle(record: Record) -> None:
        assert broker.committed.get(record.topic, 0) <= record.offset
        seen.append((record.topic, record.offset))

    await until(lambda: broker.committed == {"a": 3, "b": 1}, lambda: {"a", "b"}, handle)
    assert [offset for topic, offset in seen if topic == "a"] == [0, 1, 2]


async def test_what_could_not_be_handled_comes_again_and_nothing_behind_it_overtakes(broker: Broker) -> None:
    broker.held = {"a": [raw("a", n) for n in range(3)], "b": [raw("b", 0)]}
    seen: list[tuple[str, int]] = []

    async def handle(record: Record) -> None:
        seen.append((record.topic, record.offset))
        if seen.count(("a", 1)) < 3 and (record.topic, record.offset) == ("a", 1):
            raise RuntimeError("the broker is gone")

    await until(lambda: broker.committed == {"a": 3, "b": 1}, lambda: {"a", "b"}, handle)
    assert [offset for topic, offset in seen if topic == "a"] == [0, 1, 1, 1, 2]


async def test_a_partition_that_went_to_another_replica_is_let_go(broker: Broker) -> None:
    broker.held = {"a": [raw("a", 0)], "b": [raw("b", 0)]}
    broker.lost = {"a"}
    seen: list[str] = []

    async def handle(record: Record) -> None:
        seen.append(record.topic)
        if record.topic == "a":
            raise RuntimeError("no")

    await until(lambda: broker.committed == {"b": 1}, lambda: {"a", "b"}, handle)


async def test_a_broker_that_is_away_is_waited_for(broker: Broker) -> None:
    broker.away, broker.held = 3, {"a": [raw("a", 0)]}

    async def handle(record: Record) -> None:
        pass

    await until(lambda: broker.committed == {"a": 1}, lambda: {"a"}, handle)


async def test_a_topic_that_is_wanted_later_is_read_too(broker: Broker) -> None:
    broker.held = {"a": [raw("a", 0)], "b": [raw("b", 0)]}
    wanted: set[str] = set()

    async def handle(record: Record) -> None:
        wanted.add("b")

    asyncio.get_running_loop().call_soon(wanted.add, "a")
    await until(lambda: broker.committed == {"a": 1, "b": 1}, lambda: set(wanted), handle)
    assert broker.subscriptions == [("a",), ("a", "b")]


async def test_the_trace_of_whoever_published_goes_on(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opentelemetry.trace.get_tracer", TracerProvider().get_tracer)
    header = ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())
    broker.held = {"a": [raw("a", 0, (header,))]}
    seen: list[str] = []

    async def handle(_: Record) -> None:
        seen.append(current_traceparent())

    await until(lambda: bool(seen), lambda: {"a"}, handle)
    assert seen[0].split("-")[1] == TRACE
