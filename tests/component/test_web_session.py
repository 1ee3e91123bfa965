"""Signing in and out, and everything somebody might try instead."""

import re
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import Response

from schemas.catalogue import Catalogue
from services.runtime.web.attempts import PER_LOGIN
from services.runtime.web.session import IDLE, LIFETIME, LIVE_HEADER, RENEWED_AFTER, Sessions
from tests.support.web_sample import HTML, World, account

pytestmark = pytest.mark.requirement("R27")
COOKIE = "habeas-sample"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as asking:
        yield asking


async def sign_in(
    client: httpx.AsyncClient, who: str = "ana", password: str = "right horse", **more: str
) -> httpx.Response:
    entries = {"email": f"{who}@riverton.example", "password": password} | more
    return await client.post("/desk/sign-in", data=entries, headers=HTML)


async def token(client: httpx.AsyncClient) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', (await client.get("/desk")).text)
    assert found
    return found[1]


async def test_a_page_sends_people_to_sign_in_and_back(client: httpx.AsyncClient) -> None:
    sent = await client.get("/desk?state=open", headers=HTML)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/desk/sign-in?next=%2Fdesk%3Fstate%3Dopen")
    form = await client.get(sent.headers["Location"], headers=HTML)
    assert 'name="next" value="/desk?state=open"' in form.text
    back = await sign_in(client, next="/desk?state=open")
    assert (back.status_code, back.headers["Location"]) == (303, "/desk?state=open")
    assert (await client.get("/desk")).status_code == 200


async def test_a_program_is_told_to_sign_in(client: httpx.AsyncClient) -> None:
    answer = await client.get("/desk")
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-required")


async def test_the_cookie_is_for_our_server_alone(world: World) -> None:
    async with world.client() as asking:
        set_cookie = (await sign_in(asking)).headers["Set-Cookie"]
    parts = {part.strip().lower() for part in set_cookie.split(";")[1:]}
    assert parts == {"httponly", f"max-age={IDLE}", "path=/", "samesite=lax"}
    world.settings = world.settings.model_copy(update={"secure_cookies": True})
    async with world.client() as asking:
        assert "; Secure" in (await sign_in(asking)).headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("who", "password"),
    [("ana", "wrong"), ("nobody", "right horse"), ("ana", ""), ("", "x"), ("ana", "x" * 5000), ("eve", "right horse")],
)
async def test_a_wrong_sign_in_never_says_what_was_wrong(client: httpx.AsyncClient, who: str, password: str) -> None:
    answer = await sign_in(client, who, password)
    assert answer.status_code == 401
    assert "That e-mail address and password do not go together." in answer.text
    assert COOKIE not in client.cookies


async def test_a_password_is_not_written_back(client: httpx.AsyncClient) -> None:
    assert "wr0ng-one" not in (await sign_in(client, password="wr0ng-one")).text


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test", "/\t//evil.test"])
async def test_nobody_is_sent_to_another_site(client: httpx.AsyncClient, target: str) -> None:
    assert "evil" not in (await client.get("/desk/sign-in", params={"next": target}, headers=HTML)).text
    assert (await sign_in(client, next=target)).headers["Location"] == "/desk"


async def test_another_role_may_not_open_the_page(client: httpx.AsyncClient) -> None:
    await sign_in(client, "bob")
    refused = await client.get("/desk", headers=HTML)
    assert refused.status_code == 403
    assert "Sign out" in refused.text


def cookie_made_by(sessions: Sessions, world: World) -> str:
    answer = Response()
    sessions.begin(answer, world.catalogue.accounts["account-ana"])
    return answer.headers["Set-Cookie"].split(";")[0].partition("=")[2]


async def test_a_forged_cookie_is_nobody(world: World, client: httpx.AsyncClient) -> None:
    genuine = cookie_made_by(Sessions(b"s" * 32, "sample", secure=False), world)
    assert (await client.get("/desk", headers={"Cookie": f"{COOKIE}={genuine}"})).status_code == 200
    forgeries = [
        *("", "x", genuine[:-2], "A" + genuine, genuine.replace(".", "", 1)),
        cookie_made_by(Sessions(b"x" * 32, "sample", secure=False), world),
        cookie_made_by(Sessions(b"s" * 32, "other", secure=False), world),
    ]
    for made in forgeries:
        assert (await client.get("/desk", headers={"Cookie": f"{COOKIE}={made}"})).status_code == 401, made


class Time:
    """The time of day, as the process sees it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.time()
        monkeypatch.setattr("time.time", lambda: self.now)

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


async def test_a_session_ends_after_eight_hours_however_busy(client: httpx.AsyncClient, clock: Time) -> None:
    await sign_in(client)
    client.cookies.jar.clear_expired_cookies = lambda: None  # type: ignore[method-assign]
    for _ in range(LIFETIME // (IDLE - 60)):
        clock.passes(IDLE - 60)
        assert (await client.get("/desk", headers=cookie_of(client))).status_code == 200
    clock.passes(IDLE - 60)
    assert (await client.get("/desk", headers=cookie_of(client))).status_code == 401


async def test_half_an_hour_without_use_ends_a_session(client: httpx.AsyncClient, clock: Time) -> None:
    await sign_in(client)
    clock.passes(IDLE - 60)
    assert (await client.get("/desk", headers=cookie_of(client))).status_code == 200
    clock.passes(IDLE + 60)
    assert (await client.get("/desk", headers=cookie_of(client))).status_code == 401


async def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(client: httpx.AsyncClient, clock: Time) -> None:
    await sign_in(client)
    for _ in range(3):
        clock.passes(IDLE / 4)
        answer = await client.get("/desk", headers={**cookie_of(client), LIVE_HEADER: "1"})
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    clock.passes(IDLE / 2)
    assert (await client.get("/desk", headers=cookie_of(client))).status_code == 401


async def test_a_cookie_is_renewed_once_a_minute_at_most(client: httpx.AsyncClient, clock: Time) -> None:
    await sign_in(client)
    assert "set-cookie" not in (await client.get("/desk", headers=cookie_of(client))).headers
    clock.passes(RENEWED_AFTER + 1)
    assert COOKIE in (await client.get("/desk", headers=cookie_of(client))).headers["set-cookie"]


def cookie_of(client: httpx.AsyncClient) -> dict[str, str]:
    """What the browser would send; its own clock is not the one that is moved here."""
    return {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"} if COOKIE in client.cookies else {}


async def test_a_deactivated_account_is_signed_out_at_once(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    ana = world.catalogue.accounts["account-ana"]
    world.catalogue = world.catalogue.with_entry(ana.model_copy(update={"deactivated": True}))
    assert (await client.get("/desk")).status_code == 401
    assert (await sign_in(client)).status_code == 401


async def test_a_removed_account_is_signed_out_at_once(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    world.catalogue = Catalogue()
    assert (await client.get("/desk")).status_code == 401


async def test_a_new_password_ends_the_sessions_of_the_old_one(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    world.catalogue = world.catalogue.with_entry(account("ana", "admin", password="another"))
    assert (await client.get("/desk")).status_code == 401


async def test_each_sign_in_makes_a_new_session(client: httpx.AsyncClient) -> None:
    client.cookies.set(COOKIE, "fixed-by-somebody-else", domain="habeas.test")
    await sign_in(client)
    first = client.cookies.get(COOKIE, domain="habeas.test")
    client.cookies.clear()
    client.cookies.set(COOKIE, str(first))
    assert (await client.get("/desk")).status_code == 200
    second = (await sign_in(client)).cookies[COOKIE]
    assert second != first
    client.cookies.clear()
    client.cookies.set(COOKIE, str(first))
    assert (await client.get("/desk")).status_code == 401


async def test_an_unsafe_request_needs_the_sessions_token(world: World) -> None:
    app = world.app()
    async with world.client(app) as ana, world.client(app) as again:
        await sign_in(ana)
        await sign_in(again)
        own, other = await token(ana), await token(again)
        for data in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": other}, {"csrf": "é"}):
            refused = await ana.post("/desk/act", data=data)
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        assert (await ana.post("/desk/act", json={"csrf": own})).status_code == 403
        assert (await ana.post("/desk/act", data={"csrf": own})).json() == {"by": "account-ana"}
        assert (await ana.post("/desk/act", headers={"X-CSRF-Token": own})).status_code == 200
        filled = await ana.post("/desk/form", data={"csrf": own, "name": "x"})
        assert filled.json() == {"by": "account-ana", "name": "x"}


async def test_signing_out_needs_the_token_and_kills_copies_of_the_cookie(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    copy, csrf = client.cookies[COOKIE], await token(client)
    assert (await client.post("/desk/sign-out")).status_code == 403
    out = await client.post("/desk/sign-out", data={"csrf": csrf})
    assert (out.status_code, out.headers["Location"]) == (303, "/desk/sign-in")
    assert COOKIE not in client.cookies
    client.cookies.set(COOKIE, copy)
    assert (await client.get("/desk")).status_code == 401


async def test_too_many_attempts_have_to_wait_even_with_the_right_password(client: httpx.AsyncClient) -> None:
    for _ in range(PER_LOGIN):
        assert (await sign_in(client, password="wrong")).status_code == 401
    waiting = await sign_in(client)
    assert waiting.status_code == 429
    assert int(waiting.headers["Retry-After"]) > 0
    assert "Too many attempts" in waiting.text
