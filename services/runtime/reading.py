"""Reads topics from their first record to where they end now, once: for commands that come and go."""

from collections.abc import AsyncIterator

from aiokafka import TopicPartition

from schemas.envelope import Malformed
from services.runtime.chain import Accepted, Record, decode, follows
from services.runtime.consumer import solitary
from services.runtime.projection import record_of

POLL_MS = 1000


async def read_to_end(bootstrap: str, *topics: str) -> AsyncIterator[Record]:
    """Every record below the ends that the topics had when reading began; in order within each partition.

    A topic that does not exist has no records. Raises KafkaError when no broker answers.
    """
    async with solitary(bootstrap) as consumer:
        places = [
            TopicPartition(topic, partition)
            for topic in topics
            for partition in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        if not places:
            return
        ends = await consumer.end_offsets(places)
        open_ = {place for place, first in (await consumer.beginning_offsets(places)).items() if first < ends[place]}
        consumer.assign(sorted(open_))
        while open_:
            fetched = await consumer.getmany(*open_, timeout_ms=POLL_MS)
            for place, records in fetched.items():
                for raw in records:
                    if raw.offset < ends[place]:
                        yield record_of(raw)
            done = {place for place in open_ if await consumer.position(place) >= ends[place]}
            if done:
                open_ -= done
                consumer.pause(*done)


async def read_log(bootstrap: str, *topics: str) -> AsyncIterator[Accepted]:
    """Every record of these logs that belongs to its chain (law 3), read lines among them.

    The body is None where there is none, and where it cannot be decoded. What is no envelope at all is passed over:
    who reads the log for good has parked it.
    """
    heads: dict[tuple[str, int], str] = {}
    async for record in read_to_end(bootstrap, *topics):
        place = (record.topic, record.partition)
        try:
            envelope = follows(record.value, heads.get(place, ""))
        except Malformed:
            continue
        if envelope is None:
            continue
        heads[place] = envelope.hash
        try:
            yield Accepted(record, envelope, decode(envelope))
        except Malformed:
            yield Accepted(record, envelope, None)
