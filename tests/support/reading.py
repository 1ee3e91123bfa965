"""What read models are tested with: logs as they are written, a view that lists what it saw, a broker in memory."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, select

from schemas.envelope import Draft, sealed
from schemas.topics import events
from schemas.verifier import ProofRejected
from services.runtime.chain import Accepted, Record
from services.runtime.folder import Folder
from services.runtime.projection import View

VERIFIER, ROUTER = events("verifier"), events("router")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Log:
    """One partition being written: what is accepted, and what only lies about in it."""

    def __init__(self, topic: str = VERIFIER, partition: int = 0, salt: str = "") -> None:
        self.topic, self.partition, self.salt, self.head = topic, partition, salt, ""
        self.records: list[Record] = []

    def add(self, subject: str, tag: str = ProofRejected.TYPE, data: bytes = b'{"attempts_left":3}') -> Record:
        raw, self.head = sealed(self.draft(subject, tag, data, self.head).encode())
        return self.raw(raw)

    def read_line(self) -> Record:
        return self.add("", "dsr.verifier.read.v1", b"")

    def void(self, subject: str) -> Record:
        """A stale worker's record: well made, but its parent is not the last one."""
        return self.raw(sealed(self.draft(subject, ProofRejected.TYPE, b'{"attempts_left":1}', "0" * 64).encode())[0])

    def raw(self, raw: bytes | None) -> Record:
        record = Record(self.topic, self.partition, len(self.records), b"key", raw, NOW)
        self.records.append(record)
        return record

    def write(self, kind: str, subject: str) -> Record:
        """A record of one of the four kinds there can be: ``add``, ``void``, ``junk``, ``read``."""
        match kind:
            case "add":
                return self.add(subject)
            case "void":
                return self.void(subject)
            case "junk":
                return self.raw(b"junk")
            case _:
                return self.read_line()

    def draft(self, subject: str, tag: str, data: bytes, parent: str) -> Draft:
        return Draft(
            id=f"{self.topic}-{self.partition}-{len(self.records)}{self.salt}",
            source="verifier",
            type=tag,
            time=NOW.isoformat(),
            subject=subject,
            causationid=f"cause-{subject}",
            partitionkey="person-1",
            data=data,
            extra={"parent": parent},
        )


class Seen(View):
    """Lists the subject of every record it is given; chokes on one called ``poison``."""

    def __init__(self, name: str = "seen", topics: tuple[str, ...] = (VERIFIER,), *more: Column[Any]) -> None:
        self._name, self._topics, self._metadata = name, topics, MetaData()
        self.rows = Table(
            f"{name}_rows",
            self._metadata,
            Column("id", Integer, primary_key=True),
            Column("subject", String),
            Column("body", String),
            *more,
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def metadata(self) -> MetaData:
        return self._metadata

    @property
    def topics(self) -> tuple[str, ...]:
        return self._topics

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        row = {"subject": accepted.envelope.subject, "body": type(accepted.body).__name__}
        connection.execute(self.rows.insert().values(**row))
        if accepted.envelope.subject == "poison":
            raise KeyError("Rosa Okafor")

    def shown(self, database: Engine) -> list[str]:
        with database.connect() as connection:
            return list(connection.execute(select(self.rows.c.subject).order_by(self.rows.c.id)).scalars())


@dataclass
class Parked:
    """What was reported as unreadable."""

    told: list[tuple[int, str, str]] = field(default_factory=list)

    def __call__(self, record: Record, code: str, place: str) -> None:
        self.told.append((record.offset, code, place))


def loaded(database: Engine, view: View, *logs: Log) -> Folder:
    folder = Folder(database, view)
    folder.load([(log.topic, log.partition) for log in logs])
    return folder


def resumed(database: Engine, view: View, parked: Parked, *logs: Log) -> list[Accepted]:
    """A process starts, and is fed all that it asks for."""
    folder = loaded(database, view, *logs)
    folder.check(
        {(log.topic, log.partition): log.records[0].offset if log.records else 0 for log in logs},
        {(log.topic, log.partition): log.records[-1].offset + 1 if log.records else 0 for log in logs},
    )
    fed = [r for log in logs for r in log.records if r.offset >= (folder.resumes_at((log.topic, log.partition)) or 0)]
    return folder.apply(fed, parked)


class Broker:
    """Partitions in memory, and consumers of them that behave as aiokafka's do."""

    def __init__(self, *logs: Log) -> None:
        self.logs = {TopicPartition(log.topic, log.partition): log for log in logs}
        self.up, self.sessions, self.grown = True, 0, asyncio.Event()

    def grow(self) -> None:
        self.grown.set()

    def consumer(self) -> "FakeConsumer":
        return FakeConsumer(self)


class FakeConsumer:
    def __init__(self, broker: Broker) -> None:
        self.broker, self.at, self.topics = broker, dict[Any, int](), list[str]()

    def subscribe(self, topics: list[str]) -> None:
        self.topics = topics

    async def start(self) -> None:
        self.broker.sessions += 1
        if not self.broker.up:
            raise KafkaConnectionError("gone")
        if missing := set(self.topics) - {tp.topic for tp in self.broker.logs}:
            raise UnknownTopicOrPartitionError(*missing)

    async def stop(self) -> None:
        pass

    def assignment(self) -> frozenset[Any]:
        return frozenset(tp for tp in self.broker.logs if tp.topic in self.topics)

    def unsubscribe(self) -> None:
        self.topics = []

    async def beginning_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        return {tp: len(self.broker.logs[tp].records) for tp in partitions}

    def assign(self, partitions: list[Any]) -> None:
        self.at = dict.fromkeys(partitions, 0)

    def seek(self, partition: Any, offset: int) -> None:
        self.at[partition] = offset

    def highwater(self, partition: Any) -> int | None:
        return len(self.broker.logs[partition].records)

    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[Any, list[Any]]:
        if not self.broker.up:
            raise KafkaConnectionError("gone")
        fetched = {}
        for tp, at in self.at.items():
            new = self.broker.logs[tp].records[at : at + max_records]
            if new:
                fetched[tp] = [raw_of(record) for record in new]
                self.at[tp] = new[-1].offset + 1
        if not fetched:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_ms / 1000):
                    await self.broker.grown.wait()
            self.broker.grown.clear()
        return fetched


def raw_of(record: Record) -> Any:
    return SimpleNamespace(
        topic=record.topic, partition=record.partition, offset=record.offset, key=record.key, value=record.value,
        timestamp=int(record.recorded_at.timestamp() * 1000), headers=(("content-type", b"json"),),
    )  # fmt: skip
