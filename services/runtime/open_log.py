"""A log of one partition that many append to. Whose parent is still the last is accepted; the others try again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.base import Fact
from schemas.envelope import Draft, Envelope, Malformed, sealed
from services.runtime.bus import Bus, BusUnavailable
from services.runtime.chain import decode, follows
from services.runtime.consumer import solitary

PATIENCE: Final = 10.0
"""Seconds an append may take in all, with every new attempt, before its caller is told to come back."""

Take = Callable[[Envelope, Fact], None]
"""Folds an accepted record."""

Compose = Callable[[str], Draft]
"""Makes a record, given the hash of its parent; the parent itself is filled in by the log."""

Propose = Callable[[], Sequence[Compose]]
"""What is to be appended as things stand now: asked again when somebody else was quicker. Nothing ends the append."""

log = structlog.get_logger()


class OpenLog:
    """Reads the log from its first record on, and writes at its end.

    Somebody must be in :meth:`run` while :meth:`append` is used: a record counts once it was read back, accepted.
    """

    def __init__(self, bootstrap: str, topic: str, take: Take) -> None:
        self._bootstrap, self._take_in = bootstrap, take
        self._place = TopicPartition(topic, 0)
        self._read = -1
        self._end: int | None = None
        self._turn = asyncio.Lock()
        self._moved = asyncio.Event()
        self._awaited: dict[str, bool] = {}
        self.head = ""

    @property
    def caught_up(self) -> bool:
        """True once everything that was in the log when reading began has been read."""
        return self._end is not None and self._read + 1 >= self._end

    async def run(self) -> None:
        """Reads on for ever; through the broker's absences too."""
        while True:
            try:
                async with self._consumer() as consumer:
                    while True:
                        await self._take(consumer)
            except KafkaError as error:
                log.warning("a log cannot be read; trying again", topic=self._place.topic, exc_info=error)
                await asyncio.sleep(1)

    async def read_to_end(self) -> None:
        """Reads what the log holds now, once. For commands that come and go."""
        async with self._consumer() as consumer:
            while not self.caught_up:
                await self._take(consumer)

    async def append(self, bus: Bus, propose: Propose) -> int:
        """Appends what ``propose`` gives, until all of it is accepted or it gives nothing; returns how many were.

        Raises :class:`BusUnavailable`: the records may be in the log or not, and whoever reads it sees which.
        """
        try:
            async with asyncio.timeout(PATIENCE), self._turn:
                await self._until(lambda: self.caught_up)
                return await self._append(bus, propose)
        except (KafkaError, TimeoutError) as error:
            raise BusUnavailable(type(error).__name__) from error

    async def _append(self, bus: Bus, propose: Propose) -> int:
        count = 0
        while proposed := propose():
            sent, last = await self._send(bus, proposed)
            await self._until(lambda: self._read >= last)  # noqa: B023 — awaited before the next round
            accepted = [self._awaited.pop(digest) for digest in sent]
            count += sum(accepted)
            if all(accepted):
                break
        return count

    async def _send(self, bus: Bus, proposed: Sequence[Compose]) -> tuple[list[str], int]:
        """The hashes of what was sent, each the parent of the next, and the last one's offset."""
        head, sent, last = self.head, list[str](), self._read
        for compose in proposed:
            draft = compose(head)
            raw, head = sealed(_with_parent(draft, head).encode())
            self._awaited[head] = False
            sent.append(head)
            last = await bus.write(self._place.topic, draft.partitionkey.encode(), raw)
        return sent, last

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._moved.clear()
            await self._moved.wait()

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        async with solitary(self._bootstrap) as consumer:
            consumer.assign([self._place])
            consumer.seek(self._place, self._read + 1)
            self._end = (await consumer.end_offsets([self._place]))[self._place]
            self._moved.set()
            yield consumer

    async def _take(self, consumer: AIOKafkaConsumer) -> None:
        batch = await consumer.getmany(timeout_ms=1000)
        for message in batch.get(self._place, ()):
            self._read = message.offset
            self._accept(message.value)
        self._moved.set()

    def _accept(self, raw: bytes | None) -> None:
        try:
            accepted = follows(raw, self.head)
            if accepted is None:
                return
            self.head = accepted.hash
            if accepted.hash in self._awaited:
                self._awaited[accepted.hash] = True
            body = decode(accepted)
        except Malformed:
            return  # the console reads such logs too, and parks it
        if body is not None:
            self._take_in(accepted, body)


def _with_parent(draft: Draft, parent: str) -> Draft:
    return replace(draft, extra={**draft.extra, "parent": parent})
