"""People are told at once and at every change that matters, each thing once."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.envelope import derived_id
from schemas.intake import RequestReceived
from schemas.notifier import (
    Audience,
    Letter,
    LetterAccepted,
    LetterDeferred,
    LetterKind,
    LetterRefused,
    LetterSent,
    LettersOrdered,
    LetterUndeliverable,
)
from schemas.request import OrderResult, TaskResult
from schemas.router import OwnerInstructed, RequestClosed, RequestRouted
from schemas.verifier import ChallengeIssued, IdentityVerified
from schemas.vocabulary import Outcome, Right
from services.notifier import domain
from services.notifier.domain import LAST_ATTEMPT, PATIENCE, SendLetter
from tests.support.dsl import Decider
from tests.support.facts import CATALOGUE, CHALLENGE, EMAIL_PROOF, NOON, PACKAGE, denied, instruction, leaf, request

given = Decider(
    domain.Correspondence(), domain.decide, domain.evolve, TypeAdapter(domain.Correspondence), domain.due
).given

asked = request(Right.ACCESS)
(access,) = asked.orders
RECEIPT_ID = derived_id("letter", "the-cause", "receipt")

received = RequestReceived(request=asked, digest="content", challenge=CHALLENGE)
challenged = ChallengeIssued(
    request=asked, offered=EMAIL_PROOF, challenge=CHALLENGE, expires_at=NOON + timedelta(days=7), attempts=3, policies=8
)
routed = RequestRouted(
    request=asked, proof=EMAIL_PROOF, products=("civicrec",), legal_due=date(2026, 4, 15),
    instruct_by=date(2026, 3, 12), policies=CATALOGUE.version,
)  # fmt: skip
instructed = OwnerInstructed(
    request=asked, proof=EMAIL_PROOF, instruction=instruction(denied(access)), products=("civicrec",),
    contract_due=date(2026, 4, 16), policies=CATALOGUE.version,
)  # fmt: skip
delivered = OrderResult(
    order_id=access.id, right=Right.ACCESS, package=PACKAGE,
    tasks=(TaskResult(id="task-1", product="civicrec", attempt=1, leaves=(leaf(),)),),
)  # fmt: skip
refused = OrderResult(order_id=access.id, right=Right.ACCESS, closed_as=Outcome.REFUSED, reason="security")


def closed(result: OrderResult) -> RequestClosed:
    return RequestClosed(request=asked, results=(result,), closed_at=NOON)


def letter(kind: LetterKind, audience: Audience = Audience.PERSON, **facts: object) -> Letter:
    written = Letter(id=derived_id("letter", "the-cause", kind), kind=kind, audience=audience)
    return written.model_copy(update=facts)


receipt = letter(LetterKind.RECEIPT)
receipt_ordered = LettersOrdered(request=asked, letters=(receipt,))


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    ("cause", "letters"),
    [
        (received, [receipt]),
        (challenged, [letter(LetterKind.VERIFICATION, challenge=CHALLENGE, expires_at=NOON + timedelta(days=7))]),
        (routed, [letter(LetterKind.OWNER_NOTICE, Audience.OWNER)]),
        (instructed, [letter(LetterKind.DECISION, decisions=(denied(access),))]),
        (
            closed(delivered),
            [
                letter(LetterKind.COMPLETION, results=(delivered,)),
                letter(LetterKind.OWNER_COMPLETION, Audience.OWNER, results=(delivered,)),
            ],
        ),
    ],
    ids=["received", "challenged", "routed", "instructed", "closed"],
)
def test_every_change_that_matters_is_told_with_its_facts(cause: Fact, letters: Iterable[Letter]) -> None:
    given().when(cause).then(LettersOrdered(request=asked, letters=tuple(letters)))


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("outcome", [Outcome.UNVERIFIED, Outcome.EXPIRED])
def test_an_owner_that_was_never_asked_is_not_told_of_the_end(outcome: Outcome) -> None:
    end = OrderResult(order_id=access.id, right=Right.ACCESS, closed_as=outcome)
    only = letter(LetterKind.COMPLETION, results=(end,))
    given().when(closed(end)).then(LettersOrdered(request=asked, letters=(only,)))


def test_an_owner_that_refused_everything_knows_the_end_already() -> None:
    event, _ = given().when(closed(refused)).then_some(LettersOrdered)
    assert [told.audience for told in event.letters] == [Audience.PERSON]


def test_what_is_no_news_is_not_told() -> None:
    given(receipt_ordered).when(IdentityVerified(request=asked, proof=EMAIL_PROOF)).then_silence()


@pytest.mark.requirement("R44")
def test_a_letter_is_owed_at_once_until_a_mail_server_took_it() -> None:
    owing = given().when(received).then(receipt_ordered)
    owing.owes(SendLetter(id=f"{RECEIPT_ID}:1", request=asked, letter=receipt, attempt=1))
    owing.when(accepted()).then(LetterSent(letter_id=RECEIPT_ID, attempt=1)).owes()


def test_letters_are_owed_side_by_side() -> None:
    event, _ = given().when(challenged, id="another-cause").then_some(LettersOrdered)
    both = given(receipt_ordered, event)
    assert [effect.letter.kind for effect in both.owed if isinstance(effect, SendLetter)] == ["receipt", "verification"]
    after = both.when(accepted()).then(LetterSent(letter_id=RECEIPT_ID, attempt=1))
    assert [effect.letter.kind for effect in after.owed if isinstance(effect, SendLetter)] == ["verification"]


def accepted(attempt: int = 1) -> LetterAccepted:
    return LetterAccepted(effect_id=f"{RECEIPT_ID}:{attempt}", letter_id=RECEIPT_ID, attempt=attempt)


def turned_away(attempt: int = 1, *, permanent: bool = False) -> LetterRefused:
    return LetterRefused(
        effect_id=f"{RECEIPT_ID}:{attempt}", letter_id=RECEIPT_ID, attempt=attempt, reason="451", permanent=permanent
    )


def deferred(attempt: int) -> LetterDeferred:
    return LetterDeferred(
        letter_id=RECEIPT_ID, attempt=attempt, retry_at=PATIENCE.after(NOON, RECEIPT_ID, attempt), reason="451"
    )


def test_a_letter_that_was_not_taken_is_tried_again_later_under_the_same_id() -> None:
    later = given(receipt_ordered).when(turned_away()).then(deferred(1))
    later.owes(
        SendLetter(id=f"{RECEIPT_ID}:2", not_before=deferred(1).retry_at, request=asked, letter=receipt, attempt=2)
    )


@pytest.mark.parametrize(
    ("attempt", "permanent"), [(1, True), (LAST_ATTEMPT, False)], ids=["refused for good", "no tries left"]
)
def test_a_letter_that_cannot_be_delivered_is_told_as_such(attempt: int, permanent: bool) -> None:
    tries = [deferred(number) for number in range(1, attempt)]
    undeliverable = LetterUndeliverable(letter_id=RECEIPT_ID, attempt=attempt, reason="451")
    given(receipt_ordered, *tries).when(turned_away(attempt, permanent=permanent)).then(undeliverable).owes()


@pytest.mark.parametrize("stale", [accepted(), turned_away(), turned_away(permanent=True)])
def test_a_result_counts_only_while_its_attempt_is_open(stale: Fact) -> None:
    given().when(stale).then_silence()
    given(receipt_ordered, deferred(1)).when(stale).then_silence()
    given(receipt_ordered, LetterSent(letter_id=RECEIPT_ID, attempt=1)).when(stale).then_silence()


def test_pauses_grow_and_end_within_about_two_days() -> None:
    pauses = [PATIENCE.after(NOON, "letter", attempt) - NOON for attempt in range(1, LAST_ATTEMPT)]
    for attempt, pause in enumerate(pauses, 1):
        plain = min(timedelta(seconds=2 * 3 ** (attempt - 1)), timedelta(hours=6))
        assert plain <= pause <= plain * 1.25
    assert timedelta(days=1) < sum(pauses, timedelta()) < timedelta(days=3)
