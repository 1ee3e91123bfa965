"""What a case tells of what was asked: all of it, opened only there and on record; flags and links; the register."""

import re
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select

from schemas.request import Contact, Order, Period, Proof, Request
from schemas.router import Flag, InstructRequest
from schemas.vocabulary import Assurance, Channel, Method, Right, Span
from services.runtime.vault import OPENINGS
from tests.support.portal_asked import telling
from tests.support.portal_world import HTML, World, approval

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def page_of(world: World, request: Request, role: str = "handler") -> str:
    async with world.clerk("alder", role) as clerk:
        answer = await clerk.get(f"/portal/requests/{request.id}", headers=HTML)
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def told_of(world: World, request: Request) -> dict[str, object]:
    async with world.clerk() as clerk:
        found: dict[str, object] = (await clerk.get(f"/portal/api/requests/{request.id}")).json()
    return found


@pytest.mark.requirement("R15")
@pytest.mark.requirement("R19")
@pytest.mark.requirement("R33")
async def test_all_that_was_asked_is_there_and_each_opening_on_record(world: World) -> None:
    request = telling(
        world,
        world.request(),
        details="Since the move.\nAlso the pool, please.",
        child="Leo Delgado",
        declaration="Maria Q. Delgado",
        agent=Contact(name="Ada Agent", email="ada@agents.example"),
        files={"letter.pdf": b"%PDF-1.7"},
        channel=Channel.PHONE,
        period=Period(span=Span.EVERYTHING),
        entered_by="custodian-privacy",
    )
    proof = Proof(
        level=Assurance.REASONABLY_HIGH,
        method=Method.EMAIL_LINK,
        methods=(Method.EMAIL_LINK, Method.KNOWLEDGE, Method.DECLARATION, Method.CONFIRMATION),
        points=3,
    )
    world.arrive(request, proof)
    page = await page_of(world, request)
    for words in (
        "Everything that is held", "Since the move. Also the pool, please.", "Leo Delgado", "Maria Q. Delgado",
        "Ada Agent, ada@agents.example, with a signed permission", "The person confirmed it to us.", "letter.pdf",
        "Through a telephone call.", "the staff of Habeas Civic Software", "To a reasonably high degree",
        "as your products hold it", "under penalty of perjury", "Together 3 reliable data points.",
    ):  # fmt: skip
        assert words in page, words
    with world.vault_database.connect() as connection:
        fields = set(connection.execute(select(OPENINGS.c.field).where(OPENINGS.c.why == "portal case")).scalars())
    assert fields == {"contact", "details", "child", "declaration", "agent", "attachment"}
    told = await told_of(world, request)
    assert told["identity"] == {
        "level": "reasonably_high", "method": "email_link", "points": 3,
        "methods": ["email_link", "knowledge", "declaration", "confirmation"],
    }  # fmt: skip
    assert (told["agent"], told["about_child"], told["files"]) == ("permission", True, 1)
    assert not any(word in str(told) for word in ("Maria", "Ada", "Leo", "pool", "sealed:", "letter.pdf"))


@pytest.mark.requirement("R27")
async def test_whatever_a_person_wrote_is_text(world: World) -> None:
    asked = telling(world, world.request(), details=HOSTILE, child=HOSTILE, files={HOSTILE: b"x"})
    world.arrive(asked)
    async with world.clerk() as clerk:
        page = (await clerk.get(f"/portal/requests/{asked.id}", headers=HTML)).text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


async def test_a_file_is_a_download_under_our_name_for_those_who_may_decide(world: World) -> None:
    asked = telling(world, world.request(), files={"evil.pdf.exe": b"%PDF-1.7"})
    world.arrive(asked)
    address = f"/portal/requests/{asked.id}/files/0"
    async with world.clerk() as clerk, world.clerk("alder", "reader") as reader:
        answer = await clerk.get(address)
        assert (await reader.get(address)).status_code == 403
        assert (await clerk.get(f"/portal/requests/{asked.id}/files/1")).status_code == 404
        assert address not in (await reader.get(f"/portal/requests/{asked.id}", headers=HTML)).text
        world.vault.destroy(asked.id, "fulfilment")
        gone = await clerk.get(address)
    assert answer.content == b"%PDF-1.7"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="{asked.number}-file-1.pdf"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert gone.status_code == 410


@pytest.mark.requirement("R13")
async def test_a_third_request_to_know_is_flagged_to_the_handler_and_goes_its_way(world: World) -> None:
    first, second = world.route(days_ago=200), world.route(rights=(Right.KNOW,), days_ago=90)
    third = world.route(rights=(Right.KNOW,), number=3)
    assert "More than two requests to know" not in await page_of(world, second)
    page = await page_of(world, third)
    assert "More than two requests to know within twelve months" in page
    assert first.number in page
    assert second.number in page
    told = await told_of(world, third)
    assert told["flags"] == ["more_than_free", "duplicate"]
    async with world.clerk() as clerk:
        inbox = (await clerk.get("/portal", headers=HTML)).text
        given = await clerk.post(f"/portal/api/requests/{third.id}/instruction", json=approval(third))
    assert inbox.count("More than two requests to know") == 1
    assert given.json()["state"] == "closed"
    command, _ = world.sent[-1]
    assert isinstance(command, InstructRequest)
    assert command.instruction.flags == (Flag.MORE_THAN_FREE, Flag.DUPLICATE)
    assert "You were told More than two requests to know" in await page_of(world, third)


@pytest.mark.requirement("R13")
@pytest.mark.requirement("R28")
async def test_nobody_spends_anothers_two_requests_by_asking_in_their_name(world: World) -> None:
    for number in range(4):
        world.expire(world.request(rights=(Right.KNOW,), number=number, days_ago=20))
    victim = world.route(rights=(Right.ACCESS,))
    told = await told_of(world, victim)
    assert (told["flags"], told["linked"]) == ([], [])


@pytest.mark.requirement("R13")
async def test_another_owners_requests_are_not_counted(world: World) -> None:
    world.route("dunmore", days_ago=60)
    world.route("dunmore", (Right.KNOW,), days_ago=50)
    assert (await told_of(world, world.route()))["flags"] == []


@pytest.mark.requirement("R34")
async def test_a_duplicate_is_linked_and_keeps_its_own_proof(world: World) -> None:
    high = Proof(level=Assurance.REASONABLY_HIGH, method=Method.ATTESTATION)
    first = world.arrive(world.request(rights=(Right.DELETE,), days_ago=9), high)
    second = world.route(rights=(Right.DELETE,), number=2)
    (linked,) = (await told_of(world, second))["linked"]  # type: ignore[misc]
    assert (linked["id"], linked["why"], linked["level"]) == (first.id, ["duplicate"], "reasonably_high")
    assert (await told_of(world, second))["identity"]["level"] == "reasonable"  # type: ignore[index]
    page = await page_of(world, second)
    assert "none vouches for another" in page
    assert "asks the same, and was open when this one came" in page.lower()


async def test_the_two_halves_of_one_submission_name_each_other(world: World) -> None:
    out = world.request(rights=(Right.OPT_OUT,))
    asked = world.request(rights=(Right.DELETE,)).model_copy(update={"linked": (out.id,)})
    world.arrive(out.model_copy(update={"linked": (asked.id,)}))
    world.arrive(asked)
    (linked,) = (await told_of(world, asked))["linked"]  # type: ignore[misc]
    assert (linked["id"], linked["why"]) == (out.id, [])
    assert "Came with this one, in the same submission" in await page_of(world, asked)


@pytest.mark.requirement("R34")
async def test_what_was_not_proved_well_enough_is_told_and_is_not_the_owners_to_decide(world: World) -> None:
    asked = world.request(rights=(Right.KNOW,))
    know = asked.orders[0].model_copy(update={"instead_of": Right.ACCESS})
    asked = asked.model_copy(update={"orders": (know,)})
    world.arrive(asked, unproved=[Order(id="o-delete", right=Right.DELETE)])
    page = await page_of(world, asked)
    assert "(instead of access: who asked was not proved well enough for that" in page
    assert "Delete: not proved well enough, and not yours to decide." in page
    async with world.clerk() as clerk:
        given = await clerk.post(f"/portal/api/requests/{asked.id}/instruction", json=approval(asked))
    assert given.json()["state"] == "closed"
    assert (await told_of(world, asked))["unproved"] == ["delete"]


@pytest.mark.requirement("R10")
@pytest.mark.requirement("R34")
async def test_an_opt_out_is_approved_without_a_word_on_identity_within_fifteen_business_days(world: World) -> None:
    asked = world.route(rights=(Right.OPT_OUT, Right.LIMIT))
    page = await page_of(world, asked)
    assert "15 business days from the day the person asked" in page
    assert "Has the identity been validated?" not in page
    bare = approval(asked) | {"identity_confirmed": None}
    async with world.clerk() as clerk:
        given = await clerk.post(f"/portal/api/requests/{asked.id}/instruction", json=bare)
    assert given.json()["state"] == "closed"
    assert "Identity validated Not needed" in await page_of(world, asked)


@pytest.mark.requirement("R39")
async def test_the_register_shows_requests_and_signals_and_names_nobody(world: World) -> None:
    asked = world.route(rights=(Right.OPT_OUT,), name="Maria Delgado")
    world.signal("alder", asked.person)
    world.signal("alder", "b" * 64, anonymous=True)
    world.signal("dunmore", "d" * 64, anonymous=True)
    async with world.clerk() as clerk:
        page = (await clerk.get("/portal/consents", headers=HTML)).text
        listed = (await clerk.get("/portal/api/consents", params={"kind": "opt_out"})).json()
        none = (await clerk.get("/portal/consents", params={"kind": "limit"}, headers=HTML)).text
    assert listed["total"] == 3
    assert {(one["way"], one["standing"], one["anonymous"]) for one in listed["consents"]} == {
        ("request", "asked", False),
        ("signal", "in_force", False),
        ("signal", "in_force", True),
    }
    assert asked.number in page
    assert "Maria" not in page + str(listed)
    assert 'class="panel empty"' in none
    case = await page_of(world, asked)
    assert "Opt-outs on record for this person" in case
    assert "by a browser’s signal" in case
