"""One worker of a service without Kafka: the ledger's steps, each when a schedule says so, through the real floor."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from schemas import topics
from schemas.base import Fact
from schemas.cause import Effect
from schemas.envelope import Draft, Envelope, Malformed, derived_id
from services.runtime.aggregate import Aggregate, Stamp, decode, encode
from services.runtime.answer import Sealed, answer_to, event_record, passed, read_line, take, written
from services.runtime.cache import Mark
from services.runtime.chain import Record, follows
from services.runtime.fold import Folding
from services.runtime.part import Fenced, Part, Settled, Waiting, Written
from services.runtime.service import Service
from tests.support.facts import CATALOGUE, NOON

Do = Callable[[Effect], Fact]
"""Does an effect and returns its result."""


@dataclass
class Broker:
    """Topics of one partition, and the time of day. With an ``echo``, whatever reaches an inbox arrives twice."""

    echo: bool = False
    records: dict[str, list[bytes]] = field(default_factory=dict)
    now: datetime = NOON

    def append(self, topic: str, raw: bytes) -> int:
        """Takes a record; a moment passes. Returns its offset."""
        self.now += timedelta(milliseconds=1)
        log = self.records.setdefault(topic, [])
        log.append(raw)
        return len(log) - 1

    def post(self, to: str, said: Fact, id: str, about: Stamp, source: str = "test") -> None:  # noqa: A002
        """Puts a command or a result into a service's inbox, as the bus does."""
        draft = Draft(
            id=id,
            source=source,
            type=said.TYPE,
            time=written(self.now),
            subject=about.subject,
            causationid=about.event_id,
            correlationid=about.correlation or id,
            owner=about.owner,
            partitionkey=about.person_key,
            data=said.model_dump_json(exclude_none=True).encode(),
        )
        for _ in range(1 + self.echo):
            self.append(topics.inbox(to), draft.encode())

    def accepted(self, topic: str) -> list[tuple[int, Envelope]]:
        """What every reader of a log must see: its chain, read from the start by the rule alone."""
        head, found = "", []
        for offset, raw in enumerate(self.records.get(topic, ())):
            with suppress(Malformed):
                if (envelope := follows(raw, head)) is not None:
                    head = envelope.hash
                    found.append((offset, envelope))
        return found


@dataclass
class Disk:
    """The cache of a partition: bytes by name, and the mark."""

    service: Service
    mark: Mark = field(default_factory=Mark)
    states: dict[str, bytes] = field(default_factory=dict)

    def load(self, name: str) -> Aggregate | None:
        """The aggregate kept under a name."""
        raw = self.states.get(name)
        return decode(self.service, raw) if raw is not None else None

    def write(self, mark: Mark, changed: Mapping[str, Aggregate]) -> None:
        """States and mark, in one go."""
        self.mark = mark
        self.states.update({name: encode(self.service, aggregate) for name, aggregate in changed.items()})


class Station:
    """A worker from its recovery to its end. ``fenced`` once it found that somebody else wrote to its log."""

    def __init__(self, service: Service, broker: Broker, disk: Disk) -> None:
        self.service, self.broker, self.disk = service, broker, disk
        self.log = topics.events(service.name)
        self.fenced = False
        self._wanted = frozenset(message.TYPE for message in service.consumes)
        self._wire: deque[tuple[bytes, Future[int]]] = deque()
        self._silent = False
        self._reported: set[str] = set()
        self._owed: dict[str, tuple[tuple[Effect, ...], Stamp]] = {}
        self._recover()
        self.part = Part(0, disk.mark.head, dict(disk.mark.position), disk.mark.offset)

    def _recover(self) -> None:
        folding = Folding(self.service, self.disk.mark, self.disk.load)
        for offset, raw in enumerate(self.broker.records.get(self.log, ())):
            if offset > self.disk.mark.offset:
                folding.take(offset, raw)
        self.disk.write(folding.mark, folding.changed)
        for name in self.disk.states:
            aggregate = self.disk.load(name)
            assert aggregate is not None
            self._owe(name, aggregate)

    # -- steps ------------------------------------------------------------------------------------------------

    def steps(self, do: Do) -> list[Callable[[], object]]:
        """Everything this worker can do next."""
        steps: list[Callable[[], object]] = [partial(self.answer, topic) for topic in self.unread()]
        if self._wire:
            steps.append(self.land)
        return steps + [partial(self.act, do, number) for number in range(len(self.ready()))]

    def unread(self) -> list[str]:
        """The sources that hold something new."""
        known = self.broker.records
        return [one for one in self.service.sources if self.part.read(one).offset + 1 < len(known.get(one, ()))]

    def owed(self) -> list[tuple[Effect, Stamp]]:
        """What the settled states owe and this worker has not reported yet."""
        return [
            (effect, stamp)
            for effects, stamp in self._owed.values()
            for effect in effects
            if effect.id not in self._reported
        ]

    def answer(self, topic: str, offset: int | None = None) -> None:
        """Answers the next record of a source, or is handed an old one again."""
        before = self.part.read(topic)
        offset = before.offset + 1 if offset is None else offset
        if offset <= before.offset:
            return
        record = Record(topic, 0, offset, None, self.broker.records[topic][offset], self.broker.now)
        try:
            taken = take(record, before, self._wanted)
        except Malformed:
            self.part.position[topic] = passed(record, before)
            self._covers(topic, offset, silent=True)
            return
        self.part.position[topic] = taken.read
        if taken.envelope is None or taken.body is None:
            self._covers(topic, offset, silent=False)
            return
        name = self.service.aggregate(taken.envelope)
        aggregate = self.part.overlay.get(name) or self.disk.load(name)
        said = answer_to(taken.envelope, taken.body, self.service, aggregate, CATALOGUE)
        self._covers(topic, offset, silent=said is None)
        if said is not None:
            record_ = event_record(self.service, taken.envelope, said, aggregate, self.part.head, self.part.position)
            self._send(record_)

    def hush(self) -> bool:
        """Writes silence down if there is any."""
        if not self._silent:
            return False
        self._send(read_line(self.service, self.part.head, self.part.position, self.broker.now))
        return True

    def land(self) -> bool:
        """The broker takes the next record in flight, and says where it lies."""
        if not self._wire:
            return False
        raw, landed = self._wire.popleft()
        landed.set_result(self.broker.append(self.log, raw))
        try:
            self._settled(self.part.settle())
        except Fenced:
            self.fenced = True
        return True

    def ready(self) -> list[tuple[Effect, Stamp]]:
        """What is owed now."""
        now = self.broker.now
        return [each for each in self.owed() if each[0].not_before is None or each[0].not_before <= now]

    def act(self, do: Do, which: int = 0) -> bool:
        """Does one effect that is owed now, and reports it."""
        ready = self.ready()
        if not ready:
            return False
        effect, stamp = ready[which]
        name = self.service.name
        self.broker.post(name, do(effect), derived_id(name, effect.id, "result"), stamp, name)
        self._reported.add(effect.id)
        return True

    # -- the ledger's bookkeeping -----------------------------------------------------------------------------

    def _covers(self, topic: str, offset: int, *, silent: bool) -> None:
        self._silent = self._silent or silent
        self.part.queue.append(Waiting(lambda: (topic, offset)))

    def _send(self, record: Sealed) -> None:
        self._silent = False
        part = self.part
        part.head = record.head
        if record.aggregate is not None:
            part.overlay[record.name] = record.aggregate
        landed: Future[int] = Future()
        part.queue.append(Written(cast(Any, landed), record.head, dict(part.position), record.name, record.aggregate))
        self._wire.append((record.raw, landed))

    def _settled(self, done: Settled) -> None:
        if done.last is None:
            return
        for waiting in done.covered:
            topic, offset = cast("tuple[str, int]", waiting.acknowledge())
            assert offset <= done.last.position[topic].offset, "a cause was acknowledged before the log covers it"
        self.disk.write(Mark(done.offset, done.last.head, done.last.head, done.last.position), done.changed)
        for name, aggregate in done.steps:
            self._owe(name, aggregate)

    def _owe(self, name: str, aggregate: Aggregate) -> None:
        self._owed[name] = (tuple(self.service.due(aggregate.state)), aggregate.stamp)
