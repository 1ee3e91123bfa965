"""What a resident meets: it works without script, keeps what was entered, and says nothing it should not."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from schemas.intake import SubmitRequest
from services.intake.processor import INTAKE
from tests.support.doors import HTML, Door, door

FILLED: dict[str, Any] = {"rights": ["access"], "name": "Maria Quill", "email": "maria@quill.example", "phone": ""}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


async def get(desk: Door, path: str) -> httpx.Response:
    async with desk.client(**HTML) as client:
        return await client.get(path)


async def send(desk: Door, owner: str = "riverton", **entries: Any) -> httpx.Response:
    async with desk.client(**HTML) as client:
        return await client.post(f"/privacy/{owner}", data={**FILLED, **entries})


def key_in(page: httpx.Response) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


async def test_the_front_door_leads_to_the_places_one_can_ask(desk: Door) -> None:
    assert (await get(desk, "/")).headers["location"] == "/privacy"
    page = await get(desk, "/privacy")
    assert (
        page.text.index("City of Lakeside") < page.text.index("City of Riverton") < page.text.index("Is it about us?")
    )
    assert 'href="/privacy/habeas-custodian"' in page.text


@pytest.mark.requirement("R16")
@pytest.mark.requirement("R25")
async def test_the_privacy_page_says_what_how_long_whom_to_call_and_that_asking_has_no_price(desk: Door) -> None:
    page = (await get(desk, "/privacy/lakeside")).text
    for said in (
        "What would you like?",
        "This cannot be undone",
        "30 days",
        "+1 530 555 0101",
        "privacy@lakeside.example",
    ):
        assert said in page
    assert "may not be treated worse for asking" in page
    assert all(f'value="{right}"' in page for right in ("access", "delete", "correct"))


async def test_an_unknown_place_is_a_calm_page(desk: Door) -> None:
    page = await get(desk, "/privacy/atlantis")
    assert page.status_code == 404
    assert "We do not know this place" in page.text
    assert "atlantis" not in page.text


@pytest.mark.requirement("R44")
async def test_whoever_sends_the_form_is_told_what_happens_next_but_not_their_own_address(desk: Door) -> None:
    sent = await send(desk, key=key_in(await get(desk, "/privacy/riverton")))
    assert sent.status_code == 303
    page = await get(desk, sent.headers["location"])
    assert page.status_code == 200
    assert re.search(r"HB-\w{4}-\w{4}", page.text)
    assert "7 days" in page.text
    assert "quill" not in page.text.lower()


async def test_a_double_click_is_one_request_and_another_page_is_another(desk: Door) -> None:
    key = key_in(await get(desk, "/privacy/riverton"))
    first, second = await send(desk, key=key), await send(desk, key=key)
    assert first.headers["location"] == second.headers["location"]
    third = await send(desk, key=key_in(await get(desk, "/privacy/riverton")))
    assert third.headers["location"] != first.headers["location"]


async def test_going_back_and_changing_something_is_asked_about_before_it_is_another_request(desk: Door) -> None:
    key = key_in(await get(desk, "/privacy/riverton"))
    await send(desk, key=key)
    again = await send(desk, key=key, email="mary@quill.example")
    assert again.status_code == 422
    assert "You already sent this page" in again.text
    assert "mary@quill.example" in again.text
    assert (await send(desk, key=key_in(again), email="mary@quill.example")).status_code == 303


async def test_errors_keep_what_was_entered_escaped_and_link_to_each_field(desk: Door) -> None:
    key = key_in(await get(desk, "/privacy/riverton"))
    page = await send(desk, key=key, rights=[], name='<script>alert("x")</script>', email="nowhere")
    assert page.status_code == 422
    assert desk.bus.sent == []
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in page.text
    assert 'value="nowhere"' in page.text
    assert 'href="#email"' in page.text
    assert 'href="#rights"' in page.text
    assert page.text.count('aria-invalid="true"') == 1  # a group of choices has none (ARIA)
    assert key_in(page) == key


async def test_an_error_in_a_correction_stands_at_its_own_row(desk: Door) -> None:
    page = await send(desk, rights=["correct"], **{"corrections.2.field": "Street"})
    assert 'href="#corrections.2.value"' in page.text
    assert 'id="corrections.2.value"' in page.text
    assert 'value="Street"' in page.text
    none = await send(desk, rights=["correct"])
    assert 'href="#corrections"' in none.text
    unasked = await send(desk, **{"corrections.0.field": "Street", "corrections.0.value": "New Street 1"})
    assert "can only be given together with the right to correct" in unasked.text


async def test_rows_left_empty_do_not_count(desk: Door) -> None:
    rows = {"corrections.1.field": "Street", "corrections.1.value": "New Street 1"}
    assert (await send(desk, rights=["correct"], **rows)).status_code == 303
    command = desk.bus.sent[-1][1]
    assert isinstance(command, SubmitRequest)
    assert command.request.corrections is not None


async def test_a_form_from_another_site_is_refused(desk: Door) -> None:
    async with desk.client(**HTML, Origin="http://evil.test") as client:
        assert (await client.post("/privacy/riverton", data=FILLED)).status_code == 403
    assert desk.bus.sent == []


async def test_without_a_broker_the_page_says_so_and_nothing_is_lost(desk: Door) -> None:
    desk.bus.gone = True
    page = await send(desk)
    assert page.status_code == 503
    assert page.headers["retry-after"]


async def test_a_request_on_its_way_into_the_log_is_waited_for(desk: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.views.PATIENCE", 0.01)
    desk.bus.slow = True
    page = await get(desk, (await send(desk)).headers["location"])
    assert page.status_code == 202
    assert 'http-equiv="refresh"' in page.text


@pytest.mark.parametrize("request_id", ["no-id", str(uuid4())])
async def test_a_receipt_that_was_never_given_cannot_be_shown(desk: Door, request_id: str) -> None:
    assert (await get(desk, f"/privacy/riverton/received/{request_id}")).status_code == 404


async def test_a_receipt_of_one_place_is_not_shown_at_another(desk: Door) -> None:
    location = (await send(desk)).headers["location"]
    assert (await get(desk, location.replace("riverton", "lakeside"))).status_code == 404
