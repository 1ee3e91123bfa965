"""A look inside the bus: `python -m infra.kafka.look` lists topics, `… look <topic> [how many]` shows its last records.

Reads KAFKA_BOOTSTRAP_SERVERS, or the local broker of HABEAS_PORT_BASE. It joins no group and moves no offset.
"""

import asyncio
import os
import sys

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from infra.kafka.broker import reachable
from infra.stack.layout import KAFKA, port_base_of
from infra.stack.refusal import Refusal

Layout = dict[str, list[TopicPartition]]


async def layout(bootstrap: str) -> Layout:
    """Every topic and its partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found = await admin.describe_topics()
    finally:
        await admin.close()
    return {
        each["topic"]: sorted(TopicPartition(each["topic"], partition["partition"]) for partition in each["partitions"])
        for each in found
    }


async def topics(consumer: AIOKafkaConsumer, known: Layout) -> None:
    for name, partitions in sorted(known.items()):
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        print(f"{sum(ends.values()) - sum(starts.values()):>9}  {len(partitions):>3} partitions  {name}")


async def last(consumer: AIOKafkaConsumer, partitions: list[TopicPartition], count: int) -> None:
    """The last `count` records of each partition."""
    consumer.assign(partitions)
    starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    for partition in partitions:
        consumer.seek(partition, max(starts[partition], ends[partition] - count))
    open_ = {partition for partition in partitions if ends[partition] > starts[partition]}
    while open_:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for each in records:
                said = (each.value or b"").decode(errors="replace")
                print(f"{each.partition}@{each.offset} {each.key!r} {said}")
        open_ = {partition for partition in open_ if await consumer.position(partition) < ends[partition]}


async def look(arguments: list[str]) -> None:
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or f"127.0.0.1:{port_base_of() + KAFKA}"
    if not await reachable(bootstrap):
        raise Refusal(f"No Kafka answers at {bootstrap}.")
    known = await layout(bootstrap)
    if arguments and arguments[0] not in known:
        raise Refusal(f"There is no topic {arguments[0]}; without an argument this lists them.")
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        if arguments:
            await last(consumer, known[arguments[0]], int(arguments[1]) if arguments[1:] else 5)
        else:
            await topics(consumer, known)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    try:
        asyncio.run(look(sys.argv[1:]))
    except Refusal as refusal:
        sys.exit(str(refusal))
