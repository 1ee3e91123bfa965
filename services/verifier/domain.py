"""Decides whether identity is proved: a secret goes to the person's address, and whoever returns it in time is
verified.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Literal, assert_never

from pydantic import Field

from schemas.base import Fact, Moment
from schemas.cause import Cause, Effect, TimePassed, Wake
from schemas.envelope import derived_id
from schemas.intake import RequestReceived
from schemas.request import Proof, Request
from schemas.verifier import (
    ChallengeIssued,
    Event,
    IdentityVerified,
    ProofRejected,
    SubmitProof,
    VerificationExpired,
    VerificationFailed,
)
from schemas.vocabulary import NEEDS_NO_PROOF, Assurance, Method


class Unchallenged(Fact):
    """Nothing is known of the request yet."""

    phase: Literal["unchallenged"] = "unchallenged"


class Challenged(Fact):
    """The person was asked for proof, and may still give it."""

    phase: Literal["challenged"] = "challenged"
    request: Request
    offered: Proof
    digest: str
    expires_at: Moment
    attempts_left: int


class Settled(Fact):
    """Proved or not: nothing that comes later changes it."""

    phase: Literal["settled"] = "settled"


State = Annotated[Unchallenged | Challenged | Settled, Field(discriminator="phase")]


def decide(state: State, cause: Cause) -> Event | None:
    """The verifier's one answer to a cause, or silence."""
    match cause.body, state:
        case RequestReceived(request=request), Unchallenged() if needs_no_proof(request):
            return IdentityVerified(request=request, proof=Proof(level=Assurance.NONE, method=Method.NOT_NEEDED))
        case RequestReceived() as received, Unchallenged():
            return challenge(received, cause)
        case SubmitProof(), Challenged() as open_ if cause.time >= open_.expires_at:
            return VerificationExpired(request=open_.request)
        case SubmitProof() as given, Challenged() as open_ if given.digest == open_.digest:
            return IdentityVerified(request=open_.request, proof=open_.offered)
        case SubmitProof(), Challenged(attempts_left=1) as open_:
            return VerificationFailed(request=open_.request, reason="too_many_attempts")
        case SubmitProof(), Challenged() as open_:
            return ProofRejected(attempts_left=open_.attempts_left - 1)
        case TimePassed(), Challenged() as open_ if cause.time >= open_.expires_at:
            return VerificationExpired(request=open_.request)
        case _:
            return None


def evolve(state: State, event: Event) -> State:
    """The state after an event of the verifier's own."""
    match event:
        case ChallengeIssued():
            return Challenged(
                request=event.request,
                offered=event.offered,
                digest=event.challenge.digest,
                expires_at=event.expires_at,
                attempts_left=event.attempts,
            )
        case ProofRejected():
            assert isinstance(state, Challenged)
            return state.model_copy(update={"attempts_left": event.attempts_left})
        case IdentityVerified() | VerificationFailed() | VerificationExpired():
            return Settled()
        case _:
            assert_never(event)


def due(state: State) -> Iterable[Effect]:
    """An open challenge owes one thing: to be looked at again when it expires."""
    if isinstance(state, Challenged):
        yield Wake(id=derived_id("expire", state.request.id), not_before=state.expires_at)


def needs_no_proof(request: Request) -> bool:
    """True when every right asked for goes ahead without proof (11 CCR 7060(b))."""
    return all(order.right in NEEDS_NO_PROOF for order in request.orders)


def challenge(received: RequestReceived, cause: Cause) -> ChallengeIssued:
    """The challenge, on the terms of the owner's policy in force."""
    owner = cause.policies.owners[received.request.owner]
    return ChallengeIssued(
        request=received.request,
        offered=Proof(level=Assurance.REASONABLE, method=Method.EMAIL_LINK),
        challenge=received.challenge,
        expires_at=cause.time + timedelta(hours=owner.challenge_ttl_hours),
        attempts=owner.challenge_attempts,
        policies=cause.policies.version,
    )
