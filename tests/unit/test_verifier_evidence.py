"""The page that asks for more than the link: to whoever holds the secret, and the same whoever is known to anybody."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from schemas.intake import RequestReceived
from schemas.request import Agent, DataPoint
from schemas.verifier import DisownRequest, PointsCompared, SubmitEvidence, SubmitProof
from schemas.vocabulary import Basis, PointKind
from services.runtime.person import code_digest
from services.verifier.processor import VERIFIER
from tests.support.builders import sealed_text
from tests.support.doors import HTML, Door, door, received

ID, TOKEN, DIGITS = str(uuid4()), "the-right-token", "012345"
LINK, CODE_PAGE = f"/verify/{ID}/{TOKEN}", f"/verify/{ID}/code"
DIGEST, CODE = sha256(TOKEN.encode()).hexdigest(), code_digest(b"k" * 32, ID, DIGITS)
SIGNED = {"declared": "true", "declared_as": "Rosa Delgado"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setattr("services.verifier.looking.PATIENCE", 0.05)
    with door(VERIFIER, tmp_path) as made:
        made.floor.vault.prepare(ID)
        yield made


def ask(desk: Door, cause: RequestReceived) -> None:
    desk.bus.happens(
        cause, id=f"cause-{cause.request.id}", subject=cause.request.id, owner=cause.request.owner,
        person_key="person-1", time=datetime.now(UTC),
    )  # fmt: skip


def strict(code: str = CODE, **changes: object) -> RequestReceived:
    return received(ID, DIGEST, owner="hillcrest", code=code, **changes)


async def call(desk: Door, path: str, method: str = "GET", language: str = "en", **form: str) -> httpx.Response:
    async with desk.client(**HTML, **{"Accept-Language": language}) as client:
        return await client.request(method, path, data=form or None)


async def give(desk: Door, **form: str) -> httpx.Response:
    return await call(desk, f"{LINK}/evidence", "POST", **form)


def bare(page: httpx.Response) -> str:
    return re.sub(r'name="press" value="[^"]+"|action="[^"]+"|<time.*?</time>|<nav.*?</nav>\n', "", page.text)


@pytest.mark.requirement("R34")
async def test_after_the_link_the_page_asks_for_all_that_could_help(desk: Door) -> None:
    ask(desk, strict())
    page = await call(desk, LINK, "POST")
    assert page.status_code == 200
    for name in ("declared", "declared_as", "code", "street_address", "postal_code", "date_of_birth", "account_number"):
        assert f'name="{name}"' in page.text
    assert bare(await call(desk, LINK)) == bare(page), "whoever comes back finds it again"
    assert bare(await call(desk, LINK, "POST")) == bare(page)
    assert len(desk.bus.sent) == 1


@pytest.mark.requirement("R34")
async def test_what_is_given_travels_sealed(desk: Door) -> None:
    ask(desk, strict())
    await call(desk, LINK, "POST")
    page = await give(desk, **SIGNED, code="012 345", date_of_birth="1980-12-31")
    assert "Your request goes ahead" in page.text
    command = desk.bus.sent[-1][1]
    assert isinstance(command, SubmitEvidence)
    assert (command.code, command.digest, command.final) == (CODE, DIGEST, False)
    assert "Rosa" not in command.model_dump_json()
    vault = desk.floor.vault
    assert vault.open(ID, "declaration", command.declaration or "", by="t", why="t") == "Rosa Delgado"
    points = vault.open_model(ID, "points", command.points or "", tuple[DataPoint, ...], by="t", why="t")
    assert points == (DataPoint(kind=PointKind.DATE_OF_BIRTH, value="1980-12-31"),)


@pytest.mark.requirement("R27")
@pytest.mark.requirement("R34")
async def test_nothing_on_the_pages_tells_whether_anything_matched(desk: Door) -> None:
    shown = []
    for matched in (0, 2):
        desk.bus.state.clear()
        ask(desk, strict(code=""))
        pages = [await call(desk, LINK, "POST"), await give(desk, **SIGNED), await call(desk, LINK)]
        assert "We have what we need from you" in pages[-1].text
        told = PointsCompared(effect_id="-", matched=matched)
        desk.bus.happens(told, id=f"told-{matched}", subject=ID, owner="hillcrest", person_key="person-1")
        pages += [await call(desk, LINK), await call(desk, LINK, "POST"), await give(desk, **SIGNED)]
        shown.append([(page.status_code, bare(page)) for page in pages])
    assert shown[0] == shown[1]


@pytest.mark.requirement("R34")
async def test_whoever_cannot_give_more_goes_on_without(desk: Door) -> None:
    ask(desk, strict())
    await call(desk, LINK, "POST")
    page = await give(desk, enough="true")
    assert "Your request goes ahead in part" in page.text


async def test_an_empty_form_a_half_signature_and_a_code_of_letters_are_sent_to_nobody(desk: Door) -> None:
    ask(desk, strict())
    await call(desk, LINK, "POST")
    for form in ({"press": "x"}, {"declared": "true"}, {"declared_as": "Rosa"}, {"code": "12345a"}, {"code": "1"}):
        page = await give(desk, **form)
        assert page.status_code == 422
        assert 'role="alert"' in page.text
    assert len(desk.bus.sent) == 1


@pytest.mark.requirement("R34")
async def test_a_wrong_code_is_told_and_can_be_tried_again(desk: Door) -> None:
    ask(desk, strict())
    await call(desk, LINK, "POST")
    page = await give(desk, **SIGNED, code="999999")
    assert page.status_code == 422
    assert "That code is not the right one" in page.text
    assert 'name="declared"' not in page.text, "what came with it is kept"
    assert "Your request goes ahead" in (await give(desk, code=DIGITS)).text


@pytest.mark.requirement("R27")
async def test_without_the_secret_there_is_no_such_page(desk: Door) -> None:
    ask(desk, strict())
    await call(desk, LINK, "POST")
    known, unknown = f"/verify/{ID}/another", f"/verify/{uuid4()}/{TOKEN}"
    assert bare(await call(desk, known)) == bare(await call(desk, unknown))
    answers = [await call(desk, f"{path}/evidence", "POST", **SIGNED) for path in (known, unknown)]
    assert {answer.status_code for answer in answers} == {410}
    assert answers[0].text == answers[1].text
    assert len(desk.bus.sent) == 1


async def test_an_answer_that_takes_long_is_looked_for_again(desk: Door) -> None:
    ask(desk, strict())
    await call(desk, LINK, "POST")
    desk.bus.slow = True
    page = await give(desk, **SIGNED, code=DIGITS, press="the-very-same-press")
    assert page.status_code == 202
    found = re.search(r'http-equiv="refresh" content="2; url=([^"]+)"', page.text)
    assert found is not None
    assert (await call(desk, found[1])).status_code == 202
    cause, command = desk.bus.sent[-1]
    desk.bus.happens(command, id=cause, subject=ID, owner="hillcrest", person_key="person-1")
    assert "Your request goes ahead" in (await call(desk, found[1])).text


@pytest.mark.requirement("R33")
async def test_a_code_opens_the_page_for_somebody_without_an_e_mail_address(desk: Door) -> None:
    ask(desk, strict(by_mail=False))
    page = await call(desk, CODE_PAGE, "POST", code="012 345")
    assert "We have what we need" not in page.text
    assert page.status_code == 303
    more = await call(desk, page.headers["location"])
    assert 'name="declared_as"' in more.text
    assert 'name="code"' not in more.text
    done = await call(desk, f"{page.headers['location']}/evidence", "POST", **SIGNED)
    assert "We have what we need from you" in done.text
    other = page.headers["location"].replace(ID, str(uuid4()))
    assert 'name="declared_as"' not in (await call(desk, other)).text, "a key opens one request"


@pytest.mark.requirement("R27")
async def test_a_wrong_code_a_late_one_and_one_for_nothing_look_alike(desk: Door) -> None:
    ask(desk, strict(by_mail=False))
    pages = [await call(desk, CODE_PAGE, "POST", code=code) for code in ("999999", "", "letters")]
    pages.append(await call(desk, f"/verify/{uuid4()}/code", "POST", code=DIGITS))
    assert {page.status_code for page in pages} == {422}
    assert len({bare(page) for page in pages}) == 1
    assert bare(await call(desk, CODE_PAGE)) == bare(await call(desk, f"/verify/{uuid4()}/code"))


@pytest.mark.requirement("R28")
async def test_whoever_did_not_ask_ends_it_with_one_press(desk: Door) -> None:
    ask(desk, received(ID, DIGEST))
    page = await call(desk, LINK, "POST", choice="disown")
    assert "That request has ended" in page.text
    assert desk.bus.sent[-1][1] == DisownRequest(digest=DIGEST)
    assert (await call(desk, LINK, "POST")).status_code == 410


@pytest.mark.requirement("R33")
async def test_of_an_agents_request_the_person_is_asked_whether_they_act_for_them(desk: Door) -> None:
    agent = Agent(contact=sealed_text("fulfilment", "agent", 1), basis=Basis.PERMISSION)
    ask(desk, received(ID, DIGEST, agent=agent))
    page = await call(desk, LINK)
    assert "Yes, they act for me" in page.text
    assert "Your request goes ahead" in (await call(desk, LINK, "POST")).text
    assert desk.bus.sent[-1][1] == SubmitProof(digest=DIGEST)


@pytest.mark.requirement("R35")
async def test_the_pages_speak_the_language_of_the_request_unless_the_reader_wants_another(desk: Door) -> None:
    ask(desk, strict(locale="es"))
    assert "Sí, esta solicitud es mía" in (await call(desk, LINK, language="")).text
    assert "Yes, this is my request" in (await call(desk, LINK, language="en")).text
    page = await call(desk, LINK, "POST", language="")
    assert "pena de perjurio" in page.text
    assert 'lang="es"' in page.text
