"""An instruction through the portal: given once, whole or with a list of what is missing, by those who may."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.request import Correction, Request
from schemas.router import InstructionReturned, InstructRequest, OwnerInstructed
from schemas.vocabulary import Exemption, Right
from services.router.portal import instruct
from tests.support.portal_world import HTML, World, approval


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.product = lambda _: None
    return made


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return unescape(found[1])


def whole(page: str, **more: Any) -> dict[str, Any]:
    """The form as a handler fills it in for a request with one order."""
    return {
        "csrf": field(page, "csrf"),
        "key": field(page, "key"),
        "must_comply": "yes",
        "law_limits": "no",
        "identity_confirmed": "yes",
        "suites": ["civicengage"],
        "decision-0": "true",
        "exemption-0": "",
        "note-0": "",
    } | more


async def give(clerk: httpx.AsyncClient, request: Request, **more: Any) -> httpx.Response:
    """Opens the case, fills the form in, sends it as a browser would."""
    address = f"/portal/requests/{request.id}"
    page = (await clerk.get(address, headers=HTML)).text
    form = {name: value for name, value in whole(page, **more).items() if value is not None}
    bare = {name: value for name, value in clerk.headers.items() if name.lower() != "x-csrf-token"}
    return await clerk.post(f"{address}/instruction", data=form, headers=bare | HTML)


@pytest.mark.requirement("R02")
@pytest.mark.requirement("R04")
async def test_a_whole_instruction_leads_back_to_the_case(world: World) -> None:
    request = world.route()
    async with world.clerk() as clerk:
        answer = await give(clerk, request, **{"note-0": "Spoke to legal"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/portal/requests/{request.id}")
        page = (await clerk.get(answer.headers["location"], headers=HTML)).text
    assert "What is being done" in page
    assert "Given by you" in page
    assert "Spoke to legal" in page
    command, envelope = world.sent[0]
    assert isinstance(command, InstructRequest)
    assert "Spoke to legal" not in command.model_dump_json()
    assert command.instruction.by == "alder-handler"
    assert (envelope["to"], envelope["subject"], envelope["owner"]) == ("router", request.id, "alder")
    assert envelope["person_key"] == request.person


@pytest.mark.requirement("R04")
async def test_what_is_missing_is_listed_with_links_and_nothing_entered_is_lost(world: World) -> None:
    request = world.route(rights=(Right.DELETE,))
    async with world.clerk() as clerk:
        answer = await give(clerk, request, must_comply=None, identity_confirmed="no", **{"note-0": "keep me"})
        assert answer.status_code == 422
        for place in ("#must_comply", "#identity_confirmed"):
            assert f'href="{place}"' in answer.text
        assert 'id="must_comply"' in answer.text
        assert 'href="#law_limits"' not in answer.text
        assert 'value="keep me"' in answer.text
        assert "Nothing was approved" in answer.text
        again = (await clerk.get(f"/portal/requests/{request.id}", headers=HTML)).text
        assert 'href="#must_comply"' in again
        assert (await give(clerk, request)).status_code == 303


@pytest.mark.requirement("R18")
async def test_a_refusal_names_its_reason_from_the_fixed_list(world: World) -> None:
    request = world.route()
    async with world.clerk() as clerk:
        without = await give(clerk, request, **{"decision-0": "false"})
        assert 'href="#exemption-0"' in without.text
        unknown = await give(clerk, request, **{"decision-0": "false", "exemption-0": "because"})
        assert (unknown.status_code, unknown.text.count("because")) == (422, 0)
        assert "is not one of the allowed values" in unknown.text
        both = await give(clerk, request, **{"exemption-0": "research"})
        assert both.status_code == 422
        assert "belongs to a refusal" in both.text
        assert (await give(clerk, request, **{"decision-0": "false", "exemption-0": "research"})).status_code == 303
        page = (await clerk.get(f"/portal/requests/{request.id}", headers=HTML)).text
    assert "Refused by you" in page
    assert "Closed" in page


async def test_every_exemption_has_words_on_the_page(world: World) -> None:
    request = world.route()
    async with world.clerk() as clerk:
        page = (await clerk.get(f"/portal/requests/{request.id}", headers=HTML)).text
    assert all(f'value="{exemption}"' in page for exemption in Exemption)


async def test_affiliates_are_offered_and_none_is_ticked(world: World) -> None:
    request = world.route("dunmore")
    async with world.clerk("dunmore") as clerk:
        page = (await clerk.get(f"/portal/requests/{request.id}", headers=HTML)).text
        assert not re.search(r'name="affiliates"[^>]*checked', page)
        assert len(re.findall(r'name="suites"[^>]*checked', page)) == 3
        await give(clerk, request, affiliates=["dunmore-parks"])
    command, _ = world.sent[0]
    assert isinstance(command, InstructRequest)
    assert command.instruction.affiliates == ("dunmore-parks",)


@pytest.mark.requirement("R27")
async def test_without_the_token_nothing_is_instructed(world: World) -> None:
    request = world.route()
    async with world.clerk() as clerk:
        for address in (f"/portal/requests/{request.id}", f"/portal/api/requests/{request.id}"):
            for token in ("", "wrong"):
                answer = await clerk.post(
                    f"{address}/instruction", json=approval(request), headers={"X-CSRF-Token": token}
                )
                assert answer.status_code == 403
        elsewhere = await clerk.post(
            f"/portal/api/requests/{request.id}/instruction",
            json=approval(request),
            headers={"Origin": "https://evil.example"},
        )
        assert elsewhere.status_code == 403
    assert world.sent == []


async def test_a_reader_sees_and_cannot_instruct(world: World) -> None:
    request = world.route(rights=(Right.CORRECT,), corrections=[Correction(field="street", value="14 Orchard Lane")])
    async with world.clerk("alder", "reader") as reader:
        page = (await reader.get(f"/portal/requests/{request.id}", headers=HTML)).text
        assert "Maria Delgado" in page
        assert "14 Orchard Lane" in page
        assert "Give this instruction" not in page
        api = await reader.post(f"/portal/api/requests/{request.id}/instruction", json=approval(request))
        form = await reader.post(f"/portal/requests/{request.id}/instruction", data={"key": "k"})
        assert (api.status_code, form.status_code) == (403, 403)
    assert world.sent == []


async def test_the_same_form_twice_is_one_instruction(world: World) -> None:
    request = world.route()
    async with world.clerk() as clerk:
        address = f"/portal/api/requests/{request.id}/instruction"
        answers = [
            await clerk.post(address, json=approval(request), headers={"Idempotency-Key": "one"}) for _ in range(2)
        ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (
        answers[0].json() == answers[1].json() == {"event": OwnerInstructed.TYPE, "state": "executing", "missing": []}
    )
    assert len(world.sent) == 1


async def test_a_second_instruction_changes_nothing_and_says_so(world: World) -> None:
    request = world.route()
    async with world.clerk() as clerk, world.clerk("alder", "admin") as admin:
        page = (await admin.get(f"/portal/requests/{request.id}", headers=HTML)).text
        assert (await give(clerk, request)).status_code == 303
        late = await admin.post(f"/portal/requests/{request.id}/instruction", data=whole(page), headers=HTML)
        assert late.status_code == 409
        assert "Nothing was changed" in late.text
        assert "Handler of Alder" in late.text
        api = await admin.post(f"/portal/api/requests/{request.id}/instruction", json=approval(request, approve=False))
        assert (api.status_code, api.json()["code"]) == (409, "not-awaiting-instruction")
    assert len(world.sent) == 1


async def test_two_at_the_same_moment_and_only_one_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second passes the page's look at the case, and the router stays silent on it."""
    monkeypatch.setattr(instruct, "PATIENCE", 0.05)
    request = world.route()
    async with world.clerk() as clerk, world.clerk("alder", "admin") as admin:
        address = f"/portal/api/requests/{request.id}/instruction"
        send = world.send

        async def slower(command: Any, **envelope: Any) -> None:
            world.send = send  # type: ignore[method-assign]
            assert (await clerk.post(address, json=approval(request))).status_code == 200
            await send(command, **envelope)

        world.send = slower  # type: ignore[method-assign]
        assert (await admin.post(address, json=approval(request, approve=False))).status_code == 409


async def test_an_answer_that_takes_long_is_pending(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruct, "PATIENCE", 0.01)
    world.silent = True
    request = world.route()
    async with world.clerk() as clerk:
        page = await give(clerk, request)
        assert page.status_code == 202
        assert f"/portal/requests/{request.id}" in page.text
        api = await clerk.post(f"/portal/api/requests/{request.id}/instruction", json=approval(request))
        assert (api.status_code, api.json()) == (202, {"state": "pending"})


async def test_without_a_broker_nothing_is_instructed_and_the_page_says_so(world: World) -> None:
    world.broken = True
    request = world.route()
    async with world.clerk() as clerk:
        answer = await give(clerk, request)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "nothing was done" in answer.text


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"surprise": 1}, "surprise"),
        ({"suites": ["Not A Slug"]}, "suites.0"),
        ({"must_comply": "perhaps"}, "must_comply"),
        ({"decisions": [{"order_id": "x", "approved": True}] * 2}, "decisions"),
        ({"decisions": [{"order_id": "x", "approved": True, "note": "n" * 2001}]}, "decisions.0.note"),
    ],
)
async def test_the_api_is_strict_and_names_the_field(world: World, change: dict[str, Any], place: str) -> None:
    request = world.route()
    async with world.clerk() as clerk:
        answer = await clerk.post(f"/portal/api/requests/{request.id}/instruction", json=approval(request) | change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [place]
    assert world.sent == []


@pytest.mark.parametrize("name", ["decision-99", "decision-abc", "decisions", "by", "note-7"])
async def test_a_field_the_page_does_not_have_is_refused(world: World, name: str) -> None:
    request = world.route()
    async with world.clerk() as clerk:
        answer = await give(clerk, request, **{name: "x"})
    assert answer.status_code in (303, 422)
    if answer.status_code == 303:
        assert name == "decisions"  # overwritten by what the numbered fields say


async def test_an_incomplete_instruction_tells_the_api_what_is_missing(world: World) -> None:
    request = world.route()
    async with world.clerk() as clerk:
        answer = await clerk.post(f"/portal/api/requests/{request.id}/instruction", json={})
        assert answer.json()["event"] == InstructionReturned.TYPE
        assert answer.json()["missing"] == ["must_comply", "law_limits", "decisions"]
        listed = await clerk.get("/portal/api/requests", params={"state": "deciding"})
        assert [one["state"] for one in listed.json()["requests"]] == ["returned"]


async def test_too_many_wrong_passwords_have_to_wait(world: World) -> None:
    async with world.visitor() as visitor:
        who = {"email": "handler@alder.example", "password": "wrong"}
        codes = [(await visitor.post("/portal/api/session", json=who)).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
