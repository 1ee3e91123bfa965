"""From the invitation to the last sign-out, on the portal's own pages: everything real but Kafka and the mail."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyotp
import pytest

from schemas import acts
from schemas.catalogue import Account
from schemas.notifier import AccountLetterKind, SendAccountLetter
from schemas.vocabulary import Right
from services.runtime.web.attempts import PER_LOGIN
from services.runtime.web.desk import RESETS
from tests.support.portal_world import HTML, World, approval

GOOD = "mauve-Kettle-ninety-orbit"
NEW = {"email": "Nora@Alder.example", "name": "Nora Newcome", "role": "reader"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
async def visitor(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.visitor() as asking:
        yield asking


def letters(world: World) -> list[SendAccountLetter]:
    return [command for command, _ in world.sent if isinstance(command, SendAccountLetter)]


def link(world: World) -> str:
    """Where the last letter leads."""
    letter = letters(world)[-1].letter
    token = world.vault.open(f"account:{letter.account}", f"token:{letter.id}", letter.token, by="test", why="test")
    return f"/{letter.door}/welcome/{token}"


def account(world: World, name: str) -> Account:
    return world.catalogue.accounts[name]


async def invite(world: World, **entries: str) -> Account:
    async with world.clerk("alder", "admin") as admin:
        answer = await admin.post("/portal/people", data=NEW | entries, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/portal/people?done=invited")
    return account(world, letters(world)[-1].letter.account)


async def choose(visitor: httpx.AsyncClient, where: str, password: str = GOOD) -> httpx.Response:
    return await visitor.post(where, data={"password": password, "again": password}, headers=HTML)


async def sign_in(
    visitor: httpx.AsyncClient, email: str = "nora@alder.example", password: str = GOOD
) -> httpx.Response:
    return await visitor.post("/portal/sign-in", data={"email": email, "password": password}, headers=HTML)


def kinds(world: World) -> list[str]:
    return [type(act).__name__ for act in world.acts]


async def test_invited_welcomed_signed_in(world: World, visitor: httpx.AsyncClient) -> None:
    nora = await invite(world)
    assert (nora.owner, nora.roles, nora.password_hash, nora.invited_by) == ("alder", ("reader",), "", "alder-admin")
    assert letters(world)[-1].letter.kind is AccountLetterKind.INVITATION
    assert (await sign_in(visitor, password="")).status_code == 401
    where = link(world)
    page = await visitor.get(where, headers=HTML)
    assert "City of Alder Falls invites you" in page.text
    assert 'value="nora@alder.example"' in page.text
    done = await choose(visitor, where)
    assert (done.status_code, done.headers["location"]) == (303, "/portal/sign-in?done=password")
    assert (await sign_in(visitor)).headers["location"] == "/portal"
    assert (await visitor.get("/portal", headers=HTML)).status_code == 200
    assert kinds(world)[-3:] == ["PersonInvited", "PasswordSet", "SignedIn"]


async def test_nobody_who_asked_stands_in_the_log_by_name(world: World, visitor: httpx.AsyncClient) -> None:
    nora = await invite(world)
    await choose(visitor, link(world))
    await sign_in(visitor)
    said = nora.model_dump_json() + "".join(act.model_dump_json() for act in world.acts)
    said += "".join(command.model_dump_json() for command in letters(world))
    for mark in ("nora", "Nora", "127.0.0.1", "mauve"):
        assert mark not in said
    assert all(act.address for act in world.acts)


async def test_opening_the_link_changes_nothing(world: World, visitor: httpx.AsyncClient) -> None:
    await invite(world)
    before, where = world.catalogue, link(world)
    for _ in range(3):
        assert (await visitor.get(where, headers=HTML)).status_code == 200
        assert (await visitor.head(where, headers=HTML)).status_code in (200, 405)
    assert world.catalogue == before


async def test_a_link_works_once(world: World, visitor: httpx.AsyncClient) -> None:
    await invite(world)
    where = link(world)
    await choose(visitor, where)
    after = world.catalogue
    for answer in (await visitor.get(where, headers=HTML), await choose(visitor, where, "another-Kettle-ninety-orbit")):
        assert answer.status_code == 410
        assert "no longer works" in answer.text
    assert world.catalogue == after


@pytest.mark.parametrize(
    ("password", "again", "why"),
    [
        ("short", "short", "at least 12"),
        ("nora-likes-her-tea", "nora-likes-her-tea", "your name"),
        ("alder-falls-forever", "alder-falls-forever", "your name"),
        (GOOD, GOOD + "x", "not the same"),
    ],
)
async def test_a_bad_password_is_refused_and_not_shown_again(
    world: World, visitor: httpx.AsyncClient, password: str, again: str, why: str
) -> None:
    await invite(world)
    before, where = world.catalogue, link(world)
    answer = await visitor.post(where, data={"password": password, "again": again}, headers=HTML)
    assert answer.status_code == 422
    assert why in answer.text
    assert password not in answer.text.replace("mauve", "")
    assert world.catalogue == before


async def test_an_invitation_can_be_sent_once_more_until_it_is_accepted(
    world: World, visitor: httpx.AsyncClient
) -> None:
    nora = await invite(world)
    async with world.clerk("alder", "admin") as admin:
        assert (await admin.post("/portal/people", data=NEW, headers=HTML)).status_code == 422
        assert (await admin.post(f"/portal/people/{nora.id}/invitation", headers=HTML)).status_code == 303
        assert len(letters(world)) == 2
        await choose(visitor, link(world))
        assert (await admin.post(f"/portal/people/{nora.id}/invitation", headers=HTML)).status_code == 409
    assert len(letters(world)) == 2


async def test_whoever_has_an_account_elsewhere_is_invited_as_anybody(world: World, visitor: httpx.AsyncClient) -> None:
    """The admin learns nothing; the first password settles whose address it is."""
    await invite(world, email="handler@dunmore.example", name="Somebody")
    answer = await choose(visitor, link(world))
    assert answer.status_code == 410
    assert (await sign_in(visitor, "handler@dunmore.example", "dunmore-handler")).status_code == 303


# -- a new password


ADDRESSES = ["handler@alder.example", "nobody@alder.example", "operator@custodian.example", "not an address", ""]


@pytest.mark.requirement("R27")
async def test_asking_for_a_new_password_tells_nobody_anything(world: World, visitor: httpx.AsyncClient) -> None:
    answers = [await visitor.post("/portal/forgot", data={"email": email}, headers=HTML) for email in ADDRESSES]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers)) for answer in answers}) == 1
    assert [command.letter.account for command in letters(world)] == ["alder-handler"]
    assert kinds(world) == ["ResetAsked"]


async def test_the_answer_comes_before_anybody_is_looked_for(world: World, visitor: httpx.AsyncClient) -> None:
    """Whatever goes wrong afterwards, the words are the same."""
    world.closed = True
    answer = await visitor.post("/portal/forgot", data={"email": "handler@alder.example"}, headers=HTML)
    assert answer.status_code == 200
    assert letters(world) == []


async def test_a_new_password_ends_every_session(world: World, visitor: httpx.AsyncClient) -> None:
    async with world.clerk("alder", "handler") as handler:
        assert (await handler.get("/portal")).status_code == 200
        await visitor.post("/portal/forgot", data={"email": "HANDLER@alder.example"}, headers=HTML)
        assert letters(world)[-1].letter.kind is AccountLetterKind.RESET
        assert (await handler.get("/portal")).status_code == 200, "asking alone changes nothing"
        assert (await choose(visitor, link(world))).status_code == 303
        assert (await handler.get("/portal")).status_code == 401
    assert (await sign_in(visitor, "handler@alder.example", "alder-handler")).status_code == 401
    assert (await sign_in(visitor, "handler@alder.example")).status_code == 303


async def test_an_account_of_the_file_without_a_password_gets_its_first_one_so(
    world: World, visitor: httpx.AsyncClient
) -> None:
    """How a new deployment's first people come in."""
    bare = account(world, "alder-handler").model_copy(update={"password_hash": "", "demo": False})
    world.catalogue = world.catalogue.with_entry(bare)
    assert (await sign_in(visitor, "handler@alder.example", "")).status_code == 401
    await visitor.post("/portal/forgot", data={"email": "handler@alder.example"}, headers=HTML)
    assert (await choose(visitor, link(world))).status_code == 303
    assert (await sign_in(visitor, "handler@alder.example")).status_code == 303


async def test_nobody_is_flooded_with_letters(world: World, visitor: httpx.AsyncClient) -> None:
    texts = {
        (await visitor.post("/portal/forgot", data={"email": "handler@alder.example"}, headers=HTML)).text
        for _ in range(RESETS.per_login + 3)
    }
    assert len(texts) == 1
    assert len(letters(world)) == RESETS.per_login


# -- locked out


async def test_a_lock_out_is_on_record_once(world: World, visitor: httpx.AsyncClient) -> None:
    for _ in range(PER_LOGIN):
        assert (await sign_in(visitor, "handler@alder.example", "wrong")).status_code == 401
    assert (await sign_in(visitor, "handler@alder.example", "alder-handler")).status_code == 429
    assert (await sign_in(visitor, "handler@alder.example", "alder-handler")).status_code == 429
    (locked,) = world.acts
    assert isinstance(locked, acts.SignInLocked)
    assert (locked.who, locked.owner, locked.attempts) == ("alder-handler", "alder", PER_LOGIN)


async def test_an_unknown_login_is_locked_out_with_the_same_words(world: World, visitor: httpx.AsyncClient) -> None:
    async def words(email: str) -> list[tuple[int, str]]:
        answers = [await sign_in(visitor, email, "wrong") for _ in range(PER_LOGIN + 1)]
        return [(answer.status_code, answer.text.replace(email, "…")) for answer in answers]

    assert await words("handler@alder.example") == await words("nobody@alder.example")
    assert kinds(world) == ["SignInLocked"] * 2


async def test_nobody_enters_who_cannot_be_recorded(world: World, visitor: httpx.AsyncClient) -> None:
    world.closed = True
    assert (await sign_in(visitor, "handler@alder.example", "alder-handler")).status_code == 503
    assert (await visitor.get("/portal")).status_code == 401


# -- managing people


async def test_deactivated_is_signed_out_at_once(world: World, visitor: httpx.AsyncClient) -> None:
    async with world.clerk("alder", "handler") as handler, world.clerk("alder", "admin") as admin:
        assert (await handler.get("/portal")).status_code == 200
        done = await admin.post("/portal/people/alder-handler/deactivate", headers=HTML)
        assert done.headers["location"] == "/portal/people/alder-handler?done=deactivate"
        assert (await handler.get("/portal")).status_code == 401
        assert (await sign_in(visitor, "handler@alder.example", "alder-handler")).status_code == 401
        await visitor.post("/portal/forgot", data={"email": "handler@alder.example"}, headers=HTML)
        assert letters(world) == []
        await admin.post("/portal/people/alder-handler/reactivate", headers=HTML)
        assert (await handler.get("/portal")).status_code == 401, "what has ended stays ended"
    assert (await sign_in(visitor, "handler@alder.example", "alder-handler")).status_code == 303
    did = [(type(act).__name__, act.who, act.owner) for act in world.acts if "activated" in type(act).__name__]
    assert did == [("PersonDeactivated", "alder-admin", "alder"), ("PersonReactivated", "alder-admin", "alder")]


async def test_another_role_counts_from_the_next_request_on(world: World) -> None:
    request = world.route("alder", (Right.ACCESS,))
    async with world.clerk("alder", "reader") as reader, world.clerk("alder", "admin") as admin:
        where = f"/portal/api/requests/{request.id}/instruction"
        assert (await reader.post(where, json=approval(request))).status_code == 403
        await admin.post("/portal/people/alder-reader/roles", data={"role": "handler"}, headers=HTML)
        assert (await reader.post(where, json=approval(request))).status_code == 200
        assert (await reader.get("/portal/people", headers=HTML)).status_code == 403


@pytest.mark.parametrize("step", ["deactivate", "reactivate", "roles", "second-step", "invitation"])
async def test_nobody_does_it_to_themselves(world: World, step: str) -> None:
    before = world.catalogue
    async with world.clerk("alder", "admin") as admin:
        answer = await admin.post(f"/portal/people/alder-admin/{step}", data={"role": "reader"}, headers=HTML)
        assert answer.status_code == 409
    assert world.catalogue == before


async def test_a_form_without_the_token_does_nothing(world: World) -> None:
    before = world.catalogue
    async with world.clerk("alder", "admin") as admin:
        del admin.headers["X-CSRF-Token"]
        assert (await admin.post("/portal/people/alder-reader/deactivate", headers=HTML)).status_code == 403
        assert (await admin.post("/portal/people", data=NEW, headers=HTML)).status_code == 403
    assert world.catalogue == before


async def test_the_list_says_how_each_stands(world: World) -> None:
    await invite(world)
    async with world.clerk("alder", "admin") as admin:
        await admin.post("/portal/people/alder-reader/deactivate", headers=HTML)
        page = (await admin.get("/portal/people", headers=HTML)).text
        assert "Nora Newcome" in page
        assert "nora@alder.example" in page
        for state in ("Active", "Invited", "Deactivated"):
            assert state in page
        acts_page = (await admin.get("/portal/acts", headers=HTML)).text
    assert re.search(r">You<.*deactivated.*Reader of Alder", acts_page, re.S)
    assert re.search(r">You<.*invited.*Nora Newcome</a> as reader", acts_page, re.S)


async def test_a_fetched_package_is_on_record(world: World) -> None:
    request = world.route("alder", (Right.ACCESS,))
    async with world.clerk("alder", "handler") as handler:
        await handler.post(f"/portal/api/requests/{request.id}/instruction", json=approval(request))
        where = f"/portal/requests/{request.id}/package/{request.orders[0].id}"
        world.closed = True
        assert (await handler.get(where)).status_code == 503
        world.closed = False
        assert (await handler.get(where)).status_code == 200
    last = world.acts[-1]
    assert isinstance(last, acts.PackageFetched)
    assert (last.who, last.request_id, last.order_id) == ("alder-handler", request.id, request.orders[0].id)


# -- the second step


def real(world: World, name: str) -> None:
    """From now on the account is not one of the demo's."""
    world.catalogue = world.catalogue.with_entry(account(world, name).model_copy(update={"demo": False}))


async def set_up(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Walks through the page; the secret and the recovery codes."""
    page = (await client.get("/portal/account/second-step", headers=HTML)).text
    key = re.search(r'class="key">([A-Z2-7 ]+)<', page)
    hidden = re.search(r'name="setting_up" value="([^"]+)"', page)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert key
    assert hidden
    assert csrf
    secret = key[1].replace(" ", "")
    entries = {"setting_up": hidden[1], "csrf": csrf[1]}
    wrong = await client.post("/portal/account/second-step", data=entries | {"code": "000000"}, headers=HTML)
    assert wrong.status_code == 422
    assert key[1] in wrong.text, "the same key, not another one to scan"
    code = pyotp.TOTP(secret).now()
    done = await client.post("/portal/account/second-step", data=entries | {"code": code}, headers=HTML)
    assert done.status_code == 200
    return secret, re.findall(r"<code>([a-z0-9-]+)</code>", done.text)


async def test_an_admin_gets_nowhere_without_a_second_step(world: World, visitor: httpx.AsyncClient) -> None:
    real(world, "alder-admin")
    await sign_in(visitor, "admin@alder.example", "alder-admin")
    for path in ("/portal", "/portal/people", "/portal/acts", "/portal/account"):
        sent = await visitor.get(path, headers=HTML)
        assert (sent.status_code, sent.headers["location"]) == (303, "/portal/account/second-step")
        refused = await visitor.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "second-step-required")
    _, codes = await set_up(visitor)
    assert len(codes) == 8
    assert (await visitor.get("/portal/people", headers=HTML)).status_code == 200
    assert kinds(world)[-1] == "SecondStepSetUp"


async def second_page(world: World, visitor: httpx.AsyncClient, code: str) -> httpx.Response:
    page = await sign_in(visitor, "admin@alder.example", "alder-admin")
    assert page.status_code == 200
    assert "habeas-router" not in visitor.cookies
    half = re.search(r'name="half" value="([^"]+)"', page.text)
    assert half
    return await visitor.post("/portal/sign-in/code", data={"half": half[1], "code": code}, headers=HTML)


@pytest.fixture
async def guarded(world: World) -> tuple[str, list[str]]:
    """Alder's admin, with a second step: its secret and recovery codes."""
    async with world.visitor() as visitor:
        await sign_in(visitor, "admin@alder.example", "alder-admin")
        return await set_up(visitor)


def code_of(secret: str) -> str:
    """The code of the next step: that of now was spent on setting up."""
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30))


async def test_then_the_password_alone_lets_nobody_in(
    world: World, visitor: httpx.AsyncClient, guarded: tuple[str, list[str]]
) -> None:
    secret, _ = guarded
    assert (await second_page(world, visitor, "000000")).status_code == 401
    entered = await second_page(world, visitor, code_of(secret))
    assert (entered.status_code, entered.headers["location"]) == (303, "/portal")
    last = world.acts[-1]
    assert isinstance(last, acts.SignedIn)
    assert last.second_step == "code"


async def test_the_same_code_lets_nobody_in_twice(
    world: World, visitor: httpx.AsyncClient, guarded: tuple[str, list[str]]
) -> None:
    code = code_of(guarded[0])
    assert (await second_page(world, visitor, code)).status_code == 303
    visitor.cookies.clear()
    assert (await second_page(world, visitor, code)).status_code == 401


async def test_a_recovery_code_lets_in_once(
    world: World, visitor: httpx.AsyncClient, guarded: tuple[str, list[str]]
) -> None:
    _, codes = guarded
    assert (await second_page(world, visitor, codes[3].upper())).status_code == 303
    visitor.cookies.clear()
    assert (await second_page(world, visitor, codes[3])).status_code == 401
    assert len(account(world, "alder-admin").recovery) == 7
    assert codes[3] not in account(world, "alder-admin").model_dump_json()


async def test_wrong_codes_are_counted_like_wrong_passwords(
    world: World, visitor: httpx.AsyncClient, guarded: tuple[str, list[str]]
) -> None:
    page = await sign_in(visitor, "admin@alder.example", "alder-admin")
    half = re.search(r'name="half" value="([^"]+)"', page.text)
    assert half
    answers = [
        (await visitor.post("/portal/sign-in/code", data={"half": half[1], "code": "000000"}, headers=HTML)).status_code
        for _ in range(PER_LOGIN)
    ]
    assert answers == [401] * (PER_LOGIN - 1) + [429]
    right = await visitor.post(
        "/portal/sign-in/code", data={"half": half[1], "code": code_of(guarded[0])}, headers=HTML
    )
    assert right.status_code == 429


async def test_a_program_brings_the_code_along(
    world: World, visitor: httpx.AsyncClient, guarded: tuple[str, list[str]]
) -> None:
    who = {"email": "admin@alder.example", "password": "alder-admin"}
    lacking = await visitor.post("/portal/api/session", json=who)
    assert (lacking.status_code, lacking.json()["code"]) == (401, "second-step-required")
    wrong = await visitor.post("/portal/api/session", json=who | {"code": "000000"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "second-step-refused")
    assert (await visitor.post("/portal/api/session", json=who | {"code": code_of(guarded[0])})).status_code == 200


@pytest.mark.parametrize("half", ["", "x", "WyJhbGRlci1hZG1pbiIsIngiXQ.aaaa.bbbb"])
async def test_nobody_begins_with_the_second_step(world: World, visitor: httpx.AsyncClient, half: str) -> None:
    answer = await visitor.post("/portal/sign-in/code", data={"half": half, "code": "000000"}, headers=HTML)
    assert answer.status_code == 401


async def test_a_lost_second_step_is_taken_away_by_somebody_else(
    world: World, visitor: httpx.AsyncClient, guarded: tuple[str, list[str]]
) -> None:
    second = account(world, "alder-handler").model_copy(update={"roles": ("admin",)})
    world.catalogue = world.catalogue.with_entry(second)
    async with world.clerk("alder", "handler") as colleague:
        await colleague.post("/portal/people/alder-admin/second-step", headers=HTML)
    assert account(world, "alder-admin").totp is None
    assert (await sign_in(visitor, "admin@alder.example", "alder-admin")).status_code == 303
    assert "SecondStepRemoved" in kinds(world)


async def test_outside_the_demo_a_demo_account_is_nobodys(world: World) -> None:
    world.settings = world.settings.model_copy(update={"environment": "production"})
    async with world.visitor() as visitor:
        assert (await sign_in(visitor, "handler@alder.example", "alder-handler")).status_code == 401
