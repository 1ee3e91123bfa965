"""What the inbox and a case show: in order, in words, escaped, on record; and the package, to those it is for."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from schemas.request import Leaf, Request
from schemas.vocabulary import Outcome, Right
from services.runtime.vault import OPENINGS
from tests.support.portal_world import HTML, World, approval

HOSTILE = "<script>alert(1)</script>'\" onload=x {{7*7}}"
LAW = "Cal. Gov. Code 34090"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def openings(world: World) -> list[tuple[str, str, str]]:
    with world.vault_database.connect() as connection:
        rows = connection.execute(select(OPENINGS.c.by, OPENINGS.c.why, OPENINGS.c.field))
        return [(by, why, field) for by, why, field in rows]


async def settled(world: World, request: Request) -> None:
    async with world.clerk(request.owner) as clerk:
        given = await clerk.post(f"/portal/api/requests/{request.id}/instruction", json=approval(request))
        assert given.status_code == 200


async def test_what_needs_a_decision_comes_first_and_the_soonest_before_it(world: World) -> None:
    running = world.route(name="Running", days_ago=44)
    world.product = lambda _: None
    await settled(world, running)
    later, sooner = world.route(name="Later", days_ago=2), world.route(name="Sooner", days_ago=40)
    async with world.clerk() as clerk:
        listed = (await clerk.get("/portal/api/requests")).json()
        page = (await clerk.get("/portal", headers=HTML)).text
    assert [one["id"] for one in listed["requests"]] == [sooner.id, later.id, running.id]
    assert page.index(sooner.number, page.index("<table>")) < page.index(later.number) < page.index(running.number)
    assert "5 days left" in page
    assert "2 requests wait for your decision" in page


async def test_the_inbox_names_nobody_and_opens_nothing(world: World) -> None:
    world.route(name="Maria Delgado")
    async with world.clerk() as clerk:
        page = (await clerk.get("/portal", headers=HTML)).text
        listed = (await clerk.get("/portal/api/requests")).text
    assert "Maria" not in page + listed
    assert openings(world) == []


@pytest.mark.parametrize("state", ["open", "deciding", "executing", "closed", "all"])
async def test_an_empty_shelf_says_what_will_come(world: World, state: str) -> None:
    async with world.clerk() as clerk:
        page = await clerk.get("/portal", params={"state": state}, headers=HTML)
    assert 'class="panel empty"' in page.text


async def test_a_long_list_turns_its_pages(world: World) -> None:
    numbers = {world.route(number=number).number for number in range(27)}
    async with world.clerk() as clerk:
        first, second, beyond = [
            (await clerk.get("/portal", params={"page": page}, headers=HTML)).text for page in (1, 2, 3)
        ]
        wrong = await clerk.get("/portal", params={"page": 0, "state": "none"})
    assert "Page 1 of 2" in first
    shown = [{number for number in numbers if f">{number}</a>" in page} for page in (first, second)]
    assert (len(shown[0]), len(shown[1]), shown[0] | shown[1]) == (25, 2, numbers)
    assert "There is no page 3" in beyond
    assert wrong.status_code == 422


@pytest.mark.requirement("R27")
async def test_a_hostile_name_is_text(world: World) -> None:
    request = world.route(name=HOSTILE)
    async with world.clerk() as clerk:
        page = await clerk.get(f"/portal/requests/{request.id}", headers=HTML)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#39;&#34; onload=x {{7*7}}" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_each_look_at_a_person_is_on_record(world: World) -> None:
    request = world.route()
    async with world.clerk("alder", "reader") as reader:
        await reader.get(f"/portal/requests/{request.id}", headers=HTML)
        await reader.get(f"/portal/requests/{request.id}/progress", headers=HTML)
        await reader.get(f"/portal/api/requests/{request.id}")
    assert openings(world) == [("alder-reader", "portal case", "contact")]


async def test_the_api_tells_nothing_of_the_person(world: World) -> None:
    request = world.route()
    await settled(world, request)
    async with world.clerk() as clerk:
        told = (await clerk.get(f"/portal/api/requests/{request.id}")).text
    assert not any(word in told for word in ("Maria", "maria@", "5550123", "sealed:", request.person))


async def test_a_forgotten_person_leaves_the_case(world: World) -> None:
    request = world.route()
    world.vault.destroy(request.id, "fulfilment")
    async with world.clerk() as clerk:
        page = await clerk.get(f"/portal/requests/{request.id}", headers=HTML)
    assert page.status_code == 200
    assert "have been destroyed" in page.text


@pytest.mark.requirement("R07")
async def test_both_clocks_give_their_reason_before_and_after(world: World) -> None:
    request = world.route("dunmore", days_ago=5)
    async with world.clerk("dunmore") as clerk:
        before = (await clerk.get(f"/portal/requests/{request.id}", headers=HTML)).text
        assert "45 calendar days from the day the person asked" in before
        assert "45 calendar days; 90 if you tick CivicReady, which rests on a third-party provider" in before
        chosen = approval(request, suites=["civicready"])
        await clerk.post(f"/portal/api/requests/{request.id}/instruction", json=chosen)
        after = (await clerk.get(f"/portal/requests/{request.id}", headers=HTML)).text
    assert "90 calendar days from your instruction" in after
    assert "because CivicReady rests on a third-party provider" in after


@pytest.mark.requirement("R09")
async def test_the_owner_is_told_whom_to_notify_itself(world: World) -> None:
    request = world.route("dunmore", (Right.DELETE,))
    async with world.clerk("dunmore") as clerk:
        chosen = approval(request, suites=["civicengage", "civicready"])
        await clerk.post(f"/portal/api/requests/{request.id}/instruction", json=chosen)
        page = (await clerk.get(f"/portal/requests/{request.id}", headers=HTML)).text
    assert "Please tell these providers yourself" in page
    assert "Clarion Alerts (CivicReady)" in page


@pytest.mark.requirement("R21")
@pytest.mark.requirement("R47")
async def test_every_data_set_keeps_its_own_outcome_and_law(world: World) -> None:
    world.product = lambda effect: (
        (
            Leaf(data_set="accounts", outcome=Outcome.ERASED, found=1, done=1),
            Leaf(data_set="payments", outcome=Outcome.RETAINED, found=3, retained=3, law=LAW),
        )
        if effect.task.product == "civicrec"
        else "gone"
    )
    request = world.route(rights=(Right.DELETE,))
    await settled(world, request)
    async with world.clerk() as clerk:
        page = (await clerk.get(f"/portal/requests/{request.id}", headers=HTML)).text
        told = (await clerk.get(f"/portal/api/requests/{request.id}")).json()
    assert LAW in page
    assert "Done in part" in page
    assert "point of no return" in page
    tasks = {task["product"]: task["leaves"] for task in told["orders"][0]["tasks"]}
    assert [leaf["outcome"] for leaf in tasks["civicrec"]] == ["erased", "retained"]
    assert [leaf["outcome"] for leaf in tasks["civicengage"]] == ["failed"]
    assert told["state"] == "closed"


async def test_while_it_runs_the_page_says_who_has_it(world: World) -> None:
    world.product = lambda effect: "timeout" if effect.task.product == "civicrec" else ()
    request = world.route(rights=(Right.ACCESS, Right.DELETE))
    await settled(world, request)
    async with world.clerk() as clerk:
        page = (await clerk.get(f"/portal/requests/{request.id}/progress", headers=HTML)).text
        told = (await clerk.get(f"/portal/api/requests/{request.id}")).json()
    assert "CivicRec has it now" in page
    assert "1 of 2 products answered" in page
    assert "Waits for access" in page
    assert (told["holder"], told["state"]) == ("CivicRec", "executing")


@pytest.mark.requirement("R22")
async def test_the_package_goes_to_its_owner_once_asked_and_on_record(world: World) -> None:
    request = world.route()
    await settled(world, request)
    order = request.orders[0].id
    address = f"/portal/requests/{request.id}/package/{order}"
    async with world.clerk() as clerk, world.clerk("alder", "reader") as reader, world.clerk("dunmore") as other:
        answer = await clerk.get(address)
        assert address in (await clerk.get(f"/portal/requests/{request.id}", headers=HTML)).text
        assert address not in (await reader.get(f"/portal/requests/{request.id}", headers=HTML)).text
        assert (await reader.get(address)).status_code == 403
        assert (await other.get(address)).status_code == 404
        assert (await clerk.get(f"/portal/requests/{request.id}/package/none")).status_code == 404
    assert zipfile.ZipFile(BytesIO(answer.content)).read("data.json") == b'{"name": "PACKAGE-CANARY"}'
    assert answer.headers["content-disposition"] == f'attachment; filename="{request.number}-access.zip"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/zip"
    fetched = [opening for opening in openings(world) if opening[1] == "portal package"]
    assert fetched == [("alder-handler", "portal package", f"blob:package-{order}.zip")]


async def test_a_destroyed_package_is_gone_and_says_so(world: World) -> None:
    request = world.route()
    await settled(world, request)
    world.vault.destroy(request.id, "fulfilment")
    async with world.clerk() as clerk:
        answer = await clerk.get(f"/portal/requests/{request.id}/package/{request.orders[0].id}")
    assert (answer.status_code, answer.json()["code"]) == (410, "package-gone")


async def test_the_timeline_tells_what_happened_in_order(world: World) -> None:
    request = world.route(rights=(Right.ACCESS, Right.DELETE))
    await settled(world, request)
    async with world.clerk() as clerk:
        told = (await clerk.get(f"/portal/api/requests/{request.id}")).json()["timeline"]
    words = [one["words"] for one in told]
    assert words[0] == "Received through the web form"
    assert words[-1] == "Closed: every part has its result"
    assert words.index("Access settled") < words.index("Delete begun: the point of no return")
    assert sorted(one["at"] for one in told) == [one["at"] for one in told]


async def test_late_is_called_late(world: World) -> None:
    world.route(days_ago=47)
    async with world.clerk() as clerk:
        page = (await clerk.get("/portal", headers=HTML)).text
    assert "2 days late" in page.lower()
