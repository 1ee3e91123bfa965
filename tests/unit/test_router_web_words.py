"""Every tag of the contract that the portal may meet has words of its own."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.catalogue import Catalogue, Owner, PrivacyContact
from schemas.request import Order, Period, Request
from schemas.router import Decision, Flag, Instruction
from schemas.vocabulary import NEEDS_NO_PROOF, Basis, Channel, Exemption, Method, Right, Scope, Span
from services.router.consents import Standing
from services.router.instruction import missing_from
from services.router.portal import words
from services.router.portal.clocks import left_in_words, urgency
from services.router.views import TOLD, Phase

TODAY = date(2026, 3, 3)


def test_no_tag_is_without_words() -> None:
    assert set(words.RIGHTS) == set(Right)
    assert set(words.EXEMPTIONS) == set(Exemption)
    assert set(words.CHANNELS) == set(Channel)
    assert set(words.SCOPES) == set(Scope)
    assert set(words.METHODS) == set(Method)
    assert set(words.FLAGS) == set(words.WHY_LINKED) == set(Flag)
    assert set(words.BASES) == set(Basis)
    assert set(words.STANDINGS) == set(Standing)
    assert set(words.CONSENTS) == NEEDS_NO_PROOF
    assert set(words.STATES) == set(Phase)
    assert set(words.HAPPENED) == {body.TYPE for body in TOLD}


def test_whatever_the_router_calls_missing_has_words_and_a_place() -> None:
    contact = PrivacyContact(email="privacy@alder.example", phone="+1 530 555 0101")
    owner = Owner(
        slug="alder", name="Alder", kind="city", zone="UTC", regime="", locale="en", privacy_contact=contact, suites=()
    )
    request = Request(
        id="r", owner="alder", client="web", channel=Channel.WEB, received_at=datetime(2026, 3, 3, tzinfo=UTC),
        person="p", orders=(Order(id="o", right=Right.ACCESS),), contact="sealed:v1:fulfilment:AAAA",
    )  # fmt: skip
    nothing = Instruction(affiliates=("not-ours",), decisions=(Decision(order_id="other", approved=True),))
    unreasoned = Instruction(decisions=(Decision(order_id="o", approved=False),))
    policies = Catalogue().with_entry(owner)
    named = {name for said in (nothing, unreasoned) for name in missing_from(said, request, ("x",), policies)}
    assert named == set(words.MISSING)


@pytest.mark.requirement("R08")
@pytest.mark.parametrize(("right", "says"), [(Right.DELETE, "cannot be undone"), (Right.CORRECT, "cannot be brought")])
def test_an_approval_that_cannot_be_undone_says_so(right: Right, says: str) -> None:
    assert says in words.RIGHTS[right].approved


@pytest.mark.parametrize(
    ("days", "left", "mark"),
    [
        (-2, "2 days late", "failed"),
        (-1, "1 day late", "failed"),
        (0, "due today", "waiting"),
        (1, "1 day left", "waiting"),
        (10, "10 days left", "waiting"),
        (11, "11 days left", "stopped"),
    ],
)
def test_time_left_in_words(days: int, left: str, mark: str) -> None:
    due = TODAY + timedelta(days=days)
    assert (left_in_words(due, TODAY), urgency(due, TODAY)) == (left, mark)


def test_a_short_date_is_without_its_weekday() -> None:
    assert words.short_date(TODAY) == "March 3, 2026"


@pytest.mark.requirement("R15")
def test_how_far_back_in_words() -> None:
    asked = [Period(), Period(span=Span.SINCE, since=date(2024, 5, 1)), Period(span=Span.EVERYTHING)]
    assert [words.period(one) for one in asked] == [
        "The twelve months before the request", "Since May 1, 2024", "Everything that is held",
    ]  # fmt: skip
