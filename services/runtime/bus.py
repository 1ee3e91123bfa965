"""The way onto the bus: commands and results to a service's inbox, acknowledged by the broker before anyone is told."""

import asyncio
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas import topics
from schemas.base import Fact
from schemas.envelope import Draft
from services.runtime.answer import written
from services.runtime.telemetry import current_traceparent

PATIENCE: Final = 5.0
"""Seconds a sender waits for the broker before telling its caller to come back."""


_CONTENT_TYPE: Final = ("content-type", b"application/cloudevents+json")


class BusUnavailable(Exception):  # noqa: N818 — a state, not a fault of ours
    """The broker did not acknowledge in time. The same command may be sent again: its id makes that safe."""


def producer(bootstrap: str, client: str) -> AIOKafkaProducer:
    """An idempotent producer: what it sends lands once and in order per partition, or its future fails.

    It waits two milliseconds for company: under load that makes one request of many records.
    """
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client,
        enable_idempotence=True,
        acks="all",
        max_batch_size=128 << 10,
        max_request_size=2 << 20,
        linger_ms=2,
    )


def new_cause_id() -> str:
    """A random id for a command that nobody will repeat."""
    return str(uuid4())


class Bus:
    """Sends what a door or an effect has to say. One per process."""

    def __init__(self, bootstrap: str, source: str) -> None:
        self._bootstrap = bootstrap
        self._source = source
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connects. Raises KafkaError when no broker answers."""
        self._producer = producer(self._bootstrap, f"{self._source}-bus")
        await self._producer.start()

    async def stop(self) -> None:
        """Sends what is still held, and closes."""
        if self._producer is not None:
            await self._producer.stop()

    async def send(
        self,
        command: Fact,
        *,
        to: str,
        subject: str,
        owner: str,
        person_key: str,
        id: str,  # noqa: A002 — the CloudEvents attribute
        correlation: str = "",
        causation: str = "",
    ) -> None:
        """Puts ``command`` into the inbox of service ``to`` and returns once the broker has it for good.

        Raises :class:`BusUnavailable` after five seconds without an acknowledgement.
        """
        draft = Draft(
            id=id,
            source=self._source,
            type=command.TYPE,
            time=written(datetime.now(UTC)),
            subject=subject,
            causationid=causation,
            correlationid=correlation or id,
            owner=owner,
            partitionkey=person_key,
            traceparent=current_traceparent(),
            data=command.model_dump_json(exclude_none=True).encode(),
        )
        await self.publish(topics.inbox(to), person_key.encode(), draft)

    async def publish(self, topic: str, key: bytes, draft: Draft) -> None:
        """Sends one record and waits for the broker's word. Raises :class:`BusUnavailable`."""
        headers = [_CONTENT_TYPE]
        if draft.traceparent:
            headers.append(("traceparent", draft.traceparent.encode()))
        assert self._producer is not None, "the bus is started before anything is sent"
        try:
            async with asyncio.timeout(PATIENCE):
                await self._producer.send_and_wait(topic, key=key, value=draft.encode(), headers=headers)
        except (KafkaError, TimeoutError) as error:
            raise BusUnavailable(type(error).__name__) from error

    async def write(self, topic: str, key: bytes, raw: bytes) -> int:
        """Writes one record of a log of one partition and returns its offset. Raises KafkaError."""
        assert self._producer is not None, "the bus is started before anything is sent"
        sent = await self._producer.send_and_wait(topic, key=key, value=raw, partition=0, headers=[_CONTENT_TYPE])
        offset: int = sent.offset
        return offset
