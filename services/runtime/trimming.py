"""Takes away what was read and has had its time. What nobody has read is never taken away, however old it is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import KafkaError

from services.runtime.consumer import solitary

EVERY: Final = 3600.0
"""Seconds between two rounds."""

ReadBelow = Callable[[], Awaitable[Mapping[TopicPartition, int]]]
"""Partition → the first offset its reader still needs."""

log = structlog.get_logger()


async def keep_trimming(bootstrap: str, kept: timedelta, read_below: ReadBelow) -> None:
    """Trims once an hour until cancelled. A round that fails is made up for by the next."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            await trim(bootstrap, await read_below(), datetime.now(UTC) - kept)
        except KafkaError as error:
            log.warning("trimming failed; the next round makes up for it", exc_info=error)


async def trim(bootstrap: str, read_below: Mapping[TopicPartition, int], before: datetime) -> dict[TopicPartition, int]:
    """Deletes the records that were read and are older than ``before``; returns where each partition begins now."""
    if not read_below:
        return {}
    async with solitary(bootstrap) as consumer:
        young = await consumer.offsets_for_times(dict.fromkeys(read_below, int(before.timestamp() * 1000)))
        first = await consumer.beginning_offsets(list(read_below))
    ends = {
        place: min(needed, found.offset) if (found := young[place]) is not None else needed
        for place, needed in read_below.items()
    }
    old = {place: RecordsToDelete(end) for place, end in ends.items() if end > first[place]}
    if not old:
        return {}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        trimmed: dict[TopicPartition, int] = await admin.delete_records(old)
    finally:
        await admin.close()
    return trimmed
