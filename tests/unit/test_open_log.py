"""A log that many append to: whoever comes second decides anew, and every reader agrees on what was accepted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from schemas.acts import SignedIn
from schemas.catalogue import Account, Catalogue
from schemas.topics import ACTS, CATALOGUE
from services.runtime import open_log
from services.runtime.accounts import changes
from services.runtime.accounts.changes import Refused
from services.runtime.acts import Recorder
from services.runtime.bus import Bus, BusUnavailable
from services.runtime.catalogue import Replica
from tests.support import builders as made


class Message:
    def __init__(self, offset: int, value: bytes) -> None:
        self.offset, self.value = offset, value


class Partition:
    """One partition of a broker, and its clients. ``rival`` writes between somebody's look and their record."""

    def __init__(self, topic: str) -> None:
        self.place, self.records = TopicPartition(topic, 0), list[bytes]()
        self.rivals: list[bytes] = []
        self.lost = False

    async def write(self, _topic: str, _key: bytes, raw: bytes) -> int:
        if self.lost:
            await asyncio.Event().wait()
        self.records += [self.rivals.pop(0)] if self.rivals else []
        self.records.append(raw)
        return len(self.records) - 1

    @asynccontextmanager
    async def solitary(self, _bootstrap: str) -> AsyncIterator["Reader"]:
        yield Reader(self)


class Reader:
    def __init__(self, partition: Partition) -> None:
        self._partition, self._next = partition, 0

    def assign(self, _places: list[TopicPartition]) -> None: ...

    def seek(self, _place: TopicPartition, offset: int) -> None:
        self._next = offset

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {place: len(self._partition.records) for place in places}

    async def getmany(self, **_: int) -> dict[TopicPartition, list[Message]]:
        await asyncio.sleep(0)
        new = [Message(n, raw) for n, raw in enumerate(self._partition.records) if n >= self._next]
        self._next += len(new)
        return {self._partition.place: new} if new else {}


@asynccontextmanager
async def reading(*logs: Any) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(log.run()) for log in logs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Partition:
    partition = Partition(CATALOGUE)
    monkeypatch.setattr(open_log, "solitary", partition.solitary)
    return partition


OWNER = made.an_owner("city")
ADMINS = tuple(made.an_account(n, owner="city", roles=("admin",), password_hash="set") for n in (1, 2))


def bus(partition: Partition) -> Bus:
    return cast("Bus", partition)


async def test_what_one_process_appends_every_process_sees(catalogue: Partition) -> None:
    one, other = Replica(""), Replica("")
    async with reading(one, other):
        assert await one.amend(bus(catalogue), lambda _: [OWNER, *ADMINS], "router") == 3
        assert await other.amend(bus(catalogue), lambda _: [OWNER, *ADMINS], "console") == 0
    assert one.current == other.current
    assert one.head == other.head


async def test_two_admins_who_deactivate_each_other_at_once_leave_one(catalogue: Partition) -> None:
    """What is decided is decided on what the first left, whoever was first."""
    first, second = ADMINS
    replicas = [Replica(""), Replica("")]
    async with reading(*replicas):
        await replicas[0].amend(bus(catalogue), lambda _: [OWNER, *ADMINS], "habeas")
        each = [
            replica.amend(bus(catalogue), partial(changes.deactivate, account_id=whom.id, by=by.id), "router")
            for replica, whom, by in zip(replicas, (first, second), (second, first), strict=True)
        ]
        outcomes = await asyncio.gather(*each, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "int"]
    assert sum(account.deactivated for account in replicas[0].current.accounts.values()) == 1
    assert replicas[0].current == replicas[1].current


async def test_a_record_that_came_second_is_void_and_written_again(catalogue: Partition) -> None:
    replica, rival = Replica(""), Replica("")
    async with reading(replica, rival):
        await replica.amend(bus(catalogue), lambda _: [OWNER], "habeas")
        catalogue.rivals = [await _as_rival(replica, ADMINS[0])]
        assert await replica.amend(bus(catalogue), lambda _: [ADMINS[1]], "router") == 1
    assert set(replica.current.accounts) == {account.id for account in ADMINS}
    assert len(catalogue.records) == 4, "owner, rival, void, written again"


async def _as_rival(replica: Replica, account: Account) -> bytes:
    from dataclasses import replace

    from schemas.envelope import sealed
    from services.runtime.catalogue import _draft

    return sealed(replace(_draft(account, "rival", replica.head), extra={"parent": replica.head}).encode())[0]


async def test_a_refusal_writes_nothing(catalogue: Partition) -> None:
    replica = Replica("")
    async with reading(replica):
        await replica.amend(bus(catalogue), lambda _: [OWNER, ADMINS[0]], "habeas")
        before = list(catalogue.records)
        with pytest.raises(Refused):
            await replica.amend(bus(catalogue), partial(changes.deactivate, account_id=ADMINS[0].id, by="x"), "router")
    assert catalogue.records == before


async def test_garbage_in_the_log_is_void_for_all(catalogue: Partition) -> None:
    catalogue.records = [b"not json", b"{}", b""]
    replica = Replica("")
    async with reading(replica):
        assert await replica.amend(bus(catalogue), lambda _: [OWNER], "habeas") == 1
    assert replica.current == Catalogue().with_entry(OWNER)


async def test_without_a_broker_the_caller_is_told_to_come_back(
    catalogue: Partition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_log, "PATIENCE", 0.05)
    replica = Replica("")
    async with reading(replica):
        catalogue.lost = True
        with pytest.raises(BusUnavailable):
            await replica.amend(bus(catalogue), lambda _: [OWNER], "habeas")


async def test_acts_of_many_at_once_are_all_in_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = Partition(ACTS)
    monkeypatch.setattr(open_log, "solitary", partition.solitary)
    recorders = [Recorder("", name) for name in ("router", "router", "console")]
    async with reading(*(recorder.log for recorder in recorders)):
        acts = [SignedIn(who=f"account-{n}", owner="city") for n in range(30)]
        await asyncio.gather(*(recorders[n % 3].record(bus(partition), act) for n, act in enumerate(acts)))
        seen = list[str]()
        reader = open_log.OpenLog("", ACTS, lambda _, act: seen.append(cast("SignedIn", act).who))
        await reader.read_to_end()
    assert sorted(seen) == sorted(act.who for act in acts)
