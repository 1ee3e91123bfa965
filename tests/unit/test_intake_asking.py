"""What residents may ask, page by page: what is received, what is asked about once more, and what is told them."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.intake import RecordSignal, SubmitRequest
from schemas.request import Contact, DataPoint, Request
from schemas.vocabulary import PointKind, Right, Span
from services.intake.processor import INTAKE
from tests.support.doors import HTML, Door, door

FILLED: dict[str, Any] = {"rights": ["access"], "name": "Maria Quill", "email": "maria@quill.example"}
GPC = {"Sec-GPC": "1"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


async def get(desk: Door, path: str, **headers: str) -> httpx.Response:
    async with desk.client(**{**HTML, **headers}) as client:
        return await client.get(path)


async def send(
    desk: Door, path: str = "/privacy/riverton", *, headers: dict[str, str] | None = None, **entries: Any
) -> httpx.Response:
    async with desk.client(**{**HTML, **(headers or {})}) as client:
        return await client.post(path, data={**FILLED, **entries})


def requests(desk: Door) -> list[Request]:
    return [command.request for _, command in desk.bus.sent if isinstance(command, SubmitRequest)]


def opened(desk: Door, request: Request, field: str, sealed: str | None, model: Any = None) -> Any:
    assert sealed is not None
    vault = desk.floor.vault
    if model is None:
        return vault.open(request.id, field, sealed, by="test", why="test")
    return vault.open_model(request.id, field, sealed, model, by="test", why="test")


def rights(request: Request) -> list[Right]:
    return [order.right for order in request.orders]


@pytest.mark.requirement("R10")
@pytest.mark.requirement("R33")
async def test_the_page_offers_six_choices_in_plain_words(desk: Door) -> None:
    page = (await get(desk, "/privacy/riverton")).text
    assert re.findall(r'name="rights" value="(\w+)"', page) == [
        "access", "know", "correct", "delete", "opt_out", "limit",
    ]  # fmt: skip
    assert "Do not sell or share my data" in page


@pytest.mark.requirement("R10")
async def test_an_opt_out_goes_ahead_at_once_and_has_a_number_of_its_own(desk: Door) -> None:
    sent = await send(desk, rights=["access", "opt_out", "limit"])
    assert [rights(one) for one in requests(desk)] == [[Right.OPT_OUT, Right.LIMIT], [Right.ACCESS]]
    page = (await get(desk, sent.headers["location"])).text
    numbers = re.findall(r"HB-\w{4}-\w{4}", page)
    assert {one.number for one in requests(desk)} == set(numbers)
    alone = await send(desk, rights=["opt_out"])
    told = (await get(desk, alone.headers["location"])).text
    assert "Nothing is left for you to do" in told
    assert "15 business days" in told


@pytest.mark.requirement("R15")
@pytest.mark.parametrize(
    ("entries", "span", "since"),
    [
        ({}, Span.TWELVE_MONTHS, None),
        ({"span": "everything", "since": "2024-05-01"}, Span.EVERYTHING, None),
        ({"span": "since", "since": "2024-05-01"}, Span.SINCE, date(2024, 5, 1)),
        ({"span": "twelve_months", "since": "2024-05-01"}, Span.SINCE, date(2024, 5, 1)),
        ({"rights": ["delete"], "confirm": "delete", "span": "everything"}, Span.TWELVE_MONTHS, None),
    ],
)
async def test_how_far_back_is_the_persons_to_say(
    desk: Door, entries: dict[str, Any], span: Span, since: date | None
) -> None:
    assert (await send(desk, **entries)).status_code == 303
    (request,) = requests(desk)
    assert (request.period.span, request.period.since) == (span, since)


@pytest.mark.requirement("R15")
@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("", "is required"),
        ("2021-12-31", "January 1, 2022"),
        ("2999-01-01", "must lie in the past"),
        ("yesterday", "must be a date"),
    ],
)
async def test_a_first_day_that_cannot_be_is_shown_where_it_was_entered(desk: Door, since: str, said: str) -> None:
    page = await send(desk, span="since", since=since)
    assert page.status_code == 422
    assert 'href="#since"' in page.text
    assert said in page.text


async def test_a_delete_is_asked_about_once_more_and_nothing_is_sent_before(desk: Door) -> None:
    page = await send(desk, rights=["access", "delete", "opt_out"], details="Two\nlines & <more>")
    assert page.status_code == 200
    assert "Delete your data for good?" in page.text
    assert "you get it before anything is deleted" in page.text
    assert desk.bus.sent == []
    carried = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    assert carried["name"] == "Maria Quill"
    assert "Two\nlines &amp; &lt;more&gt;</textarea>" in page.text
    sent = await send(desk, rights=["access", "delete", "opt_out"], key=carried["key"], confirm="delete")
    assert sent.status_code == 303
    assert {right for one in requests(desk) for right in rights(one)} == {Right.ACCESS, Right.DELETE, Right.OPT_OUT}


async def test_the_second_step_leads_back_or_leaves_the_delete_out(desk: Door) -> None:
    back = await send(desk, rights=["access", "delete"], back="yes")
    assert back.status_code == 200
    assert 'value="delete" checked' in back.text
    assert 'value="Maria Quill"' in back.text
    assert desk.bus.sent == []
    assert (await send(desk, rights=["access", "delete"], without="delete")).status_code == 303
    assert rights(requests(desk)[0]) == [Right.ACCESS]


@pytest.mark.requirement("R33")
async def test_somebody_without_an_address_gives_a_telephone_number(desk: Door) -> None:
    page = await send(desk, email="")
    assert "is required, unless there is a telephone number" in page.text
    sent = await send(desk, email="", phone="(530) 555-0142")
    assert sent.status_code == 303
    (request,) = requests(desk)
    assert opened(desk, request, "contact", request.contact, Contact) == Contact(
        name="Maria Quill", phone="+15305550142"
    )
    assert "to the telephone you gave" in (await get(desk, sent.headers["location"])).text


async def test_own_words_data_points_and_a_signature_travel_sealed(desk: Door) -> None:
    entries = {
        "details": "The pool\nin 2024",
        "postal_code": "95959",
        "declare": "yes",
        "declared_as": "Maria A. Quill",
    }
    assert (await send(desk, "/privacy/hillcrest", **entries)).status_code == 303
    (request,) = requests(desk)
    assert opened(desk, request, "details", request.details) == "The pool\nin 2024"
    assert opened(desk, request, "declaration", request.declaration) == "Maria A. Quill"
    (point,) = opened(desk, request, "points", request.points, tuple[DataPoint, ...])
    assert point == DataPoint(kind=PointKind.POSTAL_CODE, value="95959")
    assert "95959" not in repr(desk.bus.sent)


@pytest.mark.parametrize("half", [{"declare": "yes"}, {"declared_as": "Maria Quill"}])
async def test_a_signature_is_a_name_and_a_tick(desk: Door, half: dict[str, str]) -> None:
    page = await send(desk, "/privacy/hillcrest", **half)
    assert page.status_code == 422
    assert 'href="#declared_as"' in page.text


async def test_a_signature_is_asked_for_only_where_the_owners_policy_may_need_one(desk: Door) -> None:
    statutory = (await get(desk, "/privacy/hillcrest")).text
    assert "with-signature-access signature" in statutory
    assert "with-signature-delete" not in statutory
    assert "signature" not in (await get(desk, "/privacy/riverton")).text
    signed = {"rights": ["know"], "declare": "yes", "declared_as": "Maria Quill"}
    assert (await send(desk, "/privacy/hillcrest", **signed)).status_code == 303
    assert requests(desk)[0].declaration is None


@pytest.mark.requirement("R19")
async def test_a_report_about_a_childs_data_has_a_path_of_its_own_to_deletion(desk: Door) -> None:
    path = "/privacy/riverton/child"
    assert f'href="{path}"' in (await get(desk, "/privacy/riverton")).text
    assert 'href="#child"' in (await send(desk, path, rights=[])).text
    asked = await send(desk, path, rights=["access"], child="Ada Quill", details="Summer camp")
    assert "Delete the child’s data for good?" in asked.text
    assert (await send(desk, path, rights=["access"], child="Ada Quill", confirm="delete")).status_code == 303
    (request,) = requests(desk)
    assert rights(request) == [Right.DELETE]
    assert opened(desk, request, "child", request.child) == "Ada Quill"


@pytest.mark.requirement("R17")
@pytest.mark.requirement("R49")
async def test_the_custodians_own_door_carries_a_request_to_whom_it_names_or_to_the_privacy_team(desk: Door) -> None:
    page = (await get(desk, "/ask")).text
    assert "we may not tell anybody which of them hold data about whom" in page
    assert "City of Lakeside" in page
    sent = [await send(desk, "/ask", owner=named) for named in ("lakeside", "", "habeas-custodian", "atlantis")]
    assert [one.owner for one in requests(desk)] == ["lakeside", *["habeas-custodian"] * 3]
    assert {one.status_code for one in sent} == {303}
    own = (await get(desk, "/privacy/habeas-custodian")).text
    assert "what you gave to Habeas Civic Software itself" in own


@pytest.mark.requirement("R35")
async def test_a_page_speaks_spanish_to_whoever_prefers_it_and_so_do_the_letters(desk: Door) -> None:
    page = await get(desk, "/privacy/riverton", **{"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"})
    assert '<html lang="es">' in page.text
    assert page.headers["content-language"] == "es"
    assert "¿Qué desea?" in page.text
    sent = await send(desk, headers={"Accept-Language": "es"})
    assert requests(desk)[0].locale == "es"
    assert "Tenemos su solicitud" in (await get(desk, sent.headers["location"], **{"Accept-Language": "es"})).text
    wrong = await send(desk, headers={"Accept-Language": "es"}, name="", rights=[])
    assert "Su nombre hace falta" in wrong.text
    assert "Lo que desea necesita al menos una elección" in wrong.text


async def test_a_language_once_chosen_is_kept(desk: Door) -> None:
    async with desk.client(**HTML) as client:
        first = await client.get("/privacy/riverton?lang=es")
        assert "habeas-lang=es" in first.headers["set-cookie"]
        assert 'href="?lang=en"' in first.text
        assert "¿Qué desea?" in (await client.get("/privacy/lakeside")).text


@pytest.mark.requirement("R39")
async def test_a_browsers_signal_is_seen_to_be_honoured_and_written_down_once_for_each_owner(desk: Door) -> None:
    async with desk.client(**HTML, **GPC) as client:
        for path in ("/privacy/riverton", "/privacy/riverton", "/privacy/lakeside", "/privacy/lakeside/child"):
            page = await client.get(path)
            assert "opt-out signal (Global Privacy Control) is honoured" in page.text
    signals = [command for _, command in desk.bus.sent]
    assert all(isinstance(one, RecordSignal) and one.anonymous for one in signals)
    assert len(signals) == 2
    assert requests(desk) == []


@pytest.mark.requirement("R39")
async def test_whoever_asks_with_the_signal_on_is_opted_out_as_the_person_they_are(desk: Door) -> None:
    await send(desk, headers=GPC)
    _, signal = desk.bus.sent[-1]
    assert isinstance(signal, RecordSignal)
    assert not signal.anonymous
    assert signal.person == requests(desk)[0].person
    assert len(requests(desk)) == 1


async def test_without_the_signal_nothing_is_said_kept_or_recorded(desk: Door) -> None:
    page = await get(desk, "/privacy/riverton")
    assert "Global Privacy Control" not in page.text
    assert "set-cookie" not in page.headers
    assert desk.bus.sent == []


async def test_a_page_is_shown_though_the_signal_cannot_be_written_down_just_now(desk: Door) -> None:
    desk.bus.gone = True
    page = await get(desk, "/privacy/riverton", **GPC)
    assert page.status_code == 200
    assert "set-cookie" not in page.headers


@pytest.mark.requirement("R39")
async def test_that_we_abide_by_the_signal_is_published_where_it_is_looked_for(desk: Door) -> None:
    found = await get(desk, "/.well-known/gpc.json")
    assert found.headers["content-type"] == "application/json"
    assert found.json()["gpc"] is True
    date.fromisoformat(found.json()["lastUpdate"])


@pytest.mark.requirement("R39")
async def test_the_signal_of_an_agents_browser_says_nothing_about_the_person(desk: Door) -> None:
    given = {**FILLED, "agent_name": "Ada Help", "agent_email": "ada@help.example", "agent_basis": "permission"}
    letter = {"upload": ("permission.txt", b"I permit it. Maria Quill", "text/plain")}
    async with desk.client(**HTML, **GPC) as client:
        assert (await client.post("/privacy/riverton/agent", data=given, files=letter)).status_code == 303
    assert len(requests(desk)) == len(desk.bus.sent) == 1
