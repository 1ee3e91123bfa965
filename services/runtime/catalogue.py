"""The catalogue's log: every process keeps a replica of it in memory; whoever writes does so at the end of its
chain.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.catalogue import ENTRIES, Catalogue, Entry
from schemas.envelope import Draft, Malformed, derived_id, sealed
from schemas.topics import CATALOGUE
from services.runtime.answer import written
from services.runtime.bus import producer
from services.runtime.chain import decode, follows
from services.runtime.consumer import solitary

_PARTITION = TopicPartition(CATALOGUE, 0)

log = structlog.get_logger()


class Replica:
    """The catalogue as read so far. ``current`` is replaced as a whole; whoever holds one keeps a consistent view."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._head = ""
        self._end: int | None = None
        self._read = -1
        self.current = Catalogue()

    @property
    def caught_up(self) -> bool:
        """True once everything that was in the log at the start has been read."""
        return self._end is not None and self._read + 1 >= self._end

    @property
    def head(self) -> str:
        """The hash of the last accepted record: the parent of whatever is appended next."""
        return self._head

    async def run(self) -> None:
        """Reads on for ever; through the broker's absences too."""
        while True:
            try:
                await self._follow()
            except KafkaError as error:
                log.warning("the catalogue cannot be read; trying again", exc_info=error)
                await asyncio.sleep(1)

    async def read_to_end(self) -> Catalogue:
        """Reads what the log holds now, once. For commands that come and go."""
        async with self._consumer() as consumer:
            while not self.caught_up:
                await self._take(consumer)
        return self.current

    async def _follow(self) -> None:
        async with self._consumer() as consumer:
            while True:
                await self._take(consumer)

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        async with solitary(self._bootstrap) as consumer:
            consumer.assign([_PARTITION])
            consumer.seek(_PARTITION, self._read + 1)
            self._end = (await consumer.end_offsets([_PARTITION]))[_PARTITION]
            yield consumer

    async def _take(self, consumer: AIOKafkaConsumer) -> None:
        batch = await consumer.getmany(timeout_ms=1000)
        for message in batch.get(_PARTITION, ()):
            self._read = message.offset
            try:
                accepted = follows(message.value, self._head)
                if accepted is None:
                    continue
                self._head = accepted.hash
                entry = decode(accepted)
            except Malformed:
                continue  # the console reads this log too, and parks it
            if isinstance(entry, ENTRIES):
                self.current = self.current.with_entry(entry)


async def append(bootstrap: str, entries: Iterable[Entry], by: str) -> int:
    """Writes the entries that differ from what stands, at the end of the chain; returns how many.

    Two writers may race: the one whose parent is no longer the last finds its record void, and tries again.
    """
    wanted = list(entries)
    count = 0
    replica = Replica(bootstrap)
    send = producer(bootstrap, "catalogue")
    await send.start()
    try:
        current = await replica.read_to_end()
        while changed := [entry for entry in wanted if not _stands(current, entry)]:
            head = replica.head
            for entry in changed:
                raw, head = sealed(_draft(entry, head, by).encode())
                await send.send_and_wait(CATALOGUE, key=name_of(entry).encode(), value=raw, partition=0)
            count += len(changed)
            current = await replica.read_to_end()
    finally:
        await send.stop()
    return count


def name_of(entry: Entry) -> str:
    """The name under which an entry stands; a later one of the same kind and name replaces it."""
    return entry.slug if hasattr(entry, "slug") else entry.id


def _stands(catalogue: Catalogue, entry: Entry) -> bool:
    shelf = (catalogue.owners, catalogue.products, catalogue.accounts, catalogue.clients)[ENTRIES.index(type(entry))]
    return shelf.get(name_of(entry)) == entry


def _draft(entry: Entry, head: str, by: str) -> Draft:
    return Draft(
        id=derived_id("catalogue", head, type(entry).__name__, name_of(entry)),
        source=by,
        type=entry.TYPE,
        time=written(datetime.now(UTC)),
        owner=getattr(entry, "owner", "") or name_of(entry),
        partitionkey=name_of(entry),
        data=entry.model_dump_json().encode(),
        extra={"parent": head},
    )
