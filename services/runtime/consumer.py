"""A consumer that belongs to no group: it reads what it is told to, and remembers nothing at the broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer


class Solitary(AIOKafkaConsumer):  # type: ignore[misc]
    """aiokafka's consumer, knowing every topic's partitions from the start and safe to stop right after it."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(
            bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def start(self) -> None:
        """Connects. Raises KafkaError when no broker answers."""
        await super().start()
        self._known = await self._client.fetch_all_metadata()

    async def stop(self) -> None:
        """Closes. aiokafka's own tasks must have begun before it can stop them without raising."""
        await asyncio.sleep(0)
        await super().stop()

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """The partitions a topic had at the start; None for one that did not exist."""
        found: set[int] | None = self._known.partitions_for_topic(topic)
        return found


@asynccontextmanager
async def solitary(bootstrap: str) -> AsyncIterator[Solitary]:
    """A started consumer, stopped at the end. Raises KafkaError when no broker answers."""
    consumer = Solitary(bootstrap)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
