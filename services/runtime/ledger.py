"""The event-sourced table: a Faust table whose changelog is the service's event log, chained and fenced (laws 1-3)."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from faust import Table
from faust.types import TP, EventT, Message

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.envelope import Malformed, Read
from services.runtime import cache, metrics, telemetry
from services.runtime.aggregate import Aggregate
from services.runtime.answer import Sealed, answer_to, event_record, passed, read_line, take
from services.runtime.cache import Mark
from services.runtime.chain import Record
from services.runtime.comebacks import COMEBACKS
from services.runtime.fold import Folding, WrittenByNewer
from services.runtime.handling import HANDLED, Handled
from services.runtime.part import Fenced, Part, Settled, Waiting, Written
from services.runtime.positions import Place
from services.runtime.service import Service

SILENCE = 0.5
"""Seconds until silence is written down on its own, if no event has carried it by then."""

HELD_BACK = 5.0
"""Seconds after which the effects of a partition that was taken up begin, whatever its inbox still holds."""

log = structlog.get_logger()


def come_back(code: int, said: str, **facts: Any) -> None:
    """Ends the process at once, unsaid acknowledgements and all: recovery is the only way back in."""
    log.warning(said, **facts)
    COMEBACKS.note(code)
    telemetry.stop()
    os._exit(code)


FENCED, BROKEN = 75, 70


class Ledger(Table):  # type: ignore[misc]
    """What a service remembers. Nobody assigns to it: causes go in by :meth:`answer`, and the log is what comes out."""

    service: Service
    producer: AIOKafkaProducer
    policies: Callable[[], Catalogue]
    park: Callable[[Record, str, str], Awaitable[None]]
    on_owned: Callable[[int, Iterable[tuple[str, Aggregate]]], None]
    on_settled: Callable[[int, Iterable[tuple[str, Aggregate]]], None]
    on_lost: Callable[[], None]
    check_sources: Callable[[Mapping[int, Mark]], Awaitable[Mapping[int, int]]]
    """Refuses what retention has cut short; tells where the service's inbox ends, by partition."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.parts: dict[int, Part] = {}
        self._tenure = 0

    # -- live ---------------------------------------------------------------------------------------------------

    async def answer(self, message: Message) -> None:
        """Answers one record of a source. An exception must not leave: nothing above knows what to do with one."""
        try:
            await self._answer(message)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 — anything here means the outcome is unknown
            come_back(BROKEN, "could not answer a cause", exc_info=error)
        finally:
            HANDLED.set(None)

    async def _answer(self, message: Message) -> None:
        part = self.parts.get(message.partition)
        if part is None or message.generation_id != self.app.consumer_generation_id:
            return  # left over from an assignment that ended; its new owner reads it again
        before = part.read(message.topic)
        if message.offset <= before.offset:
            message.ack(self.app.consumer)
            return
        if message.offset != before.offset + 1:
            come_back(FENCED, "a source skipped records", topic=message.topic, after=before.offset, got=message.offset)
        record = Record(message.topic, message.partition, message.offset, message.key, message.value, _when(message))
        try:
            taken = take(record, before, self.service.wanted)
        except Malformed as reason:
            await self.park(record, reason.code, reason.place)
            await self._note(part, message, passed(record, before), silent=True)
            return
        if taken.envelope is None:
            metrics.VOID.labels(self.service.name, message.topic).inc()
        if taken.envelope is None or taken.body is None:
            await self._note(part, message, taken.read, silent=False)
            return
        HANDLED.set(Handled(taken.envelope.subject, taken.envelope.traceparent))
        async with part.lock:
            if self.parts.get(part.number) is not part:
                return
            part.move(message.topic, taken.read, message.timestamp or 0)
            aggregate = self._aggregate(part, self.service.aggregate(taken.envelope))
            try:
                said = answer_to(taken.envelope, taken.body, self.service, aggregate, self.policies())
            except Exception as error:
                log.error("decide raised", cause=taken.envelope.id, type=taken.envelope.type, exc_info=error)
                await self.park(record, "decide-raised", type(error).__name__)
                said = None
            part.queue.append(Waiting(partial(message.ack, self.app.consumer)))
            if said is None:
                metrics.SILENCES.labels(self.service.name).inc()
                self._keep_silence(part)
                return
            await self._send(
                part, event_record(self.service, taken.envelope, said, aggregate, part.head, part.position)
            )

    async def _note(self, part: Part, message: Message, read: Any, *, silent: bool) -> None:
        """A record that is nobody's cause: the position moves, and only what was parked needs to be written down."""
        async with part.lock:
            if self.parts.get(part.number) is part:
                part.move(message.topic, read, message.timestamp or 0)
                part.queue.append(Waiting(partial(message.ack, self.app.consumer)))
                if silent:
                    self._keep_silence(part)

    def _aggregate(self, part: Part, name: str) -> Aggregate | None:
        found = part.overlay.get(name)
        return found if found is not None else cache.read_state(self._db(part.number), self.service, name)

    async def _send(self, part: Part, record: Sealed) -> None:
        """Hands a record to the producer. The caller holds the part's lock: sends go out in the chain's order."""
        if part.silence is not None:
            part.silence.cancel()
            part.silence = None
        part.head = record.head
        if record.aggregate is not None:
            part.overlay[record.name] = record.aggregate
        landed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        written = Written(landed, record.head, dict(part.position), record.name, record.aggregate)
        part.queue.append(written)
        key = record.aggregate.stamp.person_key.encode() if record.aggregate else None
        sent = await self.producer.send(
            topics.events(self.service.name), key=key, value=record.raw, partition=part.number
        )
        sent.add_done_callback(lambda future: self._landed(part, landed, future))

    def _landed(self, part: Part, landed: "asyncio.Future[int]", sent: "asyncio.Future[Any]") -> None:
        if sent.cancelled() or sent.exception() is not None:
            come_back(BROKEN, "the broker did not take a record; its fate is unknown", partition=part.number)
        landed.set_result(sent.result().offset)
        if not part.settling:  # what landed together settles together
            part.settling = True
            asyncio.get_running_loop().call_soon(self._settle, part)

    def _keep_silence(self, part: Part) -> None:
        if part.silence is None:
            loop = asyncio.get_running_loop()
            part.silence = loop.call_later(SILENCE, lambda: loop.create_task(self._write_silence(part)))

    async def _write_silence(self, part: Part) -> None:
        HANDLED.set(None)  # it was begun by one cause, and speaks of several
        try:
            async with part.lock:
                if self.parts.get(part.number) is part and part.silence is not None:
                    await self._send(part, read_line(self.service, part.head, part.position, datetime.now(UTC)))
        except Exception as error:  # noqa: BLE001 — nobody waits for this task, and the head has moved on already
            come_back(BROKEN, "could not write silence down", exc_info=error)

    def _settle(self, part: Part) -> None:
        """Folds what the broker has acknowledged into the cache, acknowledges what it covers, owes what follows."""
        part.settling = False
        if self.parts.get(part.number) is not part:
            return
        try:
            self._fold(part, part.settle())
        except Fenced as fence:
            come_back(FENCED, "fenced", reason=str(fence))
        except Exception as error:  # noqa: BLE001 — the event loop would log it, and the next fold would hide the gap
            come_back(BROKEN, "could not fold what has landed", exc_info=error)

    def _fold(self, part: Part, done: Settled) -> None:
        if done.last is None:
            return
        mark = Mark(done.offset, done.last.head, done.last.head, done.last.position)
        cache.write(self._db(part.number), self.service, mark, done.changed, self.data.offset_key)
        for cause in done.covered:
            cause.acknowledge()
        if part.results_end is None:
            self.on_settled(part.number, done.steps)
        elif part.has_read(self._inbox, done.last.position):
            self._owe(part)

    def _owe(self, part: Part) -> None:
        """From here on the partition's effects are done, all that its states owe now to begin with."""
        if part.results_end is not None and self.parts.get(part.number) is part:
            part.results_end = None
            self.on_owned(part.number, self._owing(part.number))

    # -- recovery -----------------------------------------------------------------------------------------------

    def apply_changelog_batch(self, batch: Iterable[EventT]) -> None:
        """Folds recovered records through the acceptance rule. Faust swallows exceptions here, so none may leave."""
        try:
            by_partition: dict[int, list[Any]] = {}
            for event in batch:
                by_partition.setdefault(event.message.partition, []).append(event.message)
            for number, messages in by_partition.items():
                self._recover(number, messages)
        except WrittenByNewer as newer:
            come_back(BROKEN, "the log was written by a newer release; upgrade this one", found=str(newer))
        except Exception as error:  # noqa: BLE001 — see the docstring
            come_back(BROKEN, "recovery failed", exc_info=error)

    def _recover(self, number: int, messages: list[Any]) -> None:
        db = self._db(number)
        folding = Folding(self.service, cache.read_mark(db), lambda name: cache.read_state(db, self.service, name))
        for message in messages:
            folding.take(message.offset, message.value)
        if folding.void:
            metrics.VOID.labels(self.service.name, topics.events(self.service.name)).inc(folding.void)
        cache.write(db, self.service, folding.mark, folding.changed, self.data.offset_key)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Takes up the partitions assigned: their heads, positions, and every effect their states owe."""
        await super().on_recovery_completed(active_tps, standby_tps)
        tenure = self._tenure
        try:
            marks = {tp.partition: cache.read_mark(self._db(tp.partition)) for tp in active_tps}
            ends = await self.check_sources(marks)
            if tenure != self._tenure:
                return  # let go again meanwhile: the marks are old, and the partitions may be another's
            for number, mark in marks.items():
                self._take_up(Part(number, mark.head, dict(mark.position), mark.offset, results_end=ends[number]))
        except Exception as error:  # noqa: BLE001 — Faust does not look at what this callback raises
            come_back(BROKEN, "could not take up the partitions", exc_info=error)

    def _take_up(self, part: Part) -> None:
        """Effects wait until the results that were reported before are read: what those tell of is not done again."""
        self.parts[part.number] = part
        if part.has_read(self._inbox, part.position):
            self._owe(part)
        else:
            asyncio.get_running_loop().call_later(HELD_BACK, self._owe, part)

    @property
    def _inbox(self) -> str:
        return topics.inbox(self.service.name)

    def _owing(self, number: int) -> Iterable[tuple[str, Aggregate]]:
        db = self._db(number)
        for name in cache.owing(db):
            found = cache.read_state(db, self.service, name)
            if found is not None:
                yield name, found

    async def let_go(self) -> None:
        """Drops everything held of the partitions; what is in flight gets a moment to land first."""
        self._tenure += 1
        for part in self.parts.values():
            if part.silence is not None:
                part.silence.cancel()
        flying = [future for part in self.parts.values() for future in part.in_flight()]
        if flying:
            await asyncio.wait(flying, timeout=5)
        self.parts.clear()
        self.on_lost()

    def settled_positions(self) -> dict[int, Mapping[str, Read]]:
        """Partition → how far each source was read, as the log itself says."""
        return {number: cache.read_mark(self._db(number)).position for number in self.parts}

    # -- measured -----------------------------------------------------------------------------------------------

    def held(self) -> int:
        """How many partitions this worker answers for."""
        return len(self.parts)

    def reads(self) -> dict[Place, int]:
        """The next offset wanted of each source, in each partition held."""
        return {
            (topic, part.number): part.read(topic).offset + 1
            for part in self.parts.values()
            for topic in self.service.sources
        }

    def read_at(self) -> dict[Place, float]:
        """The time of the last record read of each source, in seconds, since the partition was taken up."""
        return {(topic, part.number): at for part in self.parts.values() for topic, at in part.read_at.items()}

    def _db(self, number: int) -> Any:
        return self.data._db_for_partition(number)


def _when(message: Any) -> datetime:
    return datetime.fromtimestamp(message.timestamp or 0, UTC)
