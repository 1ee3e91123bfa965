"""Nobody learns at intake's doors whether a person is known: not from what is answered, nor from how long it takes."""

import gc
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.intake import gate
from services.intake.processor import INTAKE
from tests.support.doors import HTML, ORIGIN, Door, door
from tests.support.programs import shown_by
from tests.support.telling_apart import CERTAIN, by_time, without_chance

EACH = 60
KNOWN = "maria@quill.example"

Ask = Callable[[str], Awaitable[tuple[httpx.Response, str]]]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setattr(gate, "PER_PERSON", 10_000)
    with door(INTAKE, tmp_path) as made:
        yield made


def by_page(desk: Door, path: str = "/privacy/riverton", **entries: Any) -> Ask:
    addresses = count()

    async def ask(email: str) -> tuple[httpx.Response, str]:
        client_address = (f"10.0.{next(addresses) // 250}.{next(addresses) % 250}", 1)
        transport = httpx.ASGITransport(app=desk.app, client=client_address)
        filled = {"rights": ["access"], "name": "Maria Quill", "email": email, **entries}
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=HTML) as client:
            sent = await client.post(path, data=filled)
            assert sent.status_code == 303, sent.text
            page = await client.get(sent.headers["location"])
        return sent, without_chance(sent.headers["location"] + page.text)

    return ask


def by_api(desk: Door) -> Ask:
    async def ask(email: str) -> tuple[httpx.Response, str]:
        body = {"owner": "riverton", "rights": ["access"], "name": "Maria Quill", "email": email}
        async with desk.client(**shown_by(desk.floor, "city-hall")) as client:
            sent = await client.post("/v1/requests", json=body, headers={"Idempotency-Key": str(uuid4())})
        assert sent.status_code == 202
        return sent, without_chance(sent.text)

    return ask


async def asked(ask: Ask) -> tuple[dict[str, list[float]], dict[str, set[str]]]:
    """Known and unknown people in random order: how long each answer took, and all that was said."""
    await ask(KNOWN)
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    said: dict[str, set[str]] = {"known": set(), "unknown": set()}
    order = ["known", "unknown"] * EACH
    random.Random(7).shuffle(order)
    gc.collect()
    gc.disable()
    try:
        for place, kind in enumerate(order):
            email = KNOWN if kind == "known" else f"nobody{place:03}@x.example"
            began = time.perf_counter()
            _, text = await ask(email)
            took[kind].append(time.perf_counter() - began)
            said[kind].add(text)
    finally:
        gc.enable()
    return took, said


@pytest.mark.requirement("R27")
@pytest.mark.requirement("R49")
@pytest.mark.parametrize(
    "way",
    [
        lambda desk: by_page(desk),
        lambda desk: by_page(desk, "/ask"),
        by_api,
    ],
    ids=["privacy-page", "custodian", "api"],
)
async def test_answers_do_not_tell_a_known_person_from_an_unknown_one(desk: Door, way: Callable[[Door], Ask]) -> None:
    took, said = await asked(way(desk))
    assert said["known"] == said["unknown"]
    assert len(said["known"]) == 1
    if by_time(took["known"], took["unknown"]) < CERTAIN:  # once more, lest the machine itself was the reason
        took, _ = await asked(way(desk))
        assert by_time(took["known"], took["unknown"]) > CERTAIN


def test_the_test_itself_finds_a_difference_of_a_few_percent_and_none_where_there_is_none() -> None:
    chance = random.Random(1)
    some = [chance.gauss(10, 0.5) for _ in range(100)]
    assert by_time(some, [chance.gauss(10.5, 0.5) for _ in range(100)]) < CERTAIN
    assert by_time(some, [chance.gauss(10, 0.5) for _ in range(100)]) > 0.01
    assert by_time([1.0] * 20, [1.0] * 20) == 1.0
