"""Staff enter what came by telephone, letter or e-mail: for whom they may, as any other door, and on record."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from schemas import acts
from schemas.request import Contact
from schemas.verifier import AttestIdentity
from schemas.vocabulary import Channel, PointKind, Right
from services.runtime.person import phone_key
from tests.support.desk_world import CALLER, DeskWorld, entered


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path)
    yield made
    made.database.dispose()
    made.vault_database.dispose()


def contact_of(world: DeskWorld, number: int = -1) -> Contact:
    request = world.submitted()[number]
    return world.floor.vault.open_model(request.id, "contact", request.contact, Contact, by="test", why="test")


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R30")
@pytest.mark.parametrize("channel", ["phone", "post", "email"])
async def test_a_request_says_how_it_came_and_who_entered_it_and_so_does_the_record(
    world: DeskWorld, channel: str
) -> None:
    async with world.at("riverton-handler") as staff:
        answer = await entered(staff, channel=channel)
    assert answer.status_code == 303
    (request,) = world.submitted()
    assert (request.channel, request.entered_by, request.client) == (Channel(channel), "riverton-handler", "desk")
    assert request.owner == "riverton"
    act = world.acts[-1]
    assert isinstance(act, acts.RequestEntered)
    assert (act.who, act.owner, act.request_id, act.channel) == ("riverton-handler", "riverton", request.id, channel)
    assert contact_of(world) == Contact(name="Maria Quill", email="maria@quill.example")


@pytest.mark.requirement("R33")
async def test_the_number_is_read_back_letter_by_letter_with_what_the_caller_hears_next(world: DeskWorld) -> None:
    async with world.at("custodian-phone-desk") as staff:
        answer = await entered(staff, owner="lakeside")
        page = (await staff.get(answer.headers["location"])).text
    (request,) = world.submitted()
    assert request.number in page
    assert "Hotel" in page
    assert "36 hours" in page
    assert "has 30 days to answer" in page
    assert "may not be treated worse" in page
    assert "quill" not in page.lower()


@pytest.mark.requirement("R33")
async def test_owners_staff_enter_for_their_own_owner_whatever_the_form_says(world: DeskWorld) -> None:
    async with world.at("riverton-handler") as staff:
        assert "City of Lakeside" not in (await staff.get("/desk")).text
        await entered(staff, owner="lakeside")
    assert [request.owner for request in world.submitted()] == ["riverton"]


@pytest.mark.parametrize("account", ["custodian-phone-desk", "custodian-privacy"])
async def test_the_custodians_desk_and_privacy_team_enter_for_all_and_must_say_for_whom(
    world: DeskWorld, account: str
) -> None:
    async with world.at(account) as staff:
        page = (await staff.get("/desk")).text
        assert all(name in page for name in ("City of Lakeside", "City of Riverton", "Habeas Civic Software"))
        refused = await entered(staff)
        assert refused.status_code == 422
        assert 'href="#owner"' in refused.text
        assert (await entered(staff, owner="atlantis")).status_code == 422
        assert (await entered(staff, owner="lakeside")).status_code == 303
    assert [request.owner for request in world.submitted()] == ["lakeside"]


@pytest.mark.parametrize("account", ["riverton-reader", "custodian-operator"])
async def test_nobody_else_gets_in(world: DeskWorld, account: str) -> None:
    slug, _, role = account.partition("-")
    async with world.client() as client:
        who = {"email": f"{role}@{slug}.example", "password": account}
        assert (await client.post("/desk/api/session", json=who)).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/desk"), ("POST", "/desk"), ("GET", "/desk/find?number=HB-7K4M-Q2ZD"),
        ("GET", f"/desk/taken/{uuid4()}"), ("GET", f"/desk/requests/{uuid4()}"),
        ("POST", f"/desk/requests/{uuid4()}/attestation"),
    ],
)  # fmt: skip
async def test_whoever_is_not_signed_in_is_sent_to_sign_in(world: DeskWorld, method: str, path: str) -> None:
    async with world.client(Accept="text/html") as client:
        answer = await client.request(method, path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/desk/sign-in")


async def test_a_form_without_the_sessions_token_does_nothing(world: DeskWorld) -> None:
    async with world.at("riverton-handler") as staff:
        del staff.headers["X-CSRF-Token"]
        assert (await entered(staff)).status_code == 403
    assert world.submitted() == []


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R34")
async def test_somebody_without_an_e_mail_address_is_known_by_telephone_and_gets_letters_on_paper(
    world: DeskWorld,
) -> None:
    points = {"street_address": "4 Quay Street", "date_of_birth": "1961-02-03"}
    paper = {"channel": "post", "email": "", "phone": "(202) 555-0123", "address": "4 Quay Street\nRiverton"}
    async with world.at("riverton-handler") as staff:
        answer = await entered(staff, **paper, **points)
        page = (await staff.get(answer.headers["location"])).text
    assert "text message with a code" in page
    (request,) = world.submitted()
    assert contact_of(world) == Contact(name="Maria Quill", phone="+12025550123", address="4 Quay Street\nRiverton")
    secret = world.floor.settings.person_secret.get_secret_value()
    assert request.person == phone_key(secret, "riverton", "+12025550123")
    assert request.points is not None
    assert PointKind.DATE_OF_BIRTH in world.floor.vault.open(request.id, "points", request.points, by="t", why="t")


async def test_without_address_and_telephone_nobody_could_be_reached(world: DeskWorld) -> None:
    async with world.at("riverton-handler") as staff:
        answer = await entered(staff, email="")
    assert answer.status_code == 422
    assert "E-mail address is required, unless there is a telephone number" in answer.text


@pytest.mark.requirement("R07")
async def test_the_laws_clock_starts_on_the_day_the_letter_arrived(world: DeskWorld) -> None:
    today = datetime.now(UTC)
    async with world.at("riverton-handler") as staff:
        arrived = (today - timedelta(days=6)).date()
        assert (await entered(staff, channel="post", received_on=arrived.isoformat())).status_code == 303
        for wrong in ((today + timedelta(days=2)).date().isoformat(), "2020-01-01", "yesterday"):
            answer = await entered(staff, channel="post", received_on=wrong)
            assert answer.status_code == 422
            assert 'href="#received_on"' in answer.text
    (request,) = world.submitted()
    assert request.received_at.date() == arrived


async def test_everything_a_letter_may_say_is_taken(world: DeskWorld) -> None:
    said = {
        "rights": ["delete", "correct", "opt_out"], "corrections.1.field": "Street", "corrections.1.value": "Quay",
        "details": "First line\nSecond line", "declared_as": "Maria Quill", "child": "Tom Quill", "locale": "es",
        "span": "since", "since": "2023-05-01",
    }  # fmt: skip
    async with world.at("riverton-handler") as staff:
        answer = await entered(staff, channel="post", **said)
        page = (await staff.get(answer.headers["location"])).text
    beside, main = world.submitted()
    assert [order.right for order in main.orders] == [Right.CORRECT, Right.DELETE]
    assert [order.right for order in beside.orders] == [Right.OPT_OUT]
    assert main.linked == (beside.id,)
    assert beside.number in page
    assert None not in (main.corrections, main.details, main.declaration, main.child)
    assert (main.locale, main.period.since.isoformat() if main.period.since else "") == ("es", "2023-05-01")
    assert len([act for act in world.acts if isinstance(act, acts.RequestEntered)]) == 2


async def test_what_is_wrong_is_said_at_its_own_entry_and_nothing_is_lost(world: DeskWorld) -> None:
    wrong = {"corrections.2.field": "Street", "rights": ["correct"], "since": "2023-05-01", "agent_name": "A. Gent"}
    async with world.at("riverton-handler") as staff:
        page = (await entered(staff, name="<1>", email="maria", **wrong)).text
    for place in ("email", "corrections.2.value", "span", "agent_email", "agent_basis", "name"):
        assert f'href="#{place}"' in page
        assert f'id="{place}"' in page
    assert "&lt;1&gt;" in page
    assert world.submitted() == []


async def test_pressing_the_button_twice_is_one_request_and_changing_it_is_asked_about(world: DeskWorld) -> None:
    async with world.at("riverton-handler") as staff:
        page = (await staff.get("/desk")).text
        key = re.search(r'name="key" value="([^"]+)"', page)
        assert key is not None
        first, second = [await staff.post("/desk", data={"key": key[1], **CALLER}) for _ in range(2)]
        assert first.headers["location"] == second.headers["location"]
        changed = await staff.post("/desk", data={"key": key[1], **CALLER, "name": "Mary Quill"})
    assert changed.status_code == 422
    assert "You already sent this page" in changed.text


@pytest.mark.requirement("R34")
async def test_staff_vouch_while_they_enter_where_the_owner_lets_them(world: DeskWorld) -> None:
    async with world.at("custodian-phone-desk") as staff:
        await entered(staff, owner="riverton", attested="yes")
        await entered(staff, owner="lakeside", attested="yes")
    commands = [command for _, command in world.bus.sent if isinstance(command, AttestIdentity)]
    assert commands == [AttestIdentity(by="custodian-phone-desk")]
    given = [act for act in world.acts if isinstance(act, acts.AttestationGiven)]
    assert [(act.who, act.owner) for act in given] == [("custodian-phone-desk", "riverton")]


async def test_without_a_broker_nothing_is_taken_and_the_page_says_so(world: DeskWorld) -> None:
    async with world.at("riverton-handler") as staff:
        world.bus.gone = True
        assert (await entered(staff)).status_code == 503
    assert not any(isinstance(act, acts.RequestEntered) for act in world.acts)


async def test_a_request_on_its_way_into_the_log_is_waited_for(
    world: DeskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("services.intake.desk.pages.PATIENCE", 0.01)
    world.bus.slow = True
    async with world.at("riverton-handler") as staff:
        page = await staff.get((await entered(staff)).headers["location"])
    assert page.status_code == 202
    assert 'http-equiv="refresh"' in page.text


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R34")
async def test_an_agent_who_writes_is_entered_with_the_document_and_not_without(world: DeskWorld) -> None:
    agent = {"agent_name": "Ada Help", "agent_email": "ada@help.example", "agent_basis": "permission"}
    async with world.at("riverton-handler") as staff:
        answer = await entered(staff, channel="post", **agent)
        assert answer.status_code == 422
        assert 'href="#document"' in answer.text
        key = re.search(r'name="key" value="([^"]+)"', answer.text)
        assert key is not None
        form = {"key": key[1], **CALLER, **agent, "channel": "post"}
        program = {"document": ("permission.pdf", b"MZ\x90", "application/pdf")}
        refused = await staff.post("/desk", data=form, files=program)
        assert "is not a PDF, PNG, JPEG or text file" in refused.text
        scan = {"document": ("permission.txt", b"Signed: Maria Quill", "text/plain")}
        answer = await staff.post("/desk", data=form, files=scan)
        assert answer.status_code == 303
        stands = await staff.get(f"/desk/requests/{world.submitted()[0].id}")
    assert "An agent, for the person" in stands.text
    (request,) = world.submitted()
    assert request.agent is not None
    (attachment,) = request.attachments
    content = await world.floor.blobs.read(request.id, attachment.ref, by="test", why="test")
    assert content == b"Signed: Maria Quill"


async def test_a_form_with_a_file_needs_the_sessions_token_too(world: DeskWorld) -> None:
    async with world.at("riverton-handler") as staff:
        token = staff.headers.pop("X-CSRF-Token")
        scan = {"document": ("scan.txt", b"text", "text/plain")}
        assert (await staff.post("/desk", data=CALLER, files=scan)).status_code == 403
        assert (await staff.post("/desk", data={**CALLER, "csrf": token}, files=scan)).status_code == 303
