"""Floods are held off, people are not: limits for all doors, a trap that nobody sees, some work where script runs."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake import gate, work
from services.intake.processor import INTAKE
from services.runtime.web.attempts import ATTEMPTS, WINDOW
from tests.support.doors import HTML, ORIGIN, Door, door

pytestmark = pytest.mark.requirement("R27")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


async def send(desk: Door, email: str, *, address: str = "10.0.0.1", **entries: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=desk.app, client=(address, 1))
    filled = {"rights": ["access"], "name": "Maria Quill", "email": email, **entries}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=HTML) as client:
        return await client.post("/privacy/riverton", data=filled)


def solved(desk: Door, key: str) -> dict[str, str]:
    token = work.token_for(desk.floor, key)
    number = next(n for n in count() if work.zeros(token, str(n)) >= work.BITS)
    return {"key": key, "token": token, "work": str(number)}


async def test_one_person_is_asked_about_only_so_often_from_wherever(desk: Door) -> None:
    answers = [await send(desk, "maria@quill.example", address=f"10.0.0.{n}") for n in range(gate.PER_PERSON + 1)]
    assert [answer.status_code for answer in answers] == [303] * gate.PER_PERSON + [429]
    assert answers[-1].headers["retry-after"]
    assert "what you entered is still here" in answers[-1].text
    assert 'value="maria@quill.example"' in answers[-1].text
    assert (await send(desk, "mary@quill.example", address="10.0.0.77")).status_code == 303


async def test_the_limit_is_the_same_at_every_owner_but_counted_for_each(desk: Door) -> None:
    for _ in range(gate.PER_PERSON):
        assert await gate.admit(desk.floor, person="person-1") == 0
    assert await gate.admit(desk.floor, person="person-1") > 0
    assert await gate.admit(desk.floor, person="person-2") == 0


async def test_without_script_an_address_may_send_some_with_the_work_done_it_may_send_many(
    desk: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "BITS", 8)
    plain = [await send(desk, f"a{n}@x.example") for n in range(gate.WITHOUT_WORK + 1)]
    assert [answer.status_code for answer in plain] == [303] * gate.WITHOUT_WORK + [429]
    worked = await send(desk, "worker@x.example", **solved(desk, "k" * 24))
    assert worked.status_code == 303
    borrowed = solved(desk, "k" * 24) | {"key": "another-key-of-one-page"}
    assert (await send(desk, "thief@x.example", **borrowed)).status_code == 429


def test_work_counts_for_its_own_page_and_only_if_it_is_done(desk: Door) -> None:
    key = "k" * 24
    token = work.token_for(desk.floor, key)
    number = next(str(n) for n in count() if work.zeros(token, str(n)) >= work.BITS)
    assert work.is_done(desk.floor, key, token, number)
    assert sha256(f"{token}.{number}".encode()).digest()[:2] == b"\0\0"
    for wrong in ("", "-1", "x", "9" * 16, str(int(number) + 1)):
        assert not work.is_done(desk.floor, key, token, wrong)
    assert not work.is_done(desk.floor, "other", token, number)
    assert not work.is_done(desk.floor, key, token + "x", number)


async def test_the_trap_catches_programs_and_tells_a_person_who_fell_into_it(desk: Door) -> None:
    page = await send(desk, "bot@x.example", website="https://buy.example")
    assert page.status_code == 422
    assert 'href="#website"' in page.text
    assert 'class="trap"' not in page.text
    assert desk.bus.sent == []
    assert (await send(desk, "bot@x.example", website="")).status_code == 303


async def test_addresses_are_counted_as_keyed_digests_and_forgotten_with_their_window(
    desk: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(desk, "maria@quill.example", address="192.0.2.33")
    with desk.database.connect() as connection:
        keys = [row.key for row in connection.execute(ATTEMPTS.select())]
    assert len(keys) == 3
    assert "192.0.2.33" not in str(keys)
    assert "quill" not in str(keys)
    await gate.forget(desk.floor, -WINDOW)
    with desk.database.connect() as connection:
        assert connection.execute(ATTEMPTS.select()).all() == []


async def test_signals_of_many_browsers_cannot_fill_the_log(desk: Door) -> None:
    async with desk.client(**HTML, **{"Sec-GPC": "1"}) as client:
        for _ in range(gate.SIGNALS + 5):
            client.cookies.clear()
            page = await client.get("/privacy/riverton")
            assert "is honoured" in page.text
    assert len(desk.bus.sent) == gate.SIGNALS
