"""Who is told what on which occasion (R44): pure, one function per event that people hear of."""

from collections.abc import Iterable
from typing import Any

from schemas.cause import Cause
from schemas.envelope import derived_id
from schemas.intake import RequestReceived
from schemas.notifier import Audience, Letter, LetterKind
from schemas.request import Request
from schemas.router import OwnerInstructed, RequestClosed, RequestRouted
from schemas.verifier import ChallengeIssued, EvidenceNeeded, IdentityVerified, ReminderDue
from schemas.vocabulary import NEEDS_NO_PROOF, Method

Occasion = (
    RequestReceived
    | ChallengeIssued
    | ReminderDue
    | EvidenceNeeded
    | IdentityVerified
    | RequestRouted
    | OwnerInstructed
    | RequestClosed
)
"""What people are told about, sometimes."""


def letters(occasion: Occasion, cause: Cause, *, asked_before: bool) -> tuple[Letter, ...]:
    """The letters an occasion calls for; often none. ``asked_before``: the person was asked for evidence already."""
    match occasion:
        case RequestReceived():
            return tuple(_receipts(occasion.request, cause))
        case ChallengeIssued():
            return tuple(_challenge(occasion, cause))
        case ReminderDue():
            return (_secret(cause, LetterKind.CODE if occasion.code else LetterKind.REMINDER, occasion),)
        case EvidenceNeeded():
            return tuple(_evidence(occasion, cause, asked_before=asked_before))
        case IdentityVerified():
            return tuple(_unverified(occasion, cause))
        case RequestRouted():
            return (_letter(cause, LetterKind.OWNER_NOTICE, Audience.OWNER),)
        case OwnerInstructed():
            decisions = occasion.instruction.decisions
            return (_letter(cause, LetterKind.DECISION, Audience.PERSON, decisions=decisions),)
        case RequestClosed():
            return tuple(_completion(occasion, cause))


def _receipts(request: Request, cause: Cause) -> Iterable[Letter]:
    """At once (R44): to the person, also where somebody asks for them; and to whoever does."""
    at_once = all(order.right in NEEDS_NO_PROOF for order in request.orders)
    yield _letter(cause, LetterKind.OPT_OUT_RECEIPT if at_once else LetterKind.RECEIPT, Audience.PERSON)
    if request.agent is not None:
        yield _letter(cause, LetterKind.AGENT_RECEIPT, Audience.AGENT)


def _challenge(issued: ChallengeIssued, cause: Cause) -> Iterable[Letter]:
    """One secret goes out: the link by mail, or the code to a telephone. None while the address has had its share."""
    if issued.held_until is not None:
        return
    if issued.code is not None:
        yield _secret(cause, LetterKind.CODE, issued)
    else:
        yield _secret(cause, LetterKind.AGENT_CONFIRMATION if issued.agent else LetterKind.VERIFICATION, issued)


def _evidence(needed: EvidenceNeeded, cause: Cause, *, asked_before: bool) -> Iterable[Letter]:
    """A code where one is to be sent now; and one letter, the first time, for the page asks again by itself."""
    if needed.code is not None:
        yield _secret(cause, LetterKind.CODE, needed, wanted=(Method.SMS_CODE,))
    if needed.request.by_mail and not asked_before:
        yield _secret(cause, LetterKind.EVIDENCE_NEEDED, needed, wanted=needed.wanted)


def _unverified(verified: IdentityVerified, cause: Cause) -> Iterable[Letter]:
    """What was asked and not proved well enough is told at once, and not only when the rest is closed."""
    unproved = tuple(order.right for order in verified.unproved)
    if unproved or any(order.instead_of for order in verified.request.orders):
        yield _letter(cause, LetterKind.UNVERIFIED, Audience.PERSON, unproved=unproved)


def _completion(closed: RequestClosed, cause: Cause) -> Iterable[Letter]:
    """The person is told how each order ended, leaf by leaf; the agent in sum; the owner where it was asked at all."""
    results = closed.results
    yield _letter(cause, LetterKind.COMPLETION, Audience.PERSON, results=results)
    if closed.request.agent is not None:
        yield _letter(cause, LetterKind.AGENT_COMPLETION, Audience.AGENT, results=results)
    if any(result.tasks for result in results):
        yield _letter(cause, LetterKind.OWNER_COMPLETION, Audience.OWNER, results=results)


def _secret(
    cause: Cause, kind: LetterKind, about: ChallengeIssued | ReminderDue | EvidenceNeeded, **facts: Any
) -> Letter:
    secret = about.code if kind is LetterKind.CODE else about.challenge
    return _letter(cause, kind, Audience.PERSON, challenge=secret, expires_at=about.expires_at, **facts)


def _letter(cause: Cause, kind: LetterKind, audience: Audience, **facts: Any) -> Letter:
    """A letter about a cause: its id follows from the cause, so the same cause never makes a second one."""
    return Letter(id=derived_id("letter", cause.id, kind), kind=kind, audience=audience, **facts)
