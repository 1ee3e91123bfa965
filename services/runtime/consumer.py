"""A consumer that belongs to no group: it reads what it is told to, and remembers nothing at the broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer


def unstarted(bootstrap: str) -> AIOKafkaConsumer:
    """The consumer, for whoever starts and stops it."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
    )


@asynccontextmanager
async def solitary(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer, stopped at the end. Raises KafkaError when no broker answers."""
    consumer = unstarted(bootstrap)
    await consumer.start()
    try:
        yield consumer
    finally:
        await asyncio.sleep(0)  # aiokafka's own tasks must have begun before it can stop them without raising
        await consumer.stop()
