"""Staff find a request by its number, of their own owners only, and learn where it stands; looking is on record."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas import acts, router, verifier
from schemas.intake import Challenge
from schemas.request import Proof, Request
from schemas.verifier import AttestIdentity
from schemas.vocabulary import Assurance, Method
from tests.support.desk_world import DeskWorld, entered

LATER = datetime.now(UTC) + timedelta(days=3)
PROOF = Proof(level=Assurance.REASONABLE, method=Method.EMAIL_LINK)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskWorld]:
    monkeypatch.setattr("services.intake.desk.pages.PATIENCE", 0.05)
    made = DeskWorld(tmp_path)
    yield made
    made.database.dispose()
    made.vault_database.dispose()


async def asked(world: DeskWorld, owner: str = "riverton", **entries: Any) -> Request:
    """A request that the custodian's phone desk entered."""
    async with world.at("custodian-phone-desk") as staff:
        await entered(staff, owner=owner, **entries)
    return world.submitted()[-1]


async def shown(world: DeskWorld, request: Request, account: str = "custodian-phone-desk") -> str:
    async with world.at(account) as staff:
        found = await staff.get("/desk/find", params={"number": request.number.lower().replace("-", " ")})
        assert found.status_code == 303
        return (await staff.get(found.headers["location"])).text


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R30")
async def test_a_request_is_found_by_its_number_and_looking_is_on_record(world: DeskWorld) -> None:
    request = await asked(world)
    page = await shown(world, request, "riverton-handler")
    assert request.number in page
    assert "City of Riverton" in page
    assert "quill" not in page.lower()
    assert world.acts[-1] == acts.RequestLookedUp(
        who="riverton-handler", owner="riverton", address=world.acts[-1].address, request_id=request.id
    )


@pytest.mark.requirement("R27")
async def test_another_owners_request_is_as_unknown_as_none(world: DeskWorld) -> None:
    request = await asked(world, "lakeside")
    async with world.at("riverton-handler") as staff:
        before = len(world.acts)
        foreign = await staff.get("/desk/find", params={"number": request.number})
        unknown = await staff.get("/desk/find", params={"number": "HB-0000-0000"})
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.text.replace(request.number, "…") == unknown.text.replace("HB-0000-0000", "…")
        for path in (f"/desk/requests/{request.id}", f"/desk/taken/{request.id}"):
            assert (await staff.get(path)).status_code in (404, 202)
            assert request.number not in (await staff.get(path)).text
        assert (await staff.post(f"/desk/requests/{request.id}/attestation")).status_code == 404
    assert len(world.acts) == before


async def test_what_cannot_be_a_number_is_told_apart_from_one_we_do_not_know(world: DeskWorld) -> None:
    async with world.at("riverton-handler") as staff:
        page = await staff.get("/desk/find", params={"number": "<script>"})
    assert "That is no number of ours" in page.text
    assert "<script>" not in page.text.replace("<script src", "")


def happened(request: Request) -> list[tuple[Any, str]]:
    challenge = Challenge(digest="d", token="sealed:v1:verification:AAAA")
    issued = verifier.ChallengeIssued(
        request=request, offered=PROOF, challenge=challenge, expires_at=LATER, attempts=5, policies=1
    )
    routed = router.RequestRouted(
        request=request, proof=PROOF, products=(), legal_due=date(2027, 1, 1), instruct_by=date(2026, 12, 1), policies=1
    )
    closed = router.RequestClosed(request=request, results=(), closed_at=LATER)
    instructed = router.OwnerInstructed(
        request=request, proof=PROOF, instruction=router.Instruction(), products=(), contract_due=date(2027, 1, 1),
        policies=1,
    )  # fmt: skip
    return [
        (issued, "Waits for the person"), (verifier.IdentityVerified(request=request, proof=PROOF), "On its way"),
        (routed, "With the owner"), (instructed, "Being carried out"), (closed, "Answered"),
    ]  # fmt: skip


@pytest.mark.requirement("R44")
@pytest.mark.requirement("R45")
async def test_the_state_is_told_in_words_and_never_goes_back(world: DeskWorld) -> None:
    request = await asked(world)
    assert "Received" in await shown(world, request)
    told = happened(request)
    for body, words in told:
        world.told(body, request)
        assert words in await shown(world, request)
    world.told(told[0][0], request)
    assert "Answered" in await shown(world, request)


async def test_logs_may_be_read_in_any_order(world: DeskWorld) -> None:
    request = await asked(world)
    for body, _ in reversed(happened(request)):
        world.told(body, request)
    assert "Answered" in await shown(world, request)


async def test_only_whoever_may_see_more_gets_a_link_to_it(world: DeskWorld) -> None:
    request = await asked(world)
    for body, _ in happened(request)[:3]:
        world.told(body, request)
    assert f"/portal/requests/{request.id}" in await shown(world, request, "riverton-handler")
    assert "/portal/requests/" not in await shown(world, request)


@pytest.mark.requirement("R34")
async def test_whoever_decides_for_the_owner_may_vouch_for_any_request_of_its_while_it_is_open(
    world: DeskWorld,
) -> None:
    request = await asked(world, "lakeside")
    assert "vouch for it" not in await shown(world, request)
    async with world.at("custodian-phone-desk") as staff:
        assert (await staff.post(f"/desk/requests/{request.id}/attestation")).status_code == 403
    async with world.at("lakeside-handler") as staff:
        page = await staff.get(f"/desk/requests/{request.id}")
        assert "vouch for it" in page.text
        again = await staff.post(f"/desk/requests/{request.id}/attestation")
        assert "You vouched for the person" in (await staff.get(again.headers["location"])).text
    command = world.bus.sent[-1][1]
    assert command == AttestIdentity(by="lakeside-handler")
    assert [type(act) for act in world.acts[-3:]] == [acts.RequestLookedUp, acts.AttestationGiven, acts.RequestLookedUp]
    world.told(verifier.IdentityVerified(request=request, proof=PROOF), request)
    assert "vouch for it" not in await shown(world, request, "lakeside-handler")


@pytest.mark.requirement("R34")
async def test_the_custodians_staff_vouch_only_for_what_they_took_in_themselves(world: DeskWorld) -> None:
    request = await asked(world)
    assert "vouch for it" in await shown(world, request)
    assert "vouch for it" not in await shown(world, request, "custodian-privacy")


@pytest.mark.requirement("R34")
async def test_an_opt_out_needs_nobody_to_vouch(world: DeskWorld) -> None:
    request = await asked(world, rights=["opt_out"])
    assert "vouch for it" not in await shown(world, request, "riverton-handler")
