"""The owner decides: what is routed, what an instruction settles, and when a request is closed."""

from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.cause import TimePassed, Wake
from schemas.envelope import derived_id
from schemas.executor import OrderCompleted
from schemas.request import Order, OrderResult, Request, TaskResult
from schemas.router import (
    Decision,
    InstructionReturned,
    InstructRequest,
    OrderRecorded,
    OwnerInstructed,
    RequestClosed,
    RequestRouted,
)
from schemas.verifier import IdentityVerified, VerificationExpired, VerificationFailed
from schemas.vocabulary import Exemption, Outcome, Right
from services.router import domain
from tests.support.dsl import Decider
from tests.support.facts import (
    ASHFORD,
    CATALOGUE,
    EMAIL_PROOF,
    NOON,
    PACKAGE,
    approved,
    denied,
    instruction,
    leaf,
    request,
)

given = Decider(domain.Unrouted(), domain.decide, domain.evolve, TypeAdapter(domain.State), domain.due).given

asked = request(Right.ACCESS, Right.DELETE)
access, delete = asked.orders
verified = IdentityVerified(request=asked, proof=EMAIL_PROOF)
routed = RequestRouted(
    request=asked,
    proof=EMAIL_PROOF,
    products=("civicengage", "civicrec", "civicready"),
    legal_due=date(2026, 4, 15),
    instruct_by=date(2026, 3, 12),
    policies=CATALOGUE.version,
)


def instructed(*decisions: Decision, contract_due: date = date(2026, 5, 31)) -> OwnerInstructed:
    return OwnerInstructed(
        request=asked,
        proof=EMAIL_PROOF,
        instruction=instruction(*decisions),
        products=("civicengage", "civicrec"),
        contract_due=contract_due,
        policies=CATALOGUE.version,
    )


def instruct(*decisions: Decision) -> InstructRequest:
    return InstructRequest(instruction=instruction(*decisions))


def result(order: Order, outcome: Outcome = Outcome.DELIVERED) -> OrderResult:
    task = TaskResult(id=f"task-{order.right}", product="civicrec", attempt=1, leaves=(leaf(outcome),))
    return OrderResult(
        order_id=order.id, right=order.right, tasks=(task,),
        package=PACKAGE if order.right is Right.ACCESS else None,
    )  # fmt: skip


def unfulfilled(order: Order, outcome: Outcome, reason: str | None = None) -> OrderResult:
    return OrderResult(order_id=order.id, right=order.right, closed_as=outcome, reason=reason)


def closed(*results: OrderResult) -> RequestClosed:
    return RequestClosed(request=asked, results=results, closed_at=NOON)


both = instructed(approved(access), approved(delete))
neither = instructed(denied(access, Exemption.EXCESSIVE), denied(delete))
accessed, erased = result(access), result(delete, Outcome.ERASED)
close_now = TimePassed(effect_id=derived_id("close", asked.id))


@pytest.mark.requirement("R01")
def test_a_verified_request_goes_to_the_owner_it_names_with_both_dates_and_its_products() -> None:
    given().when(verified).then(routed)


@pytest.mark.requirement("R01")
def test_another_owners_request_finds_only_that_owners_products() -> None:
    theirs = request(Right.KNOW, owner=ASHFORD.slug)
    event, _ = given().when(IdentityVerified(request=theirs, proof=EMAIL_PROOF)).then_some(RequestRouted)
    assert (event.request.owner, event.products) == ("ashford", ("civicclerk",))


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    ("end", "outcome", "reason"),
    [
        (VerificationFailed(request=asked, reason="too_many_attempts"), Outcome.UNVERIFIED, "too_many_attempts"),
        (VerificationFailed(request=asked, reason="disowned"), Outcome.UNVERIFIED, "disowned"),
        (VerificationExpired(request=asked), Outcome.EXPIRED, None),
    ],
)
def test_an_unproved_request_closes_without_reaching_its_owner(end: Fact, outcome: Outcome, reason: str | None) -> None:
    after = given().when(end).then(closed(unfulfilled(access, outcome, reason), unfulfilled(delete, outcome, reason)))
    after.when(instruct(approved(access), approved(delete))).then_silence()


@pytest.mark.requirement("R01")
def test_until_the_owner_instructs_nothing_is_decided_and_nothing_is_owed() -> None:
    given(routed).owes()
    given(routed).when(close_now, at=NOON + timedelta(days=400)).then_silence()
    given(routed).when(OrderCompleted(result=accessed)).then_silence()


@pytest.mark.requirement("R04")
def test_an_instruction_that_lacks_something_goes_back_with_the_list_and_approves_nothing() -> None:
    hollow = instruction(approved(access), approved(delete)).model_copy(update={"law_limits": None, "suites": ()})
    after = (
        given(routed)
        .when(InstructRequest(instruction=hollow))
        .then(InstructionReturned(missing=("law_limits", "suites")))
    )
    assert after.state == given(routed).state
    after.when(instruct(approved(access), approved(delete))).then(both)


@pytest.mark.requirement("R01")
@pytest.mark.requirement("R07")
def test_a_whole_instruction_is_the_owners_word_and_starts_the_contracts_clock() -> None:
    given(routed).when(instruct(approved(access), approved(delete))).then(both)


@pytest.mark.requirement("R07")
def test_a_suite_with_a_third_party_behind_it_gets_the_long_clock() -> None:
    one = request(Right.ACCESS)
    alone = routed.model_copy(update={"request": one})
    for suites, due in [(("civicrec",), date(2026, 4, 16)), (("civicrec", "civicready"), date(2026, 5, 31))]:
        command = InstructRequest(instruction=instruction(approved(one.orders[0]), suites=suites))
        event, _ = given(alone).when(command).then_some(OwnerInstructed)
        assert (event.products, event.contract_due) == (suites, due)


@pytest.mark.requirement("R04")
def test_only_products_the_owner_uses_are_searched() -> None:
    everywhere = instruction(approved(access), approved(delete), suites=("civicclerk", "civicrec"))
    event, _ = given(routed).when(InstructRequest(instruction=everywhere)).then_some(OwnerInstructed)
    assert event.products == ("civicrec",)


@pytest.mark.requirement("R11")
def test_the_word_is_given_once() -> None:
    given(routed, both).when(instruct(denied(access), denied(delete))).then_silence()
    given(routed, neither).when(instruct(approved(access), approved(delete))).then_silence()


def test_an_instruction_on_nothing_is_met_with_silence() -> None:
    given().when(instruct(approved(access))).then_silence()


def test_each_order_is_recorded_and_the_last_one_closes() -> None:
    (
        given(routed, both)
        .when(OrderCompleted(result=accessed)).then(OrderRecorded(result=accessed))
        .when(OrderCompleted(result=erased)).then(closed(accessed, erased))
    )  # fmt: skip


def test_an_order_is_recorded_once() -> None:
    given(routed, both, OrderRecorded(result=accessed)).when(OrderCompleted(result=accessed)).then_silence()


@pytest.mark.requirement("R18")
def test_a_refused_order_names_its_exemption_and_the_rest_is_still_fulfilled() -> None:
    part = instructed(approved(access), denied(delete, Exemption.SECURITY))
    no = unfulfilled(delete, Outcome.REFUSED, "security")
    given(routed, part).owes()
    given(routed, part).when(OrderCompleted(result=accessed)).then(closed(no, accessed))


@pytest.mark.requirement("R18")
def test_a_request_refused_whole_closes_with_the_reason_of_each_order() -> None:
    after = given(routed, neither)
    after.owes(Wake(id=derived_id("close", asked.id)))
    results = (
        unfulfilled(access, Outcome.REFUSED, "excessive"),
        unfulfilled(delete, Outcome.REFUSED, "legal_obligation"),
    )
    after.when(close_now).then(closed(*results))


def test_a_request_with_open_orders_is_not_closed_by_the_clock() -> None:
    given(routed, both, OrderRecorded(result=accessed)).when(close_now).then_silence()


@pytest.mark.requirement("R34")
def test_what_was_not_proved_well_enough_is_nobodys_to_decide_and_is_told_at_the_end() -> None:
    unproved = Order(id="order-correct", right=Right.CORRECT)
    less = verified.model_copy(update={"unproved": (unproved,)})
    story = given().when(less).then(routed.model_copy(update={"unproved": (unproved,)}))
    left = unfulfilled(unproved, Outcome.UNVERIFIED, "not_enough_proof")
    story = story.when(instruct(approved(access), denied(delete))).then_some(OwnerInstructed)[1]
    no = unfulfilled(delete, Outcome.REFUSED, "legal_obligation")
    story.when(OrderCompleted(result=accessed)).then(closed(no, accessed, left)).owes()


@pytest.mark.parametrize(
    "late",
    [
        verified,
        VerificationExpired(request=asked),
        instruct(approved(access)),
        OrderCompleted(result=erased),
        close_now,
    ],
)
def test_nothing_that_comes_later_changes_what_is_closed(late: Fact) -> None:
    done = given(routed, both, OrderRecorded(result=accessed), closed(accessed, erased))
    done.owes()
    done.when(late).then_silence()


@pytest.mark.parametrize("late", [verified, VerificationFailed(request=asked, reason="too_many_attempts")])
def test_a_request_is_routed_once(late: Fact) -> None:
    given(routed).when(late).then_silence()


def test_the_owner_of_the_request_is_the_one_the_person_named() -> None:
    """The cause's own attributes are another matter: they are the floor's."""
    other: Request = request(Right.ACCESS, owner="ashford")
    event, _ = given().when(IdentityVerified(request=other, proof=EMAIL_PROOF)).then_some(RequestRouted)
    assert event.legal_due == date(2026, 4, 15)
