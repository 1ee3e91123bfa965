"""Intake under load: single submissions at a steady rate, and one bulk; what it costs, how long it takes, what is lost.

Broker and intake run alone, as a replica of intake does: what comes behind it has processors of its own.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import httpx
import orjson

from schemas import topics
from services.runtime.reading import read_log
from tests.bench.ground import Ground, cpu_seconds, pss_mb
from tests.bench.steady import Steady

RATE, SECONDS, LINES = 300, 60, 100_000
CLIENT, OWNER, PEOPLE = "demo-city-hall", "alder-falls", 20_000
SETTLED_WITHIN = 120.0
PATIENT = httpx.Timeout(60, read=None)


@dataclass(frozen=True)
class Knocking:
    """Single submissions. Times from when each was due; memory in MB, at a quarter of the time and at its end."""

    sent: int
    per_second: float
    received: int
    lost: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    cpu_ms_intake: float
    cpu_ms_broker: float
    early_mb: float
    late_mb: float


@dataclass(frozen=True)
class Bulking:
    """One bulk: until its last line is answered, and until the last of it is in the log."""

    lines: int
    received: int
    lost: int
    out_of_order: int
    answered_s: float
    logged_s: float
    grew_mb: float


async def knocking(ground: Ground, rate: int = RATE, seconds: int = SECONDS) -> Knocking:
    """``rate`` submissions a second for ``seconds``, each by another person, whatever intake does."""
    with ground.service("intake", 0) as process:
        pids = {"intake": process.pid, "broker": ground.broker.pid or 0}
        head, count = await _head(ground), rate * seconds
        door = Steady("127.0.0.1", ground.port_base)
        await door.run(lambda number: _submission(head, number), rate / 3, rate, first=count)  # what is done once
        await _logged(ground, rate)
        early: list[float] = []
        watching = asyncio.create_task(_memory(pids["intake"], seconds / 4, early))
        before, began = cpu_seconds(pids), time.monotonic()
        answered = await door.run(lambda number: _submission(head, number), rate, count)
        took = time.monotonic() - began
        await watching
        late = pss_mb({"intake": pids["intake"]})["intake"]
        accepted = {orjson.loads(body)["id"] for body, status in zip(answered.bodies, answered.statuses, strict=True)
                    if status == 202}  # fmt: skip
        logged = await _logged(ground, rate + len(accepted))
        after = cpu_seconds(pids)
    ordered = sorted(answered.seconds)
    return Knocking(
        count, count / took, len(accepted), len(accepted - logged.keys()),
        ordered[count // 2] * 1000, ordered[count * 99 // 100] * 1000, ordered[-1] * 1000,
        *((after[name] - before[name]) / count * 1000 for name in ("intake", "broker")), early[0], late,
    )  # fmt: skip


async def bulking(ground: Ground, lines: int = LINES) -> Bulking:
    """One bulk of ``lines``, several of them by the same person."""
    with ground.service("intake", 0) as process:
        before = pss_mb({"intake": process.pid})["intake"]
        earlier = len(await _logged(ground, 0))
        began = time.monotonic()
        answers = await _bulk(ground, lines)
        answered = time.monotonic() - began
        mine = {answer["id"]: answer["line"] for answer in answers if answer.get("status") == 202}
        logged = await _logged(ground, earlier + len(mine))
        settled = time.monotonic() - began
        grew = pss_mb({"intake": process.pid})["intake"] - before
    behind = _out_of_order((logged[name], line) for name, line in mine.items() if name in logged)
    return Bulking(lines, len(mine), len(mine.keys() - logged.keys()), behind, answered, settled, grew)


async def _bulk(ground: Ground, lines: int) -> list[dict[str, object]]:
    async def body() -> AsyncIterator[bytes]:
        for first in range(0, lines, 500):
            asked = (_asked(number % PEOPLE) for number in range(first, min(first + 500, lines)))
            yield b"".join(orjson.dumps({"request": each}) + b"\n" for each in asked)

    headers = {**await _authorized(ground), "Content-Type": "application/x-ndjson", "Idempotency-Key": "bench"}
    async with httpx.AsyncClient(timeout=PATIENT) as http:
        answer = await http.post(f"{_url(ground)}/v1/requests:bulk", content=body(), headers=headers)
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.content.splitlines()]


def _out_of_order(placed: Iterable[tuple[tuple[str, int, int], int]]) -> int:
    """How many lines lie in the log behind a later one of the same person."""
    by_person: dict[str, list[tuple[int, int]]] = {}
    for (person, _, offset), line in placed:
        by_person.setdefault(person, []).append((line, offset))
    return sum(
        after[1] < before[1]
        for theirs in by_person.values()
        for before, after in zip(sorted(theirs), sorted(theirs)[1:], strict=False)
    )


async def _logged(ground: Ground, wanted: int) -> dict[str, tuple[str, int, int]]:
    """Request → person, partition, offset, once so many are in the log, or it has been waited for long enough."""
    end = time.monotonic() + SETTLED_WITHIN
    while True:
        found = {
            accepted.envelope.subject: (
                accepted.envelope.partitionkey, accepted.record.partition, accepted.record.offset,
            )
            async for accepted in read_log(ground.broker.address, topics.events("intake"))
            if accepted.envelope.type == "dsr.intake.request-received.v1"
        }  # fmt: skip
        if len(found) >= wanted or time.monotonic() > end:
            return found
        await asyncio.sleep(1)


async def _memory(pid: int, after: float, into: list[float]) -> None:
    await asyncio.sleep(after)
    into.append(pss_mb({"intake": pid})["intake"])


async def _authorized(ground: Ground) -> dict[str, str]:
    from infra.demo.logins import SECRETS

    shown = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRETS[CLIENT]}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{_url(ground)}/v1/token", data=shown)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _head(ground: Ground) -> bytes:
    shown = (await _authorized(ground))["Authorization"]
    return (
        "POST /v1/requests HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: {shown}\r\nIdempotency-Key: bench-{os.getpid()}-"
    ).encode()


def _submission(head: bytes, number: int) -> bytes:
    body = orjson.dumps(_asked(number))
    return b"%b%d\r\nContent-Length: %d\r\n\r\n%b" % (head, number, len(body), body)


def _asked(person: int) -> dict[str, object]:
    return {
        "owner": OWNER,
        "rights": ["access", "delete"],
        "name": f"Maria Quill the {person}th",
        "email": f"maria.quill.{person}@quill-{person % 97}.example",
    }


def _url(ground: Ground) -> str:
    return f"http://127.0.0.1:{ground.port_base}"
