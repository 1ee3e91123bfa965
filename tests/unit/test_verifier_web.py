"""The page behind the link: opening it changes nothing, and every refusal looks the same."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from schemas.verifier import SubmitProof
from services.verifier.processor import VERIFIER
from tests.support.doors import HTML, NOW, Door, door, received

ID = str(uuid4())
TOKEN = "the-right-token"
LINK = f"/verify/{ID}/{TOKEN}"
WRONG = f"/verify/{ID}/another-token"
UNKNOWN = f"/verify/{uuid4()}/{TOKEN}"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setattr("services.verifier.looking.PATIENCE", 0.05)
    with door(VERIFIER, tmp_path) as made:
        challenge(made)
        yield made


def challenge(desk: Door, issued: datetime | None = None, request_id: str = ID) -> None:
    cause = received(request_id, sha256(TOKEN.encode()).hexdigest())
    desk.bus.happens(
        cause, id=f"cause-{request_id}", subject=request_id, owner="riverton", person_key="person-1",
        time=issued or datetime.now(UTC),
    )  # fmt: skip


async def call(desk: Door, path: str, method: str = "GET", **form: str) -> httpx.Response:
    async with desk.client(**HTML) as client:
        return await client.request(method, path, data=form or None)


def press_in(page: httpx.Response) -> str:
    found = re.search(r'name="press" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def bare(page: httpx.Response) -> str:
    return re.sub(r'name="press" value="[^"]+"|action="[^"]+"', "", page.text)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_opening_the_link_changes_nothing(desk: Door, method: str) -> None:
    page = await call(desk, LINK, method)
    assert page.status_code == 200
    assert desk.bus.sent == []


@pytest.mark.requirement("R34")
async def test_one_press_of_the_button_confirms(desk: Door) -> None:
    shown = await call(desk, LINK)
    assert "Yes, this is my request" in shown.text
    assert "City of Riverton" in shown.text
    page = await call(desk, LINK, "POST", press=press_in(shown))
    assert page.status_code == 200
    assert "Your request goes ahead" in page.text
    ((_, command),) = desk.bus.sent
    assert command == SubmitProof(digest=sha256(TOKEN.encode()).hexdigest())


async def test_the_same_press_twice_is_one_proof_and_shows_the_same_page(desk: Door) -> None:
    press = press_in(await call(desk, LINK))
    first, second = await call(desk, LINK, "POST", press=press), await call(desk, LINK, "POST", press=press)
    assert first.text == second.text
    assert len(desk.bus.sent) == 1


async def test_afterwards_the_link_is_used(desk: Door) -> None:
    assert (await call(desk, LINK, "POST")).status_code == 200
    page = await call(desk, LINK, "POST")
    assert page.status_code == 410
    assert "already used, or is no longer valid" in page.text
    assert len(desk.bus.sent) == 1


@pytest.mark.requirement("R27")
async def test_every_refusal_has_one_wording(desk: Door) -> None:
    old = str(uuid4())
    challenge(desk, NOW - timedelta(days=30), old)
    pages = [
        await call(desk, path, "POST") for path in (WRONG, UNKNOWN, f"/verify/{old}/{TOKEN}", f"/verify/{old}/{TOKEN}")
    ]
    await call(desk, LINK, "POST")
    pages.append(await call(desk, LINK, "POST"))
    assert {page.status_code for page in pages} == {410}
    assert len({page.text for page in pages}) == 1


@pytest.mark.requirement("R27")
async def test_without_the_right_link_a_request_and_none_look_alike(desk: Door) -> None:
    known, unknown = await call(desk, WRONG), await call(desk, UNKNOWN)
    assert bare(known) == bare(unknown)
    assert "Riverton" not in known.text


async def test_an_answer_that_takes_long_is_looked_for_again(desk: Door) -> None:
    desk.bus.slow = True
    page = await call(desk, LINK, "POST")
    assert page.status_code == 202
    found = re.search(r'http-equiv="refresh" content="2; url=([^"]+)"', page.text)
    assert found is not None
    assert (await call(desk, found[1])).status_code == 202
    cause, command = desk.bus.sent[0]
    desk.bus.happens(command, id=cause, subject=ID, owner="riverton", person_key="person-1")
    assert "Your request goes ahead" in (await call(desk, found[1])).text


async def test_a_good_link_is_not_called_bad_while_the_read_model_is_behind(desk: Door) -> None:
    desk.views.behind = True
    assert (await call(desk, UNKNOWN)).status_code == 503
    assert (await call(desk, UNKNOWN, "POST")).status_code == 503


async def test_a_letter_faster_than_the_read_model_is_waited_for(desk: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.verifier.looking.PATIENCE", 5.0)
    late = str(uuid4())
    asyncio.get_running_loop().call_later(0.05, challenge, desk, None, late)
    page = await call(desk, f"/verify/{late}/{TOKEN}", "POST")
    assert "Your request goes ahead" in page.text


async def test_without_a_broker_the_press_can_be_repeated(desk: Door) -> None:
    press = press_in(await call(desk, LINK))
    desk.bus.gone = True
    assert (await call(desk, LINK, "POST", press=press)).status_code == 503
    desk.bus.gone = False
    assert (await call(desk, LINK, "POST", press=press)).status_code == 200


async def test_a_press_from_another_site_is_refused(desk: Door) -> None:
    async with desk.client(**HTML, Origin="http://evil.test") as client:
        assert (await client.post(LINK)).status_code == 403
    assert desk.bus.sent == []


async def test_the_page_cannot_be_framed_and_leaks_no_address(desk: Door) -> None:
    page = await call(desk, LINK)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
