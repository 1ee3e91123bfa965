"""What a submission may say, and that a door receives it once, sealed."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.intake import SubmitRequest
from schemas.request import Contact, Correction
from schemas.vocabulary import Channel, Right
from services.intake.arrival import Arrival
from services.intake.processor import INTAKE
from services.intake.receiving import KeyReused, Receipt, UnknownOwner, receive
from services.intake.submission import LOOK_BACK, Submission
from services.runtime.bus import BusUnavailable
from services.runtime.web.wording import field_errors
from tests.support.doors import NOW, Door, door

PLAIN: dict[str, Any] = {
    "owner": "riverton",
    "rights": ["access"],
    "name": "Maria Quill",
    "email": "maria@quill.example",
}


PERMISSION = {"name": "permission.txt", "content": b64encode(b"Ada Help acts for me. Maria Quill").decode()}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


def form(**changes: Any) -> Submission:
    return Submission.model_validate({**PLAIN, **changes})


def wrong(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        form(**changes)
    return [(error["field"], error["message"]) for error in field_errors(dict(e) for e in caught.value.errors())]


async def submit(desk: Door, submission: Submission, key: str = "key-1") -> Receipt:
    return await receive(desk.floor, submission, Arrival(Channel.API, "api", key, NOW))


def sent(desk: Door) -> SubmitRequest:
    command = desk.bus.sent[-1][1]
    assert isinstance(command, SubmitRequest)
    return command


@pytest.mark.parametrize(
    "name",
    [
        "Ma\u202eria",
        "Ma\x00ria",
        "Maria\nBcc: x",
        "Maria\u2028Quill",
        "Ma\u200fria",
        "Ma\x1bria",
        "a" * 201,
        "  ",
        "12",
    ],
)
def test_a_name_that_could_mislead_a_reader_or_a_letter_is_refused(name: str) -> None:
    assert [field for field, _ in wrong(name=name)] == ["name"]


@pytest.mark.parametrize("name", ["Zoë O’Neil-Ng", "李小龙", "فاطمه\u200cزهرا", "Ana María  Núñez"])
def test_names_of_all_scripts_are_welcome(name: str) -> None:
    assert form(name=name).name == name


@pytest.mark.parametrize("email", ["", "maria", "maria@", "m@localhost", "a@b.example\n", "x" * 250 + "@b.example"])
def test_an_address_that_no_letter_reaches_is_refused(email: str) -> None:
    if email.endswith("\n"):
        assert form(email=email).email == "a@b.example"
    else:
        assert [field for field, _ in wrong(email=email)] == ["email"]


def test_a_telephone_number_is_kept_as_one_can_dial_it_from_anywhere() -> None:
    assert form(phone="(530) 555-0101").phone == "+15305550101"
    assert wrong(phone="call me") == [("phone", "is not a telephone number we could call")]


def test_rights_are_a_set_in_the_order_in_which_they_are_carried_out() -> None:
    changed = [{"field": "Street", "value": "New Street 1"}]
    asked = form(rights=["delete", "correct", "access", "delete"], corrections=changed)
    assert asked.rights == (Right.ACCESS, Right.CORRECT, Right.DELETE)


def test_whoever_has_no_address_gives_a_telephone_number() -> None:
    assert form(email=None, phone="530 555 0101").email is None
    assert wrong(email=None) == [("email", "is required, unless there is a telephone number")]


def test_how_far_back_is_a_span_or_a_first_day_and_not_before_2022() -> None:
    assert form(period={"span": "since", "since": "2022-01-01"}).period.since == LOOK_BACK
    assert wrong(period={"span": "since"}) == [("period", "must name a first day if, and only if, it begins on one")]
    assert wrong(period={"since": "2024-05-01"})[0][0] == "period"
    assert wrong(period={"span": "since", "since": "2021-12-31"})[0][0] == "period.since"


def test_corrections_go_with_the_right_to_correct_and_only_with_it() -> None:
    assert wrong(rights=["correct"]) == [("corrections", "must say what is wrong and what it should say")]
    assert wrong(corrections=[{"field": "a", "value": "b"}]) == [
        ("corrections", "can only be given together with the right to correct")
    ]
    assert wrong(rights=["correct"], corrections=[{"field": "a", "value": "b"}] * 21)[0][0] == "corrections"


def test_a_misspelt_field_is_an_error() -> None:
    assert wrong(e_mail="x") == [("e_mail", "is not a field of this form")]


def test_a_submission_does_not_show_itself_in_logs() -> None:
    assert "Quill" not in repr(form())
    assert "Quill" not in str(form())


@pytest.mark.requirement("R08")
async def test_a_compound_request_is_executed_one_order_after_the_other(desk: Door) -> None:
    await submit(desk, form(rights=["delete", "correct", "access"], corrections=[{"field": "a", "value": "b"}]))
    orders = sent(desk).request.orders
    assert [order.right for order in orders] == [Right.ACCESS, Right.CORRECT, Right.DELETE]
    assert [order.after for order in orders] == [None, orders[0].id, orders[1].id]


@pytest.mark.requirement("R34")
async def test_what_needs_no_proof_goes_ahead_beside_what_does(desk: Door) -> None:
    receipt = await submit(desk, form(rights=["delete", "limit", "opt_out"]))
    at_once, waiting = (command.request for _, command in desk.bus.sent[-2:])
    assert [order.right for order in at_once.orders] == [Right.OPT_OUT, Right.LIMIT]
    assert [order.right for order in waiting.orders] == [Right.DELETE]
    assert (at_once.linked, waiting.linked) == ((waiting.id,), (at_once.id,))
    assert receipt.other is not None
    assert (receipt.request_id, receipt.other.request_id) == (waiting.id, at_once.id)
    assert await submit(desk, form(rights=["delete", "limit", "opt_out"])) == receipt


async def test_all_that_a_person_may_add_travels_sealed(desk: Door) -> None:
    given = {
        "details": "The oak street house\nsince May",
        "points": [{"kind": "street_address", "value": "12 Oak Street"}],
        "declared_as": "Maria P Quill",
        "agent": {"name": "Ada Help", "email": "ada@help.example", "basis": "permission", "document": PERMISSION},
        "child": "Little Quill",
    }
    await submit(desk, form(phone="530 555 0101", **given))
    command = sent(desk)
    text = command.model_dump_json()
    planted = ("Quill", "oak street", "Oak Street", "Ada Help", "help.example")  # too long to be ciphertext by chance
    assert not any(each in text for each in planted)
    request, vault = command.request, desk.floor.vault
    assert command.code is not None
    code = vault.open(request.id, "code", command.code.token, by="test", why="test")
    assert (len(code), code.isdecimal()) == (6, True)
    assert sha256(code.encode()).hexdigest() != command.code.digest
    assert request.details is not None
    assert request.child is not None
    assert request.declaration is not None
    for field in ("details", "child", "declaration"):
        assert vault.open(request.id, field, getattr(request, field), by="test", why="test")


async def test_what_is_personal_travels_sealed_and_opens_again(desk: Door) -> None:
    await submit(
        desk, form(rights=["correct"], phone="530 555 0101", corrections=[{"field": "Street", "value": "B 1"}])
    )
    command = sent(desk)
    text = command.model_dump_json()
    assert not any(planted in text for planted in ("Quill", "quill", "5550101", "Street", "B 1"))
    request, vault = command.request, desk.floor.vault
    contact = vault.open_model(request.id, "contact", request.contact, Contact, by="test", why="test")
    assert contact == Contact(name="Maria Quill", email="maria@quill.example", phone="+15305550101")
    assert request.corrections is not None
    changes = vault.open_model(
        request.id, "corrections", request.corrections, tuple[Correction, ...], by="test", why="test"
    )
    assert changes == (Correction(field="Street", value="B 1"),)
    token = vault.open(request.id, "token", command.challenge.token, by="test", why="test")
    assert sha256(token.encode()).hexdigest() == command.challenge.digest


async def test_the_same_key_and_content_is_the_same_request(desk: Door) -> None:
    first = await submit(desk, form())
    again = await submit(desk, form(email=" maria@quill.example "))
    assert again == first
    assert len(desk.bus.sent) == 1


async def test_the_same_key_with_other_content_is_refused_and_the_first_stands(desk: Door) -> None:
    await submit(desk, form())
    with pytest.raises(KeyReused):
        await submit(desk, form(rights=["delete"]))
    assert len(desk.bus.sent) == 1


async def test_what_the_broker_did_not_take_can_be_sent_again_under_the_same_key(desk: Door) -> None:
    desk.bus.gone = True
    with pytest.raises(BusUnavailable):
        await submit(desk, form())
    desk.bus.gone = False
    receipt = await submit(desk, form())
    assert sent(desk).request.id == receipt.request_id


async def test_the_ledger_of_keys_comes_back_from_the_log(desk: Door) -> None:
    await submit(desk, form())
    command = desk.bus.sent[0]
    with desk.database.begin() as connection:
        for table in INTAKE.views[0].metadata.sorted_tables:
            connection.execute(table.delete())
    desk.bus.state.clear()
    request = sent(desk).request
    desk.bus.happens(
        command[1], id=command[0], subject=request.id, owner=request.owner, person_key=request.person, time=NOW
    )
    with pytest.raises(KeyReused):
        await submit(desk, form(rights=["delete"]))


async def test_a_key_whose_data_was_forgotten_is_spent(desk: Door) -> None:
    desk.bus.slow = True
    receipt = await submit(desk, form())
    desk.floor.vault.destroy(receipt.request_id, "fulfilment")
    with pytest.raises(KeyReused):
        await submit(desk, form())


async def test_an_owner_nobody_knows_gets_nothing(desk: Door) -> None:
    with pytest.raises(UnknownOwner):
        await submit(desk, form(owner="atlantis"))
    assert desk.bus.sent == []


async def test_one_person_is_one_partition_at_one_owner_and_another_at_the_next(desk: Door) -> None:
    await submit(desk, form(), "a")
    await submit(desk, form(email="MARIA@quill.example"), "b")
    await submit(desk, form(owner="lakeside"), "c")
    people = [command.request.person for _, command in desk.bus.sent if isinstance(command, SubmitRequest)]
    assert people[0] == people[1] != people[2]
