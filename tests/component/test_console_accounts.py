"""Operators manage everybody's accounts and read everybody's acts; nobody else of the console does."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from schemas.catalogue import Account
from schemas.notifier import SendAccountLetter
from services.runtime.person import login_key
from tests.support.console_world import World, operator
from tests.support.web_sample import PERSON_SECRET


class Mail:
    """The way to the notifier."""

    def __init__(self) -> None:
        self.letters: list[SendAccountLetter] = []

    async def send(self, command: SendAccountLetter, **_: Any) -> None:
        self.letters.append(command)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    for name, role in (("ines", "handler"), ("tobin", "admin")):
        email = f"{name}@alder-falls.example"
        made.vault.prepare(f"account:{name}", ("record",))
        account = Account(
            id=name, login=login_key(PERSON_SECRET, email), owner="alder-falls", roles=(role,), password_hash="set",
            name=made.vault.seal(f"account:{name}", "record", "name", f"{name.title()} of Alder"),
        )  # fmt: skip
        made.catalogue = made.catalogue.with_entry(account)
    made.floor.bus = Mail()  # type: ignore[assignment]
    return made


@pytest_asyncio.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    client = await world.signed_in()
    page = (await client.get("/console/people")).text
    client.headers["X-CSRF-Token"] = str(re.search(r'name="csrf" value="([0-9a-f]+)"', page)[1])  # type: ignore[index]
    yield client
    await client.aclose()


async def test_an_operator_sees_the_people_of_every_owner(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/console/people")).text
    assert "Ines of Alder" in page
    assert "Tobin of Alder" in page
    assert "City of Alder Falls" in page


async def test_and_deactivates_any_of_them_but_not_an_owners_last_admin(
    world: World, browser: httpx.AsyncClient
) -> None:
    assert (await browser.post("/console/people/ines/deactivate")).status_code == 303
    assert world.catalogue.accounts["ines"].deactivated
    refused = await browser.post("/console/people/tobin/deactivate")
    assert refused.status_code == 409
    assert "Nobody else here could manage people" in refused.text
    assert not world.catalogue.accounts["tobin"].deactivated
    done = [act for act in world.acts if type(act).__name__ == "PersonDeactivated"]
    assert [(act.who, act.owner) for act in done] == [("account-operator", "alder-falls")]


@pytest.mark.parametrize(
    ("owner", "role", "door"),
    [
        ("alder-falls", "admin", "portal"),
        ("habeas-custodian", "operator", "console"),
        ("habeas-custodian", "privacy", "portal"),
        ("habeas-custodian", "phone-desk", "desk"),
        ("alder-falls", "operator", ""),
        ("nowhere", "admin", ""),
        ("", "admin", ""),
    ],
)
async def test_an_invitation_leads_to_the_pages_it_is_for(
    world: World, browser: httpx.AsyncClient, owner: str, role: str, door: str
) -> None:
    form = {"email": "new@alder-falls.example", "name": "Nora Newcome", "role": role, "owner": owner}
    answer = await browser.post("/console/people", data=form)
    letters = world.floor.bus.letters  # type: ignore[attr-defined]
    if not door:
        assert (answer.status_code, letters) == (422, [])
        return
    assert answer.status_code == 303
    assert [(letter.letter.owner, letter.letter.door) for letter in letters] == [(owner, door)]


async def test_acts_are_shown_by_pseudonym_and_by_owner(browser: httpx.AsyncClient) -> None:
    await browser.post("/console/people/ines/deactivate")
    page = (await browser.get("/console/acts")).text
    assert "deactivated" in page
    assert "signed in" in page
    assert "Ines" not in page
    of_alder = (await browser.get("/console/acts?owner=alder-falls")).text
    assert "deactivated" in of_alder
    assert "signed in" not in of_alder
    of_ines = (await browser.get("/console/acts?account=ines")).text
    assert "deactivated" in of_ines
    assert "signed in" not in of_ines


async def test_acts_are_shown_a_page_at_a_time(world: World, browser: httpx.AsyncClient) -> None:
    from schemas.acts import SignedIn

    for n in range(60):
        await world.record(SignedIn(who=f"account-{n}", owner="alder-falls"))
    seen, address = 0, "/console/acts?owner=alder-falls"
    while address:
        page = (await browser.get(address)).text
        seen += page.count("<tr>") - 1
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older[1].replace("&amp;", "&") if older else ""
    assert seen == 60


@pytest.mark.parametrize("role", ["admin", "handler", "privacy", "phone-desk"])
async def test_nobody_else_gets_in(world: World, role: str) -> None:
    client = await world.signed_in()
    world.catalogue = world.catalogue.with_entry(operator(role))
    for path in ("/console", "/console/acts"):
        allowed = role == "admin" and path == "/console/acts"
        answer = await client.get(path)
        assert answer.status_code == (200 if allowed else 403)
    await client.aclose()
