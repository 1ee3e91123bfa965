"""Who is told on which occasion: the person, whoever asks for them, and nobody twice."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.intake import RequestReceived
from schemas.notifier import (
    Audience,
    HandOverLetter,
    Letter,
    LetterDeferred,
    LetterHandedOver,
    LetterKind,
    LetterRefused,
    LettersOrdered,
    LetterUndeliverable,
    Way,
)
from schemas.request import Agent, OrderResult, Request
from schemas.router import RequestClosed
from schemas.verifier import ChallengeIssued, EvidenceNeeded, IdentityVerified, ReminderDue
from schemas.vocabulary import Basis, Method, Outcome, Right
from services.notifier import domain
from tests.support import builders as made
from tests.support.dsl import Decider
from tests.support.facts import CHALLENGE, EMAIL_PROOF, NOON, request

given = Decider(
    domain.Correspondence(), domain.decide, domain.evolve, TypeAdapter(domain.Correspondence), domain.due
).given

LATER = NOON + timedelta(days=7)
CODE = made.a_challenge(2)
AGENT = Agent(contact=made.sealed_text("fulfilment", "agent", 1), basis=Basis.PERMISSION)
access = request(Right.ACCESS)
by_agent = access.model_copy(update={"agent": AGENT})
by_phone = access.model_copy(update={"by_mail": False})
opt_out = request(Right.OPT_OUT, Right.LIMIT)


def received(asked: Request) -> RequestReceived:
    return RequestReceived(request=asked, digest="content", challenge=CHALLENGE)


def challenged(asked: Request = access, **more: object) -> ChallengeIssued:
    issued = ChallengeIssued(
        request=asked, offered=EMAIL_PROOF, challenge=CHALLENGE, expires_at=LATER, attempts=3, policies=8
    )
    return issued.model_copy(update=more)


def needed(asked: Request = access, **more: object) -> EvidenceNeeded:
    wanted = (Method.SMS_CODE, Method.DECLARATION)
    event = EvidenceNeeded(
        request=asked, wanted=wanted, methods=(Method.EMAIL_LINK,), challenge=CHALLENGE, expires_at=LATER,
        attempts_left=3,
    )  # fmt: skip
    return event.model_copy(update=more)


def closed(asked: Request) -> RequestClosed:
    results = tuple(OrderResult(order_id=o.id, right=o.right, closed_as=Outcome.REFUSED) for o in asked.orders)
    return RequestClosed(request=asked, results=results, closed_at=NOON)


def told(cause: Fact) -> list[tuple[LetterKind, Audience]]:
    event, _ = given().when(cause).then_some(LettersOrdered)
    return [(letter.kind, letter.audience) for letter in event.letters]


TO_PERSON, TO_AGENT = Audience.PERSON, Audience.AGENT
TOLD = [
    (received(access), [(LetterKind.RECEIPT, TO_PERSON)]),
    (received(opt_out), [(LetterKind.OPT_OUT_RECEIPT, TO_PERSON)]),
    (received(request(Right.OPT_OUT, Right.DELETE)), [(LetterKind.RECEIPT, TO_PERSON)]),
    (received(by_agent), [(LetterKind.RECEIPT, TO_PERSON), (LetterKind.AGENT_RECEIPT, TO_AGENT)]),
    (challenged(), [(LetterKind.VERIFICATION, TO_PERSON)]),
    (challenged(by_agent, agent=True), [(LetterKind.AGENT_CONFIRMATION, TO_PERSON)]),
    (challenged(by_phone, code=CODE), [(LetterKind.CODE, TO_PERSON)]),
    (
        ReminderDue(request=access, challenge=CHALLENGE, expires_at=LATER),
        [(LetterKind.REMINDER, TO_PERSON)],
    ),
    (
        ReminderDue(request=by_phone, challenge=CHALLENGE, expires_at=LATER, code=CODE),
        [(LetterKind.CODE, TO_PERSON)],
    ),
    (needed(), [(LetterKind.EVIDENCE_NEEDED, TO_PERSON)]),
    (needed(code=CODE), [(LetterKind.CODE, TO_PERSON), (LetterKind.EVIDENCE_NEEDED, TO_PERSON)]),
    (needed(by_phone, code=CODE), [(LetterKind.CODE, TO_PERSON)]),
    (closed(access), [(LetterKind.COMPLETION, TO_PERSON)]),
    (closed(by_agent), [(LetterKind.COMPLETION, TO_PERSON), (LetterKind.AGENT_COMPLETION, TO_AGENT)]),
]


@pytest.mark.requirement("R44")
@pytest.mark.requirement("R33")
@pytest.mark.parametrize(("cause", "letters"), TOLD)
def test_who_is_told(cause: Fact, letters: list[tuple[LetterKind, Audience]]) -> None:
    assert told(cause) == letters


@pytest.mark.requirement("R27")
def test_an_address_that_had_its_letters_for_today_is_not_written_to() -> None:
    given().when(challenged(held_until=LATER)).then_silence()


@pytest.mark.requirement("R34")
def test_each_secret_goes_by_its_own_way() -> None:
    event, _ = given().when(needed(code=CODE)).then_some(LettersOrdered)
    assert [letter.challenge for letter in event.letters] == [CODE, CHALLENGE]


def test_one_letter_asks_for_evidence_however_often_the_page_does() -> None:
    first, _ = given().when(needed()).then_some(LettersOrdered)
    given(first).when(needed(wrong_code=True), id="again").then_silence()
    again, _ = given(first).when(needed(code=CODE), id="a code").then_some(LettersOrdered)
    assert [letter.kind for letter in again.letters] == [LetterKind.CODE]


def test_nobody_is_asked_by_mail_who_has_none() -> None:
    given().when(needed(by_phone)).then_silence()


@pytest.mark.requirement("R34")
def test_whoever_could_not_prove_enough_for_a_copy_is_told_that_kinds_of_data_are_told_instead() -> None:
    (order,) = access.orders
    less = access.model_copy(
        update={"orders": (order.model_copy(update={"right": Right.KNOW, "instead_of": Right.ACCESS}),)}
    )
    assert told(IdentityVerified(request=less, proof=EMAIL_PROOF)) == [(LetterKind.UNVERIFIED, TO_PERSON)]


@pytest.mark.requirement("R34")
def test_a_part_that_was_not_proved_is_told_when_the_rest_goes_on() -> None:
    (delete,) = request(Right.DELETE).orders
    verified = IdentityVerified(request=access, proof=EMAIL_PROOF, unproved=(delete,))
    event, _ = given().when(verified).then_some(LettersOrdered)
    (letter,) = event.letters
    assert (letter.kind, letter.unproved) == (LetterKind.UNVERIFIED, (Right.DELETE,))


# --- letters that nobody takes

secret = Letter(
    id="l-1", kind=LetterKind.VERIFICATION, audience=TO_PERSON, challenge=CHALLENGE, expires_at=NOON + timedelta(days=1)
)
receipt = Letter(id="l-2", kind=LetterKind.RECEIPT, audience=TO_PERSON)
ordered = LettersOrdered(request=access, letters=(secret, receipt))
posted = HandOverLetter(letter_id="l-2", way=Way.POST, by="staff-1")


def refused(letter: str, retry_at: timedelta | None = None, *, permanent: bool = False) -> LetterRefused:
    at = NOON + retry_at if retry_at else None
    return LetterRefused(
        effect_id=f"{letter}:1", letter_id=letter, attempt=1, reason="why", permanent=permanent, retry_at=at
    )


def test_a_letter_waits_until_its_address_may_have_one_more() -> None:
    event, _ = given(ordered).when(refused("l-2", timedelta(hours=20))).then_some(LetterDeferred)
    assert event.retry_at == NOON + timedelta(hours=20)


@pytest.mark.requirement("R28")
def test_a_letter_is_given_up_when_its_secret_would_be_dead() -> None:
    undeliverable = LetterUndeliverable(letter_id="l-1", attempt=1, reason="why")
    given(ordered).when(refused("l-1", timedelta(days=1))).then(undeliverable)


@pytest.mark.requirement("R44")
def test_staff_hand_over_once_what_nobody_took() -> None:
    stranded = LetterUndeliverable(letter_id="l-2", attempt=1, reason="no-email")
    handed_over = LetterHandedOver(letter_id="l-2", way=Way.POST, by="staff-1")
    given(ordered).when(posted).then_silence()
    given(ordered).when(refused("l-2", permanent=True)).then_some(LetterUndeliverable)
    given(ordered, stranded).when(posted).then(handed_over)
    given(ordered, stranded, handed_over).when(posted).then_silence()
