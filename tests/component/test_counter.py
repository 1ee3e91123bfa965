"""What nobody took is handed over by staff: opened on record, posted or told, and gone from the list."""

from pathlib import Path

import pytest

from schemas.acts import LetterPassedOn, LetterPrinted
from schemas.envelope import Envelope
from schemas.verifier import DataForgotten
from services.notifier.views import STRANDED
from services.runtime.chain import Accepted, Record
from services.runtime.database import writing
from tests.support.counter_world import CounterWorld
from tests.support.doors import NOW


@pytest.fixture
def world(tmp_path: Path) -> CounterWorld:
    return CounterWorld(tmp_path)


async def test_a_letter_that_nobody_took_waits_with_what_staff_can_act_on(world: CounterWorld) -> None:
    request = world.request()
    world.stranded(request)
    async with world.at("riverton-handler") as client:
        page = (await client.get("/letters")).text
    assert request.number in page
    assert "The person gave no e-mail address." in page
    assert "Maria" not in page
    assert "Mill Lane" not in page


@pytest.mark.requirement("R30")
@pytest.mark.requirement("R44")
async def test_it_is_opened_on_record_with_whom_it_is_for_and_what_it_says(world: CounterWorld) -> None:
    request = world.request(locale="es")
    letter_id = world.stranded(request)
    async with world.at("riverton-handler") as client:
        before = (await client.get(f"/letters/{letter_id}")).text
        assert "Maria" not in before
        assert not any(isinstance(act, LetterPrinted) for act in world.acts)
        page = (await client.post(f"/letters/{letter_id}/opened")).text
    act = next(act for act in world.acts if isinstance(act, LetterPrinted))
    assert (act.who, act.owner, act.request_id, act.letter_id) == (
        "riverton-handler", "riverton", request.id, letter_id,
    )  # fmt: skip
    subject = f"Hemos recibido su solicitud de privacidad {request.number}"
    for said in ("Maria Quill", "12 Mill Lane", "+15305550123", subject):
        assert said in page
    assert '<article class="paper" lang="es">' in page
    assert "trato distinto por haberlo pedido" in " ".join(page.split())
    with world.vault_database.connect() as connection:
        openings = connection.exec_driver_sql('select "by", why from vault_openings').all()
    assert ("riverton-handler", "letter receipt") in [tuple(row) for row in openings]


@pytest.mark.requirement("R30")
async def test_handed_over_it_leaves_the_list_and_counts_once(world: CounterWorld) -> None:
    request = world.request()
    letter_id = world.stranded(request)
    async with world.at("riverton-handler") as client:
        for _ in range(2):
            answer = await client.post(f"/letters/{letter_id}/handed-over", data={"way": "post"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/letters")
        waiting, done = (await client.get("/letters")).text, (await client.get("/letters?done=true")).text
    assert "No letter waits" in waiting
    assert request.number in done
    assert "by post" in done
    assert [type(act) for act in world.acts].count(LetterPassedOn) == 1
    assert [command.TYPE for _, command in world.bus.sent] == ["dsr.notifier.hand-over-letter.v1"]
    assert world.bus.state[request.id].stranded == ()


@pytest.mark.requirement("R34")
async def test_staff_never_see_a_letter_that_proves_who_the_person_is(world: CounterWorld) -> None:
    letter_id = world.stranded(world.request(), secret=True)
    async with world.at("riverton-handler") as client:
        shown = (await client.get(f"/letters/{letter_id}")).text
        opened = await client.post(f"/letters/{letter_id}/opened")
        told = await client.post(f"/letters/{letter_id}/handed-over", data={"way": "telephone"})
    assert "Nobody but the person may read this letter" in shown
    assert "Open the letter" not in shown
    assert opened.status_code == 403
    assert "/verify/" not in opened.text
    assert told.status_code == 303


@pytest.mark.requirement("R27")
async def test_another_owners_letters_do_not_exist_here(world: CounterWorld) -> None:
    letter_id = world.stranded(world.request())
    async with world.at("lakeside-handler") as client:
        assert "No letter waits" in (await client.get("/letters")).text
        for method, path in (("GET", ""), ("POST", "/opened"), ("POST", "/handed-over")):
            answer = await client.request(method, f"/letters/{letter_id}{path}", data={"way": "post"})
            assert answer.status_code == 404
    async with world.at("custodian-phone-desk") as client:
        assert (await client.get(f"/letters/{letter_id}")).status_code == 200


async def test_whoever_only_reads_has_no_business_here(world: CounterWorld) -> None:
    async with world.client() as client:
        who = {"email": "reader@riverton.example", "password": "riverton-reader"}
        assert (await client.post("/letters/api/session", json=who)).status_code == 401
        assert (await client.get("/letters")).status_code == 401


@pytest.mark.requirement("R27")
async def test_a_forged_form_opens_nothing(world: CounterWorld) -> None:
    letter_id = world.stranded(world.request())
    async with world.at("riverton-handler") as client:
        del client.headers["X-CSRF-Token"]
        assert (await client.post(f"/letters/{letter_id}/opened")).status_code == 403
    assert not any(isinstance(act, LetterPrinted) for act in world.acts)


@pytest.mark.requirement("R28")
async def test_what_was_forgotten_is_not_waited_for(world: CounterWorld) -> None:
    request = world.request()
    letter_id = world.stranded(request)
    world.floor.vault.destroy(request.id, "fulfilment")
    async with world.at("riverton-handler") as client:
        assert (await client.post(f"/letters/{letter_id}/opened")).status_code == 410
        _told(world, request.id)
        assert "No letter waits" in (await client.get("/letters")).text
    other = world.request(2)
    world.stranded(other, "forgotten")
    async with world.at("riverton-handler") as client:
        assert other.number not in (await client.get("/letters")).text


def _told(world: CounterWorld, request_id: str) -> None:
    """The verifier says that the request's data is forgotten."""
    body = DataForgotten(purposes=("fulfilment",))
    envelope = Envelope(
        id="e-1", source="verifier", type=body.TYPE, time=NOW, subject=request_id, owner="riverton", partitionkey="p"
    )
    with writing(world.database) as connection:
        STRANDED.apply(connection, Accepted(Record("log", 0, 9, None, b"", NOW), envelope, body))
