"""Decides who is told what, and keeps each letter owed until a mail server has taken it (R44)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from schemas.backoff import Backoff
from schemas.base import Fact, Moment
from schemas.cause import Cause, Effect
from schemas.envelope import derived_id
from schemas.intake import RequestReceived
from schemas.notifier import (
    AccountLetter,
    AccountLetterOrdered,
    Audience,
    Event,
    Letter,
    LetterAccepted,
    LetterDeferred,
    LetterHandedOver,
    LetterKind,
    LetterRefused,
    LetterSent,
    LettersOrdered,
    LetterUndeliverable,
    SendAccountLetter,
)
from schemas.request import Request
from schemas.router import OwnerInstructed, RequestClosed, RequestRouted
from schemas.verifier import ChallengeIssued

LAST_ATTEMPT = 15
"""After so many tries, about two days in all, a letter is told as undeliverable."""

PATIENCE = Backoff(first=timedelta(seconds=2), factor=3, longest=timedelta(hours=6))


class OwedLetter(Fact):
    """A letter no mail server has taken yet."""

    letter: Letter | AccountLetter
    attempt: int = 1
    not_before: Moment | None = None


class Correspondence(Fact):
    """The letters owed about one request, or to one account. The request is known from the first of them on."""

    request: Request | None = None
    owed: tuple[OwedLetter, ...] = ()

    def letter(self, letter_id: str) -> OwedLetter | None:
        """The owed letter of that id; None once it is sent or given up."""
        return next((owed for owed in self.owed if owed.letter.id == letter_id), None)

    def without(self, letter_id: str) -> "Correspondence":
        """The rest, after one letter is off the list."""
        return self.model_copy(update={"owed": tuple(owed for owed in self.owed if owed.letter.id != letter_id)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLetter(Effect):
    """One letter is to be handed to the mail server. Its Message-ID is the letter's id, on every attempt."""

    request: Request
    letter: Letter
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendToAccount(Effect):
    """One letter with a link is to be handed to the mail server, for somebody with an account."""

    letter: AccountLetter
    attempt: int


def decide(state: Correspondence, cause: Cause) -> Event | None:
    """The notifier's one answer to a cause, or silence. A result counts only while the very attempt it names is
    open.
    """
    match cause.body:
        case RequestReceived() as received:
            return order(received.request, letter(cause, LetterKind.RECEIPT, Audience.PERSON))
        case ChallengeIssued() as issued:
            asked = letter(cause, LetterKind.VERIFICATION, Audience.PERSON).model_copy(
                update={"challenge": issued.challenge, "expires_at": issued.expires_at}
            )
            return order(issued.request, asked)
        case RequestRouted() as routed:
            return order(routed.request, letter(cause, LetterKind.OWNER_NOTICE, Audience.OWNER))
        case OwnerInstructed() as instructed:
            told = letter(cause, LetterKind.DECISION, Audience.PERSON).model_copy(
                update={"decisions": instructed.instruction.decisions}
            )
            return order(instructed.request, told)
        case RequestClosed() as closed:
            return order(closed.request, *completion(closed, cause))
        case SendAccountLetter() as asked if state.letter(asked.letter.id) is None:
            return AccountLetterOrdered(letter=asked.letter)
        case LetterAccepted() as accepted if is_open(state, accepted):
            return LetterSent(letter_id=accepted.letter_id, attempt=accepted.attempt)
        case LetterRefused() as refused if is_open(state, refused):
            return defer_or_give_up(state, refused, cause)
        case _:
            return None


def evolve(state: Correspondence, event: Event) -> Correspondence:
    """The state after an event of the notifier's own."""
    match event:
        case LettersOrdered():
            new = tuple(OwedLetter(letter=letter) for letter in event.letters)
            return Correspondence(request=event.request, owed=(*state.owed, *new))
        case AccountLetterOrdered():
            return state.model_copy(update={"owed": (*state.owed, OwedLetter(letter=event.letter))})
        case LetterSent() | LetterUndeliverable() | LetterHandedOver():
            return state.without(event.letter_id)
        case LetterDeferred():
            later = {"attempt": event.attempt + 1, "not_before": event.retry_at}
            return state.model_copy(
                update={
                    "owed": tuple(
                        owed.model_copy(update=later) if owed.letter.id == event.letter_id else owed
                        for owed in state.owed
                    )
                }
            )
        case _:
            assert_never(event)


def due(state: Correspondence) -> Iterable[Effect]:
    """Every letter that no mail server has taken."""
    for owed in state.owed:
        effect_id, letter = f"{owed.letter.id}:{owed.attempt}", owed.letter
        if isinstance(letter, AccountLetter):
            yield SendToAccount(id=effect_id, not_before=owed.not_before, letter=letter, attempt=owed.attempt)
        else:
            assert state.request is not None
            yield SendLetter(
                id=effect_id, not_before=owed.not_before, request=state.request, letter=letter, attempt=owed.attempt
            )


def order(request: Request, *letters: Letter) -> LettersOrdered:
    """These letters are owed about this request."""
    return LettersOrdered(request=request, letters=letters)


def letter(cause: Cause, kind: LetterKind, audience: Audience) -> Letter:
    """A letter about a cause: its id follows from the cause, so the same cause never makes a second one."""
    return Letter(id=derived_id("letter", cause.id, kind), kind=kind, audience=audience)


def completion(closed: RequestClosed, cause: Cause) -> tuple[Letter, ...]:
    """The person is told how each order ended, leaf by leaf; the owner too, where it was asked at all."""
    told = [letter(cause, LetterKind.COMPLETION, Audience.PERSON)]
    if any(result.tasks for result in closed.results):
        told.append(letter(cause, LetterKind.OWNER_COMPLETION, Audience.OWNER))
    return tuple(each.model_copy(update={"results": closed.results}) for each in told)


def is_open(state: Correspondence, result: LetterAccepted | LetterRefused) -> bool:
    """True while the letter is owed, on this attempt."""
    owed = state.letter(result.letter_id)
    return owed is not None and owed.attempt == result.attempt


def defer_or_give_up(
    state: Correspondence, refused: LetterRefused, cause: Cause
) -> LetterDeferred | LetterUndeliverable:
    """Another try later, while there is hope; then an operator must find another way. A letter to an account is
    nothing without its link: it is given up when that would be dead.
    """
    retry_at = PATIENCE.after(cause.time, refused.letter_id, refused.attempt)
    owed = state.letter(refused.letter_id)
    too_late = owed is not None and isinstance(owed.letter, AccountLetter) and retry_at >= owed.letter.expires_at
    if refused.permanent or refused.attempt >= LAST_ATTEMPT or too_late:
        return LetterUndeliverable(letter_id=refused.letter_id, attempt=refused.attempt, reason=refused.reason)
    return LetterDeferred(
        letter_id=refused.letter_id, attempt=refused.attempt, retry_at=retry_at, reason=refused.reason
    )
