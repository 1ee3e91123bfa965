"""What was read is taken away when its time is over; what was not read stays, however old."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition

from schemas.topics import submissions
from services.intake.bus import GROUP
from services.runtime.consumer import solitary
from services.runtime.door import read_below
from services.runtime.trimming import trim
from tests.conftest import Running
from tests.support.wire import eventually, publish

pytestmark = pytest.mark.stack
TOPIC = submissions("cedar-portal")
PLACE = TopicPartition(TOPIC, 5)


def test_only_what_is_both_read_and_old_is_taken_away(running: Running) -> None:
    publish(running.kafka, TOPIC, b"one", b"two", b"three", partition=5)
    read = eventually(lambda: _read(running) if _read(running) >= 3 else None, "the door to have read them")
    assert asyncio.run(trim(running.kafka, {PLACE: read}, datetime.now(UTC) - timedelta(hours=1))) == {}
    later = datetime.now(UTC) + timedelta(hours=1)
    assert asyncio.run(trim(running.kafka, {PLACE: read - 1}, later)) == {PLACE: read - 1}
    assert asyncio.run(_first(running)) == read - 1


def _read(running: Running) -> int:
    return asyncio.run(read_below(running.kafka, GROUP, lambda: {TOPIC})).get(PLACE, 0)


async def _first(running: Running) -> int:
    async with solitary(running.kafka) as consumer:
        first: int = (await consumer.beginning_offsets([PLACE]))[PLACE]
        return first
