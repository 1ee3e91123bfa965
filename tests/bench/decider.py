"""One service's decider against a bare consume-transform-produce loop that makes the same decisions and encodings."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.cause import Cause
from schemas.envelope import Draft, derived_id, parse
from schemas.intake import Challenge, SubmitRequest
from schemas.request import Order, Request
from schemas.vocabulary import Channel, Right
from services.intake import domain
from services.runtime.answer import written
from services.runtime.bus import producer
from services.runtime.chain import decode
from tests.bench.ground import Ground

PARTITIONS = 6
BARE = "bench.bare"


@dataclass(frozen=True)
class Deciding:
    """Events per second of the service and of the bare loop."""

    service: float
    bare: float

    @property
    def ratio(self) -> float:
        """How much of the bare loop's speed the safety leaves."""
        return self.service / self.bare


async def measure(ground: Ground, count: int) -> Deciding:
    """Fills intake's inbox with ``count`` submissions and lets the service, then the bare loop, answer them."""
    bootstrap = ground.broker.address
    await _fill(bootstrap, count)
    bare = await _bare(bootstrap, count)
    with ground.service("intake", 0):
        service = await _rate(bootstrap, topics.events("intake"), count)
    return Deciding(service, bare)


async def _fill(bootstrap: str, count: int) -> None:
    send = producer(bootstrap, "bench")
    await send.start()
    pending = []
    for number in range(count):
        draft = _submission(number)
        pending.append(await send.send(topics.inbox("intake"), key=draft.partitionkey.encode(), value=draft.encode()))
    await asyncio.gather(*pending)
    await send.stop()


def _submission(number: int) -> Draft:
    identity, person = derived_id("bench", str(number)), f"{number % (1 + number // 2 + 500):064x}"
    sealed = "sealed:v1:fulfilment:" + "A" * 220
    request = Request(
        id=identity,
        owner="alder-falls",
        client="bench",
        channel=Channel.API,
        received_at=datetime.now(UTC),
        person=person,
        orders=(
            Order(id=derived_id("a", identity), right=Right.ACCESS),
            Order(id=derived_id("d", identity), right=Right.DELETE, after=derived_id("a", identity)),
        ),
        contact=sealed,
    )
    challenge = Challenge(digest="d" * 64, token="sealed:v1:verification:" + "A" * 80)
    command = SubmitRequest(request=request, digest="e" * 64, challenge=challenge)
    return Draft(
        id=derived_id("submit", identity),
        source="bench",
        type=command.TYPE,
        time=written(datetime.now(UTC)),
        subject=identity,
        correlationid=identity,
        owner=request.owner,
        partitionkey=person,
        data=command.model_dump_json(exclude_none=True).encode(),
    )


async def _bare(bootstrap: str, count: int) -> float:
    """The same decisions and encodings without chain, positions, fences, cache or traces: nothing survives a crash."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(BARE, PARTITIONS, 1)])
    await admin.close()
    consumer = AIOKafkaConsumer(
        topics.inbox("intake"), bootstrap_servers=bootstrap, group_id="bench-bare", enable_auto_commit=False,
        auto_offset_reset="earliest", max_poll_records=500,
    )  # fmt: skip
    send = producer(bootstrap, "bench-bare")
    await consumer.start()
    await send.start()
    states: dict[str, domain.Person] = {}
    done = 0
    while done < count:
        batch = await consumer.getmany(timeout_ms=1000)
        pending = []
        for place, messages in batch.items():
            for message in messages:
                record = _transformed(message.value, states)
                pending.append(await send.send(BARE, key=message.key, value=record, partition=place.partition))
                done += 1
        await asyncio.gather(*pending)
        await consumer.commit()
    await consumer.stop()
    await send.stop()
    return await _rate(bootstrap, BARE, count)


def _transformed(raw: bytes, states: dict[str, domain.Person]) -> bytes:
    envelope = parse(raw)
    body = decode(envelope)
    assert body is not None
    state = states.get(envelope.partitionkey, domain.Person())
    event = domain.decide(state, Cause(envelope.id, envelope.time, envelope.subject, envelope.owner, body, Catalogue()))
    assert event is not None
    states[envelope.partitionkey] = domain.evolve(state, event)
    return Draft(
        id=derived_id("bare", envelope.id),
        source="bare",
        type=event.TYPE,
        time=written(envelope.time),
        subject=envelope.subject,
        causationid=envelope.id,
        correlationid=envelope.correlationid,
        owner=envelope.owner,
        partitionkey=envelope.partitionkey,
        data=event.model_dump_json(exclude_none=True).encode(),
    ).encode()


async def _rate(bootstrap: str, topic: str, count: int, within: float = 300) -> float:
    """Events per second between the first and the last record of ``topic``, by the times stamped on them."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    stamps: list[int] = []
    end = time.monotonic() + within
    while len(stamps) < count and time.monotonic() < end:
        found: Mapping[TopicPartition, list[object]] = await consumer.getmany(timeout_ms=500)
        for messages in found.values():
            stamps += [message.timestamp for message in messages if b'"data":' in message.value]  # type: ignore[attr-defined]
    await consumer.stop()
    assert len(stamps) >= count, f"{len(stamps)} of {count} answered"
    return count / ((max(stamps) - min(stamps)) / 1000)
