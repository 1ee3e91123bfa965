"""A pile of commands about nobody in a service's inbox: each is a cause, and is answered by silence."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from schemas import topics
from schemas.base import Fact
from schemas.envelope import Draft
from schemas.executor import TaskFailed
from schemas.verifier import SubmitProof
from services.runtime.answer import written
from services.runtime.bus import producer

ABOUT_NOBODY: dict[str, Fact] = {
    "verifier": SubmitProof(digest="0" * 64),
    "executor": TaskFailed(effect_id="none", task_id="none", attempt=1, reason="none", retryable=False),
}


async def pile_up(bootstrap: str, service: str, partitions: Iterable[int], each: int) -> None:
    """Puts ``each`` commands into each of these partitions; returns when the broker has them all."""
    command, places = ABOUT_NOBODY[service], sorted(partitions)
    send = producer(bootstrap, "backlog")
    await send.start()
    try:
        landing = [
            await send.send(topics.inbox(service), value=_draft(command).encode(), partition=place)
            for _ in range(each)
            for place in places
        ]
        await asyncio.gather(*landing)
    finally:
        await send.stop()


def _draft(command: Fact) -> Draft:
    return Draft(
        id=str(uuid4()),
        source="test",
        type=command.TYPE,
        time=written(datetime.now(UTC)),
        subject=str(uuid4()),
        owner="alder-falls",
        partitionkey="nobody",
        data=command.model_dump_json().encode(),
    )
