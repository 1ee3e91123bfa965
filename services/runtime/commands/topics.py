"""``habeas topics``: the map of topics, and their creation."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from schemas.topics import PARKED, TOPICS, Topic, submissions
from services.runtime.preflight import partitions_by_topic
from services.runtime.settings import settings


def topics(create: bool) -> None:
    """Prints the map; with ``create`` makes what is missing first."""
    present = asyncio.run(_create_missing() if create else partitions_by_topic(settings().bootstrap))
    table = Table("topic", "what", "written by", "read by", "partitions", box=None, pad_edge=False)
    for topic in TOPICS:
        count = present.get(topic.name)
        table.add_row(
            topic.name,
            topic.meaning,
            ", ".join(topic.writers),
            ", ".join(topic.readers),
            str(count) if count else "missing",
        )
    Console().print(table)


def new_topic(topic: Topic, partitions: int, replication: int) -> NewTopic:
    """How a topic is made. Nothing is ever compacted; logs are kept for ever, and so is what was not read yet."""
    config = {
        "cleanup.policy": "delete",
        "retention.ms": str(int(topic.kept.total_seconds() * 1000)) if topic.name == PARKED and topic.kept else "-1",
        "max.message.bytes": str((2 if topic.name == PARKED else 1) << 20),
    }
    return NewTopic(topic.name, 1 if topic.one_partition else partitions, replication, topic_configs=config)


async def ensure_submissions(admin: AIOKafkaAdminClient, clients: list[str], partitions: int, replication: int) -> None:
    """Makes the submissions topics of registered clients that lack one. Intake trims what it has received."""
    present = await admin.list_topics()
    config = {"cleanup.policy": "delete", "retention.ms": "-1", "segment.ms": "3600000"}
    missing = [
        NewTopic(submissions(client), partitions, replication, topic_configs=config)
        for client in clients
        if submissions(client) not in present
    ]
    if missing:
        await admin.create_topics(missing)


async def _create_missing() -> dict[str, int]:
    here = settings()
    present = await partitions_by_topic(here.bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=here.bootstrap)
    await admin.start()
    try:
        replication = min(3, len(admin._client.cluster.brokers()))
        missing = [new_topic(topic, here.partitions, replication) for topic in TOPICS if topic.name not in present]
        if missing:
            await admin.create_topics(missing)
    finally:
        await admin.close()
    return await partitions_by_topic(here.bootstrap)
