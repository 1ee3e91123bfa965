"""Talking to the broker under test as a foreign producer would, and looking at what was parked as an operator would."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import httpx
from aiokafka import AIOKafkaProducer

from infra.demo.errand import Errand, Handler, World, client, run
from infra.demo.patience import Patient
from services.runtime.chain import Record
from services.runtime.reading import read_to_end

Found = TypeVar("Found")
Header = tuple[str, bytes]


def publish(kafka: str, topic: str, *values: bytes | None, headers: Iterable[Header] = (), partition: int = 0) -> None:
    """Writes records to a topic, as anybody with a Kafka client could."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=2 << 20)
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(
                    topic, value=value, key=b"k", headers=list(headers) or None, partition=partition
                )
        finally:
            await producer.stop()

    asyncio.run(send())


def records(kafka: str, *topics: str) -> list[Record]:
    """Everything these topics hold now."""

    async def read() -> list[Record]:
        return [record async for record in read_to_end(kafka, *topics)]

    return asyncio.run(read())


def eventually(look: Callable[[], Found | None], what: str, within: float = 60.0) -> Found:
    """What ``look`` finds, as soon as it finds something. Fails with ``what`` when the time is up."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {within:.0f} s: {what}")


def walk(world: World, errand: Errand) -> None:
    """Walks one errand from end to end, as patiently as a person: a service may be starting again just now."""

    async def whole_way() -> None:
        handler = Handler(world, errand.person.owner, transport=Patient(60))
        async with client(Patient(60)) as http, handler.http:
            await handler.sign_in()
            await run(errand, world, handler, http)

    asyncio.run(whole_way())
    assert errand.trouble == ""


class Operator:
    """An operator, signed in to the console's API. No connection outlives its answer, so nobody need close it."""

    def __init__(self, world: World) -> None:
        login = next(one for one in world.logins if one["role"] == "operator")
        self._http = httpx.Client(
            base_url=world.services["console"], timeout=20, headers={"Connection": "close"}
        )  # fmt: skip
        answer = self._http.post("/console/api/session", json={"email": login["email"], "password": login["password"]})
        assert answer.status_code == 200

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        """A JSON page of the console."""
        answer = self._http.get(f"/console/api/{path}")
        assert answer.status_code == 200, answer.status_code
        return answer.json()

    def page(self, path: str) -> str:
        """A page of the console, or a part of one."""
        answer = self._http.get(f"/console{path}", headers={"Accept": "text/html"})
        assert answer.status_code == 200, answer.status_code
        return answer.text

    @contextmanager
    def told(self) -> Iterator[Iterator[str]]:
        """What an open page is told: the name of each change, as it comes."""
        with self._http.stream("GET", "/console/stream", timeout=60) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry:")
            yield (line.removeprefix("data: ") for line in lines if line.startswith("data: "))

    def parked(self, topic: str) -> list[dict[str, Any]]:
        """What is parked from a topic."""
        found: list[dict[str, Any]] = [one for one in self.get("parked?limit=200")["parked"] if one["topic"] == topic]
        return found
