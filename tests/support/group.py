"""Who holds which partitions of a service, as the broker tells it: the group's members by instance name."""

import asyncio
from collections.abc import Callable, Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from schemas import topics

Holding = Mapping[str, frozenset[int]]
"""Instance → the partitions of the service's inbox that it holds."""


async def holding(bootstrap: str, service: str) -> Holding:
    """As the broker sees it now; nobody while the group is being put together anew."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = (await admin.describe_consumer_groups([f"habeas-{service}"]))[0]
    finally:
        await admin.close()
    _, _, state, _, _, members, *_ = answer.groups[0]
    if state != "Stable":
        return {}
    return {member[0][:-37]: _partitions(member[4], topics.inbox(service)) for member in members}


async def until_held(
    bootstrap: str, service: str, holds: Callable[[Holding], bool], within: float = 30.0
) -> Holding:  # fmt: skip
    """Waits until the group is as wanted. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not (now := await holding(bootstrap, service)) or not holds(now):
            await asyncio.sleep(0.2)
    return now


def _partitions(assignment: bytes, topic: str) -> frozenset[int]:
    """A static member's id is its instance name, a dash and 36 characters of chance."""
    decoded = ConsumerProtocolMemberAssignment.decode(assignment)
    return frozenset(number for name, numbers in decoded.assignment for number in numbers if name == topic)
