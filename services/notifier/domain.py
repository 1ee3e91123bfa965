"""Decides who is told what, and keeps each letter owed until a mail server has taken it (R44)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from schemas.backoff import Backoff
from schemas.base import Fact, Moment
from schemas.cause import Cause, Effect
from schemas.notifier import (
    AccountLetter,
    AccountLetterOrdered,
    Event,
    HandOverLetter,
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
from services.notifier.occasions import Occasion, letters

LAST_ATTEMPT = 15
"""After so many tries, about two days in all, a letter is told as undeliverable."""

PATIENCE = Backoff(first=timedelta(seconds=2), factor=3, longest=timedelta(hours=6))


class OwedLetter(Fact):
    """A letter no mail server has taken yet."""

    letter: Letter | AccountLetter
    attempt: int = 1
    not_before: Moment | None = None


class Correspondence(Fact):
    """The letters owed about one request, or to one account. The request is known from the first of them on.

    ``stranded`` are letters that nobody took, until staff hand them over.
    """

    request: Request | None = None
    owed: tuple[OwedLetter, ...] = ()
    stranded: tuple[str, ...] = ()
    asked_for_evidence: bool = False

    def letter(self, letter_id: str) -> OwedLetter | None:
        """The owed letter of that id; None once it is sent or given up."""
        return next((owed for owed in self.owed if owed.letter.id == letter_id), None)

    def without(self, letter_id: str) -> "Correspondence":
        """The rest, after one letter is off the list."""
        return self.model_copy(update={"owed": tuple(owed for owed in self.owed if owed.letter.id != letter_id)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLetter(Effect):
    """One letter is to be handed to the mail server, or a code to the gateway for text messages. Its Message-ID is the
    letter's id, on every attempt.
    """

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
    if isinstance(cause.body, Occasion):
        owed = letters(cause.body, cause, asked_before=state.asked_for_evidence)
        return LettersOrdered(request=cause.body.request, letters=owed) if owed else None
    match cause.body:
        case SendAccountLetter() as asked if state.letter(asked.letter.id) is None:
            return AccountLetterOrdered(letter=asked.letter)
        case LetterAccepted() as accepted if is_open(state, accepted):
            return LetterSent(letter_id=accepted.letter_id, attempt=accepted.attempt)
        case LetterRefused() as refused if is_open(state, refused):
            return defer_or_give_up(state, refused, cause)
        case HandOverLetter() as handed if handed.letter_id in state.stranded:
            return LetterHandedOver(letter_id=handed.letter_id, way=handed.way, by=handed.by)
        case _:
            return None


def evolve(state: Correspondence, event: Event) -> Correspondence:
    """The state after an event of the notifier's own."""
    match event:
        case LettersOrdered():
            new = tuple(OwedLetter(letter=letter) for letter in event.letters)
            asked = any(letter.kind is LetterKind.EVIDENCE_NEEDED for letter in event.letters)
            return state.model_copy(
                update={
                    "request": event.request,
                    "owed": (*state.owed, *new),
                    "asked_for_evidence": state.asked_for_evidence or asked,
                }
            )
        case AccountLetterOrdered():
            return state.model_copy(update={"owed": (*state.owed, OwedLetter(letter=event.letter))})
        case LetterSent():
            return state.without(event.letter_id)
        case LetterUndeliverable():
            rest = state.without(event.letter_id)
            about_a_request = state.request is not None
            return rest.model_copy(update={"stranded": (*rest.stranded, event.letter_id)}) if about_a_request else rest
        case LetterHandedOver():
            kept = tuple(letter_id for letter_id in state.stranded if letter_id != event.letter_id)
            return state.model_copy(update={"stranded": kept})
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


def is_open(state: Correspondence, result: LetterAccepted | LetterRefused) -> bool:
    """True while the letter is owed, on this attempt."""
    owed = state.letter(result.letter_id)
    return owed is not None and owed.attempt == result.attempt


def defer_or_give_up(
    state: Correspondence, refused: LetterRefused, cause: Cause
) -> LetterDeferred | LetterUndeliverable:
    """Another try later, while there is hope; then staff must find another way. A letter with a link or a code is
    nothing without it: it is given up when that would be dead.
    """
    retry_at = PATIENCE.after(cause.time, refused.letter_id, refused.attempt)
    if refused.retry_at is not None:
        retry_at = max(retry_at, refused.retry_at)
    owed = state.letter(refused.letter_id)
    dead_at = owed.letter.expires_at if owed is not None else None
    too_late = dead_at is not None and retry_at >= dead_at
    if refused.permanent or refused.attempt >= LAST_ATTEMPT or too_late:
        return LetterUndeliverable(letter_id=refused.letter_id, attempt=refused.attempt, reason=refused.reason)
    return LetterDeferred(
        letter_id=refused.letter_id, attempt=refused.attempt, retry_at=retry_at, reason=refused.reason
    )
