"""Nobody sees, opens, instructs or fetches what is another owner's: for every route the portal has."""

import asyncio
import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from schemas.request import Request
from schemas.vocabulary import Right
from services.router.portal.case import changes_of
from services.router.web import ROUTERS
from services.runtime.web.people import Step
from tests.support.portal_asked import telling
from tests.support.portal_world import HTML, World, approval

ROUTES = [(method, route.path) for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)
          for method in sorted(route.methods or ())]  # fmt: skip
ABOUT_A_CASE = [(method, path) for method, path in ROUTES if "{request_id}" in path]
ABOUT_A_PERSON = [(method, path.replace("{step}", step)) for method, path in ROUTES if "{account_id}" in path
                  for step in (Step if "{step}" in path else [""])]  # fmt: skip
OPEN_TO_ALL = {
    "/portal/sign-in", "/portal/sign-in/code", "/portal/sign-out", "/portal/api/session", "/portal/forgot",
    "/portal/welcome/{token}",
}  # fmt: skip
ABOUT_ONESELF = [(method, path) for method, path in ROUTES if path.startswith("/portal/account")]
MANAGING = [(method, path) for method, path in ROUTES if path in ("/portal/people", "/portal/acts")]
KNOWN = OPEN_TO_ALL | {path for _, path in (*ABOUT_ONESELF, *MANAGING)}
LISTS = [(method, path) for method, path in ROUTES if "{" not in path and path not in KNOWN]
CLOSED = [*ABOUT_A_CASE, *LISTS, *ABOUT_A_PERSON, *MANAGING, *ABOUT_ONESELF]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def theirs(world: World) -> Request:
    """Dunmore's request, settled, with a file, a package and an opt-out on record."""
    asked = world.request("dunmore", (Right.ACCESS,), name="Zoltan Planted", email="zoltan@mail.example")
    world.route("dunmore", (Right.LIMIT,), name="Zoltan Planted", email="zoltan@mail.example")
    return world.arrive(telling(world, asked, files={"Zoltan.pdf": b"%PDF-1.7"}))


def filled(path: str, request_id: str, order_id: str) -> str:
    parts = {"{request_id}": request_id, "{order_id}": order_id, "{account_id}": "alder-reader", "{at}": "0"}
    for part, value in parts.items():
        path = path.replace(part, value)
    return path


def without_ids(text: str) -> str:
    return re.sub(r"[0-9a-f]{8,}(-[0-9a-f]+)*", "…", text)


def test_the_matrix_holds_every_route() -> None:
    about_people = [route for route in ROUTES if "{account_id}" in route[1]]
    sorted_out = len(ABOUT_A_CASE) + len(about_people) + len(LISTS) + len([r for r in ROUTES if r[1] in KNOWN])
    assert len(ROUTES) == sorted_out
    assert len(ABOUT_A_CASE) >= 7
    assert len(ABOUT_A_PERSON) == 1 + len(Step)


@pytest.mark.requirement("R01")
@pytest.mark.parametrize(("method", "path"), ABOUT_A_CASE)
async def test_another_owners_case_is_as_unknown_as_none(world: World, theirs: Request, method: str, path: str) -> None:
    """The same status, headers and words as for an id that never was; and nothing is sent, opened or fetched."""
    async with world.clerk("dunmore", "handler") as own:
        await own.post(f"/portal/api/requests/{theirs.id}/instruction", json=approval(theirs))
    sent = len(world.sent)
    addresses = [filled(path, id_, theirs.orders[0].id) for id_ in (theirs.id, "00000000-0000-5000-8000-000000000000")]
    for role in ("handler", "admin", "reader"):
        async with asyncio.timeout(5), world.clerk("alder", role) as clerk:
            body = approval(theirs) if method == "POST" else None
            foreign, unknown = [await clerk.request(method, address, json=body, headers=HTML) for address in addresses]
        assert foreign.status_code == unknown.status_code == 404
        assert without_ids(foreign.text) == without_ids(unknown.text)
        assert set(foreign.headers) == set(unknown.headers)
        assert "Zoltan" not in foreign.text
    assert len(world.sent) == sent


@pytest.mark.parametrize(("method", "path"), [one for one in ABOUT_A_CASE if not one[1].endswith("/changes")])
async def test_their_own_owner_is_let_in(world: World, theirs: Request, method: str, path: str) -> None:
    """What makes the matrix worth anything: the same addresses answer those whom they are for."""
    async with world.clerk("dunmore") as own:
        given = await own.post(f"/portal/api/requests/{theirs.id}/instruction", json=approval(theirs))
        assert given.json()["state"] == "closed"
        answer = await own.request(
            method, filled(path, theirs.id, theirs.orders[0].id), json=approval(theirs) if method == "POST" else None
        )
    assert answer.status_code in ({200} if method == "GET" else {409, 422})


async def test_an_open_page_hears_of_its_own_case_only(world: World, theirs: Request) -> None:
    """The stream of changes speaks when this case changed, and is silent when another did."""
    mine, desk = world.route("alder"), world.desk("alder-handler")
    case = desk.cases.case("alder", mine.id)
    assert case is not None
    heard = aiter(changes_of(desk, case))
    coming = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(0)
    world.route("dunmore", number=7)
    done, _ = await asyncio.wait({coming}, timeout=0.2)
    assert not done
    await asyncio.to_thread(world.instruct, mine, "alder-handler")
    await asyncio.wait_for(coming, 2)
    world.bell.close()


@pytest.mark.parametrize(("method", "path"), LISTS)
async def test_no_list_shows_another_owners_case(world: World, theirs: Request, method: str, path: str) -> None:
    mine = world.route("alder", (Right.OPT_OUT,))
    async with world.clerk("alder") as clerk:
        for state in ("open", "deciding", "executing", "closed", "all"):
            answer = await clerk.request(method, path, params={"state": state})
            assert answer.status_code == 200
            assert theirs.id not in answer.text
            assert theirs.number not in answer.text
        assert mine.id in (await clerk.request(method, path)).text


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_without_an_account_there_is_nothing(world: World, theirs: Request, method: str, path: str) -> None:
    async with world.visitor() as visitor:
        address = filled(path, theirs.id, theirs.orders[0].id)
        answer = await visitor.request(method, address, headers={"Accept": "application/json"})
        assert answer.status_code == 401
        page = await visitor.request(method, address, headers=HTML)
        assert page.status_code == 303
        assert page.headers["location"].startswith("/portal/sign-in")


INVITATION = {"email": "new@elsewhere.example", "name": "Nora Newcome", "role": "reader", "owner": "dunmore"}


@pytest.mark.requirement("R01")
@pytest.mark.parametrize(("method", "path"), ABOUT_A_PERSON)
async def test_another_owners_person_is_as_unknown_as_nobody(world: World, method: str, path: str) -> None:
    """The same status, headers and words; and nothing is changed, written down, sent or opened."""
    before, sent = world.catalogue, len(world.sent)
    async with world.clerk("alder", "admin") as admin:
        acts = len(world.acts)
        answers = [
            await admin.request(method, path.replace("{account_id}", id_), data={"role": "reader"}, headers=HTML)
            for id_ in ("dunmore-reader", "dunmore-admin", "custodian-operator", "custodian-privacy", "nobody-at-all")
        ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({without_ids(answer.text) for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers))) for answer in answers}) == 1
    assert (world.catalogue, len(world.sent), len(world.acts)) == (before, sent, acts)


@pytest.mark.parametrize(("method", "path"), ABOUT_A_PERSON)
async def test_ones_own_person_is_there(world: World, method: str, path: str) -> None:
    async with world.clerk("dunmore", "admin") as admin:
        address = path.replace("{account_id}", "dunmore-reader")
        answer = await admin.request(method, address, data={"role": "handler"}, headers=HTML)
    assert answer.status_code in {200, 303, 409}


@pytest.mark.parametrize(("method", "path"), [*ABOUT_A_PERSON, *MANAGING])
@pytest.mark.parametrize("role", ["handler", "reader"])
async def test_nobody_but_an_admin_manages_people(world: World, method: str, path: str, role: str) -> None:
    before = world.catalogue
    async with world.clerk("alder", role) as clerk:
        address = path.replace("{account_id}", "alder-reader")
        assert (await clerk.request(method, address, data=INVITATION, headers=HTML)).status_code == 403
    assert world.catalogue == before


async def test_nobody_invites_into_another_owner(world: World) -> None:
    before = world.catalogue
    async with world.clerk("alder", "admin") as admin:
        assert (await admin.post("/portal/people", data=INVITATION, headers=HTML)).status_code == 422
    assert world.catalogue == before


@pytest.mark.parametrize("role", ["operator", "phone-desk", "privacy", "stranger"])
async def test_an_owner_cannot_give_the_custodians_roles(world: World, role: str) -> None:
    before = world.catalogue
    async with world.clerk("alder", "admin") as admin:
        given = {**INVITATION, "owner": "alder", "role": role}
        assert (await admin.post("/portal/people", data=given, headers=HTML)).status_code == 422
        await admin.post("/portal/people/alder-reader/roles", data={"role": role}, headers=HTML)
    assert world.catalogue == before


@pytest.mark.parametrize("asked", ["", "?owner=dunmore", "?account=dunmore-handler", "?owner=&account=dunmore-handler"])
async def test_an_admin_reads_the_acts_of_the_own_owner_alone(world: World, asked: str) -> None:
    async with world.clerk("dunmore", "handler"), world.clerk("alder", "admin") as admin:
        assert {act.owner for act in world.acts} == {"dunmore", "alder"}
        page = (await admin.get(f"/portal/acts{asked}", headers=HTML)).text
    assert "dunmore-handler" not in page.replace("account=dunmore-handler", "").replace('value="dunmore-handler"', "")
    assert "Handler of Dunmore" not in page
    assert ("signed in" in page) is ("dunmore-handler" not in asked)


async def test_people_of_another_owner_are_on_no_page(world: World) -> None:
    async with world.clerk("alder", "admin") as admin:
        page = (await admin.get("/portal/people", headers=HTML)).text
    assert "Handler of Alder" in page
    for foreign in ("Dunmore", "dunmore", "Custodian", "custodian"):
        assert foreign not in page.replace("privacy@", "")


@pytest.mark.parametrize(("method", "path"), [*ABOUT_A_CASE, *LISTS])
async def test_an_operator_of_the_custodian_has_no_portal(
    world: World, theirs: Request, method: str, path: str
) -> None:
    async with world.visitor() as visitor:
        who = {"email": "operator@custodian.example", "password": "custodian-operator"}
        assert (await visitor.post("/portal/api/session", json=who)).status_code == 401
        assert (await visitor.post("/portal/sign-in", data=who)).status_code == 401
        assert "habeas-router" not in visitor.cookies


@pytest.mark.requirement("R17")
async def test_the_privacy_team_decides_only_the_custodians_own(world: World, theirs: Request) -> None:
    own = world.route("custodian")
    async with world.clerk("custodian", "privacy") as team:
        assert (await team.get(f"/portal/requests/{theirs.id}")).status_code == 404
        given = await team.post(f"/portal/api/requests/{own.id}/instruction", json=approval(own))
        assert given.status_code == 200
    async with world.visitor() as visitor:
        who = {"email": "privacy@alder.example", "password": "alder-privacy"}
        assert (await visitor.post("/portal/api/session", json=who)).status_code == 401


async def test_a_request_nobody_confirmed_never_reaches_its_owner(world: World) -> None:
    request = world.request("alder")
    world.expire(request)
    async with world.clerk("alder") as clerk:
        assert (await clerk.get(f"/portal/requests/{request.id}")).status_code == 404
        assert (await clerk.get("/portal/api/requests", params={"state": "all"})).json()["total"] == 0
