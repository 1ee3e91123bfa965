"""Authorised agents: told apart from the person everywhere, and never without what they rest on (11 CCR 7063)."""

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from schemas.intake import SubmitRequest
from schemas.request import Contact, Request
from schemas.vocabulary import Basis, Channel, Right
from services.intake.arrival import Arrival
from services.intake.fields import SMALL_FILE
from services.intake.processor import INTAKE
from services.intake.receiving import UnfitDocument, WithoutPermission, person_of, receive
from services.intake.submission import Submission
from services.runtime.person import person_key
from tests.support.doors import HTML, NOW, Door, door

LETTER = b"I, Maria Quill, permit Ada Help to ask for my data. Signed: Maria Quill"
FILLED: dict[str, Any] = {
    "rights": ["access"], "name": "Maria Quill", "email": "maria@quill.example", "agent_name": "Ada Help",
    "agent_email": "ada@help.example", "agent_basis": "permission",
}  # fmt: skip
AGENT = {"name": "Ada Help", "email": "ada@help.example", "basis": "permission"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


def document(content: bytes = LETTER, name: str = "permission.txt") -> dict[str, str]:
    return {"name": name, "content": b64encode(content).decode()}


def submission(**changes: Any) -> Submission:
    given = {"owner": "riverton", "rights": ["access"], "name": "Maria Quill", "email": "maria@quill.example"}
    return Submission.model_validate({**given, "agent": AGENT, **changes})


async def send(desk: Door, content: bytes | None = LETTER, **entries: Any) -> httpx.Response:
    async with desk.client(**HTML) as client:
        page = await client.get("/privacy/riverton/agent")
        key = re.search(r'name="key" value="([^"]+)"', page.text)
        assert key is not None
        files = {"upload": ("permission.txt", content, "text/plain")} if content is not None else {}
        return await client.post("/privacy/riverton/agent", data={"key": key[1], **FILLED, **entries}, files=files)


def received(desk: Door) -> Request:
    commands = [command for _, command in desk.bus.sent if isinstance(command, SubmitRequest)]
    return commands[-1].request


def opened(desk: Door, request: Request) -> tuple[Contact, Contact]:
    """The person's contact, and the agent's."""
    assert request.agent is not None
    vault = desk.floor.vault
    person = vault.open_model(request.id, "contact", request.contact, Contact, by="test", why="test")
    return person, vault.open_model(request.id, "agent", request.agent.contact, Contact, by="test", why="test")


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R34")
async def test_an_agent_is_not_the_person_whose_data_it_is(desk: Door) -> None:
    answer = await send(desk)
    assert answer.status_code == 303
    request = received(desk)
    assert request.agent is not None
    assert request.agent.basis is Basis.PERMISSION
    person, agent = opened(desk, request)
    assert (person.name, person.email) == ("Maria Quill", "maria@quill.example")
    assert (agent.name, agent.email) == ("Ada Help", "ada@help.example")
    secret = desk.floor.settings.person_secret.get_secret_value()
    assert request.person == person_key(secret, "riverton", "maria@quill.example")
    assert not any(planted in request.model_dump_json() for planted in ("Ada", "Maria", "quill", "help.example"))


@pytest.mark.requirement("R33")
async def test_what_the_agent_shows_goes_with_the_request_sealed(desk: Door) -> None:
    await send(desk)
    request = received(desk)
    (attachment,) = request.attachments
    assert attachment.media == "text/plain"
    assert await desk.floor.blobs.read(request.id, attachment.ref, by="test", why="test") == LETTER
    assert desk.floor.vault.open(request.id, "attachment", attachment.name, by="t", why="t") == "permission.txt"


@pytest.mark.requirement("R34")
@pytest.mark.parametrize("rights", [["access"], ["opt_out"], ["limit", "delete"]])
async def test_without_a_document_nobody_acts_for_another_whatever_they_ask(desk: Door, rights: list[str]) -> None:
    answer = await send(desk, None, rights=rights)
    assert answer.status_code == 422
    assert "The document is missing" in answer.text
    assert 'href="#files"' in answer.text
    assert desk.bus.sent == []


async def test_an_agent_who_leaves_something_out_is_told_what_and_nothing_is_lost(desk: Door) -> None:
    page = await send(desk, agent_name="", agent_email="ada", agent_basis="", name="")
    assert page.status_code == 422
    for place in ("agent_name", "agent_email", "agent_basis", "name"):
        assert f'href="#{place}"' in page.text
        assert f'id="{place}"' in page.text
    assert "permission.txt" in page.text
    assert "The person’s name is required" in page.text


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({}, "Now we ask the person themselves"),
        ({"agent_basis": "power_of_attorney"}, "the person need not be asked"),
        ({"rights": ["opt_out"]}, "it goes ahead at once"),
    ],
)
async def test_the_agent_is_told_what_comes_next_and_not_what_is_the_persons(
    desk: Door, entries: dict[str, Any], said: str
) -> None:
    answer = await send(desk, **entries)
    async with desk.client(**HTML) as client:
        page = (await client.get(answer.headers["location"])).text
    assert said in page
    assert received(desk).number in page
    assert "quill" not in page.lower()


async def test_what_needs_no_proof_goes_ahead_beside_the_rest_and_keeps_its_agent(desk: Door) -> None:
    await send(desk, rights=["access", "opt_out"])
    beside, main = [command.request for _, command in desk.bus.sent if isinstance(command, SubmitRequest)]
    assert [order.right for order in beside.orders] == [Right.OPT_OUT]
    assert beside.agent is not None
    assert main.agent is not None
    assert beside.linked == (main.id,)
    assert main.attachments


async def test_deleting_for_another_is_asked_once_more(desk: Door) -> None:
    page = await send(desk, rights=["delete"])
    assert "Delete the person’s data for good?" in page.text
    assert desk.bus.sent == []


async def test_the_page_speaks_spanish(desk: Door) -> None:
    async with desk.client(**HTML) as client:
        page = await client.get("/privacy/riverton/agent?lang=es")
    assert "Usted actúa por otra persona" in page.text
    assert "Un poder notarial" in page.text


@pytest.mark.requirement("R33")
async def test_a_message_carries_the_document_within(desk: Door) -> None:
    agent = {**AGENT, "basis": "power_of_attorney", "document": document()}
    receipt = await receive(desk.floor, submission(agent=agent), Arrival(Channel.API, "api", "key-1", NOW))
    request = received(desk)
    assert request.id == receipt.request_id
    assert request.agent is not None
    assert request.agent.basis is Basis.POWER_OF_ATTORNEY
    assert await desk.floor.blobs.read(request.id, request.attachments[0].ref, by="t", why="t") == LETTER
    again = await receive(desk.floor, submission(agent=agent), Arrival(Channel.API, "api", "key-1", NOW))
    assert again.request_id == receipt.request_id


@pytest.mark.requirement("R34")
async def test_a_message_of_an_agent_without_one_is_refused_at_every_door(desk: Door) -> None:
    with pytest.raises(WithoutPermission):
        await receive(desk.floor, submission(), Arrival(Channel.BUS, "lake-portal", "key-1", NOW))
    assert desk.bus.sent == []


@pytest.mark.parametrize("content", [b"MZ\x90\x00 a program", b"<html>a page</html>"])
async def test_what_is_no_document_is_refused(desk: Door, content: bytes) -> None:
    agent = {**AGENT, "document": document(content)}
    with pytest.raises(UnfitDocument):
        await receive(desk.floor, submission(agent=agent), Arrival(Channel.API, "api", "key-1", NOW))
    assert desk.bus.sent == []


@pytest.mark.parametrize("content", ["not base64!", "", b64encode(b"x" * (SMALL_FILE + 1)).decode()])
def test_what_cannot_be_read_as_a_document_is_wrong_at_its_place(content: str) -> None:
    with pytest.raises(ValidationError) as caught:
        submission(agent={**AGENT, "document": {"name": "permission.pdf", "content": content}})
    assert caught.value.errors(include_input=False)[0]["loc"] == ("agent", "document", "content")


def test_a_person_is_known_by_their_own_address_and_never_by_the_agents(desk: Door) -> None:
    with_agent, alone = submission(), submission(agent=None)
    assert person_of(desk.floor, with_agent) == person_of(desk.floor, alone)
