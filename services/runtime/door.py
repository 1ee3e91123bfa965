"""Reads topics that others write to, at least once: a record is committed only after it was handled."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IllegalStateError, KafkaError
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.runtime.chain import Record
from services.runtime.consumer import solitary
from services.runtime.projection import record_of

Handle = Callable[[Record], Awaitable[None]]
"""Returns when the record need not be read again. Whatever it raises, the record is handed over again later."""

LOOK_SECONDS: Final = 2.0
"""How often the wanted topics are asked for; one that has just been made is found within five seconds."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
AT_A_TIME: Final = 50
"""Records between two commits: how many may be handed over twice after a crash."""

_PROPAGATOR = TraceContextTextMapPropagator()
_log = structlog.get_logger("habeas.door")


async def read_below(bootstrap: str, group: str, topics: Callable[[], set[str]]) -> dict[TopicPartition, int]:
    """Partition → the first record the group has not handled yet. For trimming."""
    async with solitary(bootstrap) as consumer:
        places = [TopicPartition(name, at) for name in topics() for at in consumer.partitions_for_topic(name) or ()]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        committed = await admin.list_consumer_group_offsets(group, partitions=places)
    finally:
        await admin.close()
    return {place: found.offset for place, found in committed.items() if found.offset >= 0}


async def at_least_once(bootstrap: str, group: str, topics: Callable[[], set[str]], handle: Handle) -> None:
    """Hands every record of ``topics()`` to ``handle``, in order per partition, until cancelled.

    ``topics`` is asked again and again, so it may grow. No record is passed over: when the broker is gone or
    ``handle`` raises, reading is taken up again at the first record that was not handled. Replicas in one ``group``
    share the work.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            while not (wanted := topics()):
                await asyncio.sleep(LOOK_SECONDS)
            await _read(bootstrap, group, wanted, topics, handle)
        except KafkaError as error:
            _log.warning("the door cannot read; trying again", group=group, error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            pause = FIRST_PAUSE


async def _read(bootstrap: str, group: str, wanted: set[str], topics: Callable[[], set[str]], handle: Handle) -> None:
    """Reads until the wanted topics change."""
    consumer = AIOKafkaConsumer(
        *sorted(wanted),
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        metadata_max_age_ms=5000,
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    pause = FIRST_PAUSE
    try:
        while topics() == wanted:
            fetched = await consumer.getmany(timeout_ms=int(LOOK_SECONDS * 1000), max_records=AT_A_TIME)
            if await _hand_over(consumer, fetched, handle):
                pause = FIRST_PAUSE
            else:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
    finally:
        await consumer.stop()


async def _hand_over(consumer: Any, fetched: Mapping[Any, Sequence[Any]], handle: Handle) -> bool:
    """Handles what was fetched and commits it. False if a record is to be handed over again."""
    handled: dict[Any, int] = {}
    complete = True
    for partition, records in fetched.items():
        for raw in records:
            if not await _handled(record_of(raw), handle):
                complete = False
                _go_back(consumer, partition, raw.offset)
                break
            handled[partition] = raw.offset + 1
    if handled:
        await _commit(consumer, handled)
    return complete


async def _handled(record: Record, handle: Handle) -> bool:
    """True if ``handle`` returned. Its span goes on with the trace that the record's header names."""
    carrier = {name: text.decode("latin-1") for name, text in record.headers if name == "traceparent" and text}
    with trace.get_tracer("habeas").start_as_current_span(
        "door",
        context=_PROPAGATOR.extract(carrier),
        kind=SpanKind.CONSUMER,
        attributes={"messaging.destination.name": record.topic},
        record_exception=False,
        set_status_on_exception=False,
    ):
        try:
            await handle(record)
        except Exception as error:  # noqa: BLE001 — whatever went wrong, the record is not handled yet
            where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            _log.warning("a record is handed over again", **where, exc_info=error)
            return False
        return True


def _go_back(consumer: Any, partition: Any, offset: int) -> None:
    with suppress(IllegalStateError):  # the partition went to another replica, which begins at the commit
        consumer.seek(partition, offset)


async def _commit(consumer: Any, handled: Mapping[Any, int]) -> None:
    """A commit that fails costs a repetition, never a record."""
    try:
        await consumer.commit(dict(handled))
    except (KafkaError, IllegalStateError) as error:
        _log.info("a commit failed; some records will be handed over again", error=type(error).__name__)
