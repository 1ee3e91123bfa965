"""What an owner's instruction must hold, and what is said to be missing when it does not."""

from typing import Any

import pytest

from schemas.request import Order
from schemas.router import Decision, Instruction
from schemas.vocabulary import Right
from services.router.instruction import missing_from
from tests.support.facts import CATALOGUE, STRANGER, approved, denied, instruction, request

asked = request(Right.ACCESS, Right.DELETE)
access, delete = asked.orders
products = ("civicengage", "civicrec", "civicready")


def missing(given: Instruction) -> tuple[str, ...]:
    return missing_from(given, asked, products, CATALOGUE)


@pytest.mark.requirement("R04")
def test_a_whole_instruction_lacks_nothing() -> None:
    assert missing(instruction(approved(access), denied(delete))) == ()


@pytest.mark.requirement("R04")
def test_an_empty_instruction_is_told_all_it_lacks_in_the_order_of_the_form() -> None:
    assert missing(Instruction()) == ("by", "must_comply", "law_limits", "decisions")


@pytest.mark.requirement("R04")
@pytest.mark.parametrize(
    ("lacks", "change"),
    [
        ("by", {"by": ""}),
        ("by", {"by": "nobody-we-know"}),
        ("by", {"by": STRANGER}),
        ("must_comply", {"must_comply": None}),
        ("law_limits", {"law_limits": None}),
        ("identity_confirmed", {"identity_confirmed": None}),
        ("identity_confirmed", {"identity_confirmed": False}),
        ("suites", {"suites": ()}),
        ("suites", {"suites": ("civicclerk",)}),
        ("affiliates", {"affiliates": ("ashford-transit",)}),
        ("decisions", {"decisions": (approved(access),)}),
        ("decisions", {"decisions": ()}),
    ],
)
def test_each_thing_that_is_missing_is_named(lacks: str, change: dict[str, Any]) -> None:
    assert missing(instruction(approved(access), approved(delete)).model_copy(update=change)) == (lacks,)


@pytest.mark.requirement("R18")
def test_a_refusal_names_an_exemption_of_the_fixed_list() -> None:
    assert missing(instruction(approved(access), denied(delete, None))) == ("exemption",)


def test_naming_no_affiliate_is_an_answer() -> None:
    whole = instruction(approved(access), approved(delete))
    assert missing(whole.model_copy(update={"affiliates": ()})) == ()


def test_who_refuses_everything_needs_no_suites_and_no_proof() -> None:
    bare = {"suites": (), "identity_confirmed": None, "affiliates": ()}
    assert missing(instruction(denied(access), denied(delete)).model_copy(update=bare)) == ()


def test_a_word_on_an_order_nobody_asked_for_is_not_an_answer_to_the_ones_asked() -> None:
    invented = Decision(order_id=Order(id="invented", right=Right.DELETE).id, approved=True)
    assert missing(instruction(approved(access), approved(delete), invented)) == ("decisions",)


def test_two_words_on_one_order_are_no_answer() -> None:
    assert "decisions" in missing(instruction(approved(access), approved(delete), denied(delete)))


@pytest.mark.requirement("R34")
def test_what_goes_ahead_without_proof_is_approved_without_proof() -> None:
    out = request(Right.OPT_OUT, Right.LIMIT)
    bare = instruction(*map(approved, out.orders)).model_copy(update={"identity_confirmed": None})
    assert missing_from(bare, out, products, CATALOGUE) == ()
    mixed = request(Right.DELETE, Right.OPT_OUT)
    delete_too = instruction(*map(approved, mixed.orders)).model_copy(update={"identity_confirmed": None})
    assert missing_from(delete_too, mixed, products, CATALOGUE) == ("identity_confirmed",)
    not_the_delete = instruction(denied(mixed.orders[0]), approved(mixed.orders[1]))
    left_open = not_the_delete.model_copy(update={"identity_confirmed": None})
    assert missing_from(left_open, mixed, products, CATALOGUE) == ()
