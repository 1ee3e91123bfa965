"""Whoever returns the secret in time is verified; nobody else is, and nothing later changes it."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.cause import TimePassed, Wake
from schemas.envelope import derived_id
from schemas.intake import RequestReceived
from schemas.verifier import (
    ChallengeIssued,
    IdentityVerified,
    ProofRejected,
    SubmitProof,
    VerificationExpired,
    VerificationFailed,
)
from schemas.vocabulary import Right
from services.verifier import domain
from tests.support.dsl import Decider
from tests.support.facts import CATALOGUE, CHALLENGE, EMAIL_PROOF, NO_PROOF, NOON, RIGHT_DIGEST, WRONG_DIGEST, request

given = Decider(domain.Unchallenged(), domain.decide, domain.evolve, TypeAdapter(domain.State), domain.due).given

asked = request(Right.ACCESS)
received = RequestReceived(request=asked, digest="content", challenge=CHALLENGE)
expires_at = NOON + timedelta(days=7)
challenged = ChallengeIssued(
    request=asked, offered=EMAIL_PROOF, challenge=CHALLENGE, expires_at=expires_at, attempts=3,
    policies=CATALOGUE.version,
)  # fmt: skip
verified = IdentityVerified(request=asked, proof=EMAIL_PROOF)
failed = VerificationFailed(request=asked, reason="too_many_attempts")
expired = VerificationExpired(request=asked)
right, wrong = SubmitProof(digest=RIGHT_DIGEST), SubmitProof(digest=WRONG_DIGEST)
time_passed = TimePassed(effect_id=derived_id("expire", asked.id))
last_moment = expires_at - timedelta(microseconds=1)


@pytest.mark.requirement("R34")
def test_a_request_for_data_is_challenged_on_the_terms_of_its_owner() -> None:
    given().when(received).then(challenged)


@pytest.mark.requirement("R34")
@pytest.mark.parametrize("rights", [(Right.OPT_OUT,), (Right.LIMIT,), (Right.OPT_OUT, Right.LIMIT)])
def test_an_opt_out_needs_no_proof(rights: tuple[Right, ...]) -> None:
    opt_out = request(*rights)
    given().when(RequestReceived(request=opt_out, digest="content", challenge=CHALLENGE)).then(
        IdentityVerified(request=opt_out, proof=NO_PROOF)
    )


@pytest.mark.requirement("R34")
@pytest.mark.parametrize("right", sorted(set(Right) - {Right.OPT_OUT, Right.LIMIT}))
def test_every_other_right_needs_proof_even_beside_an_opt_out(right: Right) -> None:
    both = RequestReceived(request=request(Right.OPT_OUT, right), digest="content", challenge=CHALLENGE)
    given().when(both).then_some(ChallengeIssued)


@pytest.mark.requirement("R34")
def test_the_right_secret_in_time_proves_identity() -> None:
    given(challenged).when(right, at=last_moment).then(verified)


@pytest.mark.requirement("R34")
def test_a_wrong_secret_is_rejected_and_counted() -> None:
    given(challenged).when(wrong).then(ProofRejected(attempts_left=2)).when(wrong).then(ProofRejected(attempts_left=1))


@pytest.mark.requirement("R34")
def test_the_right_secret_still_counts_after_a_wrong_one() -> None:
    given(challenged, ProofRejected(attempts_left=1)).when(right).then(verified)


@pytest.mark.requirement("R28")
def test_the_third_wrong_proof_ends_the_verification() -> None:
    given(challenged, ProofRejected(attempts_left=2), ProofRejected(attempts_left=1)).when(wrong).then(failed)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("proof", [right, wrong])
def test_no_proof_counts_from_the_moment_of_expiry_on(proof: SubmitProof) -> None:
    given(challenged).when(proof, at=expires_at).then(expired)


@pytest.mark.requirement("R28")
def test_a_challenge_nobody_answered_expires() -> None:
    given(challenged).when(time_passed, at=expires_at).then(expired)


def test_a_clock_that_runs_ahead_expires_nothing() -> None:
    given(challenged).when(time_passed, at=last_moment).then_silence()


def test_an_open_challenge_owes_a_look_at_its_expiry() -> None:
    look = Wake(id=derived_id("expire", asked.id), not_before=expires_at)
    given().owes()
    given(challenged).owes(look)
    given(challenged, ProofRejected(attempts_left=2)).owes(look)


@pytest.mark.parametrize("end", [verified, failed, expired])
def test_a_settled_verification_owes_nothing(end: Fact) -> None:
    given(challenged, end).owes()


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("end", [verified, failed, expired])
@pytest.mark.parametrize("late", [received, right, wrong, time_passed])
def test_nothing_that_comes_later_changes_what_is_settled(end: Fact, late: Fact) -> None:
    given(challenged, end).when(late, at=expires_at).then_silence()


def test_the_same_request_is_not_challenged_twice() -> None:
    given(challenged).when(received).then_silence()


@pytest.mark.parametrize("early", [right, wrong, time_passed])
def test_proof_of_nothing_is_met_with_silence(early: Fact) -> None:
    given().when(early).then_silence()
