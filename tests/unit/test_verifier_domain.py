"""The verifier's story from challenge to decision: what each thing that is given leads to, and what nothing changes."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.cause import TimePassed, Wake
from schemas.envelope import derived_id
from schemas.intake import RequestReceived
from schemas.request import Proof
from schemas.verifier import (
    ChallengeIssued,
    DisownRequest,
    EvidenceNeeded,
    EvidenceTaken,
    IdentityVerified,
    Need,
    PointsCompared,
    ProofRejected,
    ReminderDue,
    SubmitEvidence,
    SubmitProof,
    VerificationExpired,
    VerificationFailed,
)
from schemas.vocabulary import Assurance, Method, Right
from services.verifier import domain
from services.verifier.owing import MatchPoints
from tests.support.builders import a_challenge, changed, sealed_text
from tests.support.dsl import Decider
from tests.support.facts import CATALOGUE, CHALLENGE, MILLBROOK, NOON, RIGHT_DIGEST, WRONG_DIGEST, request

given = Decider(domain.Unchallenged(), domain.decide, domain.evolve, TypeAdapter(domain.State), domain.due).given

STRICT = CATALOGUE.with_entry(changed(MILLBROOK, verification=()))
"""The statutory default: seeing one's data takes three points and a declaration."""

LINK = Proof(level=Assurance.REASONABLE, method=Method.EMAIL_LINK, methods=(Method.EMAIL_LINK,), points=2)
CODE = a_challenge(2)

asked = request(Right.ACCESS)
received = RequestReceived(request=asked, digest="content", challenge=CHALLENGE)
by_phone_too = received.model_copy(update={"code": CODE})
expires_at, remind_at = NOON + timedelta(days=7), NOON + timedelta(days=3.5)
purge_at = expires_at + timedelta(days=7)
challenged = ChallengeIssued(
    request=asked, offered=LINK, challenge=CHALLENGE, expires_at=expires_at, attempts=3, policies=CATALOGUE.version,
    needs=(Need(right=Right.ACCESS, level=Assurance.REASONABLE), Need(right=Right.KNOW, level=Assurance.REASONABLE)),
    remind_at=remind_at,
)  # fmt: skip
strictly = challenged.model_copy(
    update={
        "kept_code": CODE,
        "needs": (
            Need(right=Right.ACCESS, level=Assurance.REASONABLY_HIGH),
            Need(right=Right.KNOW, level=Assurance.REASONABLE),
        ),
    }
)
verified = IdentityVerified(request=asked, proof=LINK)
more = EvidenceNeeded(
    request=asked, wanted=(Method.DECLARATION, Method.SMS_CODE, Method.KNOWLEDGE), methods=(Method.EMAIL_LINK,),
    challenge=CHALLENGE, expires_at=expires_at, attempts_left=3, code=CODE,
)  # fmt: skip
failed = VerificationFailed(request=asked, reason="too_many_attempts", purge_at=NOON + timedelta(days=7))
expired = VerificationExpired(request=asked, purge_at=purge_at)
right, wrong = SubmitProof(digest=RIGHT_DIGEST), SubmitProof(digest=WRONG_DIGEST)
time_passed = TimePassed(effect_id=derived_id("expire", asked.id))
last_moment = expires_at - timedelta(microseconds=1)

name = sealed_text("record", "declaration", 1)
signed = SubmitEvidence(digest=RIGHT_DIGEST, declaration=name)
asked_and_signed = changed(asked, declaration=name)
taken = EvidenceTaken(request=asked_and_signed, methods=(Method.EMAIL_LINK, Method.DECLARATION))


# -- the link ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R34")
def test_a_request_for_data_is_challenged_on_the_terms_of_its_owner() -> None:
    given().when(received).then(challenged)


@pytest.mark.requirement("R34")
def test_without_terms_of_the_owners_the_law_says_how_much_is_needed() -> None:
    given().when(by_phone_too, policies=STRICT).then(strictly.model_copy(update={"policies": STRICT.version}))


@pytest.mark.requirement("R34")
@pytest.mark.parametrize("rights", [(Right.OPT_OUT,), (Right.LIMIT,), (Right.OPT_OUT, Right.LIMIT)])
def test_an_opt_out_needs_no_proof(rights: tuple[Right, ...]) -> None:
    opt_out = request(*rights)
    none = Proof(level=Assurance.NONE, method=Method.NOT_NEEDED)
    given().when(RequestReceived(request=opt_out, digest="content", challenge=CHALLENGE)).then(
        IdentityVerified(request=opt_out, proof=none)
    )


@pytest.mark.requirement("R34")
@pytest.mark.parametrize("right", sorted(set(Right) - {Right.OPT_OUT, Right.LIMIT}))
def test_every_other_right_needs_proof_even_beside_an_opt_out(right: Right) -> None:
    both = RequestReceived(request=request(Right.OPT_OUT, right), digest="content", challenge=CHALLENGE)
    given().when(both).then_some(ChallengeIssued)


@pytest.mark.requirement("R34")
def test_the_right_secret_in_time_proves_identity() -> None:
    given(challenged).when(right, at=last_moment).then(verified)


def test_a_challenge_of_an_old_release_promised_that_the_link_is_enough() -> None:
    old = challenged.model_copy(update={"needs": (), "remind_at": None})
    given(old).when(right).then(verified)


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
    given(challenged, ReminderDue(request=asked, challenge=CHALLENGE, expires_at=expires_at)).when(
        time_passed, at=last_moment
    ).then_silence()


@pytest.mark.requirement("R28")
def test_whoever_did_not_ask_ends_the_request_with_the_secret_and_nobody_else_does() -> None:
    disowned = failed.model_copy(update={"reason": "disowned"})
    given(challenged).when(DisownRequest(digest=RIGHT_DIGEST)).then(disowned)
    given(challenged).when(DisownRequest(digest=WRONG_DIGEST)).then(ProofRejected(attempts_left=2))


# -- more than the link -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R34")
def test_where_the_link_is_not_enough_all_that_could_help_is_asked_for_and_the_code_is_sent() -> None:
    given(strictly).when(right).then(more)


@pytest.mark.requirement("R34")
def test_the_link_once_more_only_opens_the_page() -> None:
    given(strictly, more).when(right).then_silence()


@pytest.mark.requirement("R34")
def test_link_code_and_declaration_need_no_comparison() -> None:
    everything = signed.model_copy(update={"code": CODE.digest})
    methods = (Method.EMAIL_LINK, Method.SMS_CODE, Method.DECLARATION)
    proof = Proof(level=Assurance.REASONABLY_HIGH, method=Method.EMAIL_LINK, methods=methods, points=3)
    given(strictly, more).when(everything).then(IdentityVerified(request=asked_and_signed, proof=proof))


@pytest.mark.requirement("R34")
def test_what_is_given_bit_by_bit_adds_up() -> None:
    step, after = given(strictly, more).when(signed).then_some(EvidenceNeeded)
    assert (step.wanted, step.code, step.request) == ((Method.SMS_CODE, Method.KNOWLEDGE), None, asked_and_signed)
    after.when(SubmitEvidence(digest=RIGHT_DIGEST, code=CODE.digest)).then_some(IdentityVerified)


@pytest.mark.requirement("R34")
def test_a_wrong_code_costs_an_attempt_and_what_came_with_it_is_kept() -> None:
    guess = signed.model_copy(update={"code": WRONG_DIGEST})
    step, after = given(strictly, more).when(guess).then_some(EvidenceNeeded)
    assert (step.wrong_code, step.attempts_left, step.request.declaration) == (True, 2, name)
    step, after = after.when(SubmitEvidence(digest=RIGHT_DIGEST, code=WRONG_DIGEST)).then_some(EvidenceNeeded)
    after.when(SubmitEvidence(digest=RIGHT_DIGEST, code=WRONG_DIGEST)).then(taken)


@pytest.mark.requirement("R34")
def test_what_leads_no_further_costs_an_attempt_too_so_nobody_guesses_for_ever() -> None:
    idle = SubmitEvidence(digest=RIGHT_DIGEST, points=sealed_text("verification", "points", 1))
    story = given(strictly, more)
    for left in (2, 1):
        step, story = story.when(idle).then_some(EvidenceNeeded)
        assert (step.attempts_left, step.wrong_code) == (left, False)
    last, _ = story.when(idle).then_some(IdentityVerified)
    assert [order.instead_of for order in last.request.orders] == [Right.ACCESS], "it is decided with what there is"


@pytest.mark.requirement("R34")
def test_when_there_is_no_more_to_give_it_is_compared_once_with_what_products_hold() -> None:
    after = given(strictly, more).when(signed.model_copy(update={"final": True})).then(taken)
    (look, compare) = after.owed
    assert look == Wake(id=derived_id("expire", asked.id), not_before=expires_at)
    assert compare == MatchPoints(id=derived_id("compare", asked.id), request=asked_and_signed, points=())
    for late in (right, wrong, signed):
        after.when(late).then_silence()


@pytest.mark.requirement("R34")
def test_three_points_and_a_declaration_open_the_specific_pieces() -> None:
    methods = (Method.EMAIL_LINK, Method.KNOWLEDGE, Method.DECLARATION)
    proof = Proof(level=Assurance.REASONABLY_HIGH, method=Method.EMAIL_LINK, methods=methods, points=3)
    compared = PointsCompared(effect_id="compare", matched=1)
    given(strictly, more, taken).when(compared).then(IdentityVerified(request=asked_and_signed, proof=proof))


@pytest.mark.requirement("R34")
def test_specific_pieces_that_are_not_proved_well_enough_become_categories() -> None:
    compared = PointsCompared(effect_id="compare", matched=0)
    said, _ = given(strictly, more, taken).when(compared).then_some(IdentityVerified)
    (order,) = said.request.orders
    assert (order.right, order.instead_of, order.id) == (Right.KNOW, Right.ACCESS, asked.orders[0].id)
    assert (said.proof.level, said.unproved) == (Assurance.REASONABLE, ())


@pytest.mark.requirement("R34")
def test_whoever_was_asked_for_more_and_gave_nothing_gets_the_categories_when_the_time_is_over() -> None:
    said, _ = given(strictly, more).when(time_passed, at=expires_at).then_some(IdentityVerified)
    assert [order.instead_of for order in said.request.orders] == [Right.ACCESS]


@pytest.mark.requirement("R34")
def test_of_several_rights_each_is_judged_by_itself_and_the_order_among_them_is_kept() -> None:
    several = request(Right.KNOW, Right.ACCESS, Right.DELETE)
    know, access, delete = several.orders
    said, _ = (
        given(strictly.model_copy(update={"request": several, "kept_code": None}))
        .when(right).then_some(EvidenceNeeded)[1]
        .when(SubmitEvidence(digest=RIGHT_DIGEST, final=True)).then_some(IdentityVerified)
    )  # fmt: skip
    assert said.unproved == (access,), "categories were asked for beside it already"
    assert said.request.orders == (know, changed(delete, after=know.id))


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("end", [wrong, time_passed])
def test_an_opt_out_is_never_purged_as_unconfirmed_whatever_was_asked_beside_it(end: Fact) -> None:
    both = request(Right.OPT_OUT, Right.DELETE)
    story = given(challenged.model_copy(update={"request": both, "attempts": 1}))
    said, _ = story.when(end, at=expires_at if end is time_passed else NOON).then_some(IdentityVerified)
    assert (said.request.orders, said.unproved) == (both.orders[:1], both.orders[1:])
    assert (said.proof.level, said.proof.method) == (Assurance.NONE, Method.NOT_NEEDED)


# -- somebody without an e-mail address -------------------------------------------------------------------------------


@pytest.mark.requirement("R33")
def test_somebody_without_an_e_mail_address_is_sent_a_code() -> None:
    by_code = by_phone_too.model_copy(update={"request": changed(asked, by_mail=False)})
    said, after = given().when(by_code).then_some(ChallengeIssued)
    assert (said.code, said.kept_code, said.offered.method) == (CODE, None, Method.SMS_CODE)
    after.when(right).then(ProofRejected(attempts_left=2))
    compared, _ = after.when(SubmitProof(digest=CODE.digest)).then_some(EvidenceTaken)
    assert compared.methods == (Method.SMS_CODE,)


def test_the_code_opens_nothing_before_the_link() -> None:
    given(strictly).when(SubmitProof(digest=CODE.digest)).then(ProofRejected(attempts_left=2))


# -- time, and what is settled ----------------------------------------------------------------------------------------


@pytest.mark.requirement("R44")
def test_the_person_is_reminded_once_when_half_of_the_time_is_over() -> None:
    reminder = ReminderDue(request=asked, challenge=CHALLENGE, expires_at=expires_at)
    look, remind = (
        Wake(id=derived_id(kind, asked.id), not_before=at)
        for kind, at in (("expire", expires_at), ("remind", remind_at))
    )
    given().owes()
    given(challenged).owes(look, remind)
    after = given(challenged).when(time_passed, at=remind_at).then(reminder)
    after.owes(look)
    after.when(time_passed, at=remind_at).then_silence()
    given(strictly, more).when(time_passed, at=remind_at).then(reminder)


@pytest.mark.requirement("R27")
def test_an_address_that_had_its_letters_for_today_gets_the_next_tomorrow() -> None:
    flooded = received.model_copy(update={"today": 12})
    said, after = given().when(flooded).then_some(ChallengeIssued)
    free_on = NOON + timedelta(days=2)
    assert (said.held_until, said.expires_at) == (free_on, free_on + timedelta(days=7))
    after.owes(Wake(id=derived_id("release", asked.id), not_before=free_on))
    after.when(time_passed, at=free_on - timedelta(seconds=1)).then_silence()
    sent, after = after.when(time_passed, at=free_on).then_some(ChallengeIssued)
    assert (sent.held_until, sent.expires_at) == (None, free_on + timedelta(days=7))
    after.when(right, at=free_on).then_some(IdentityVerified)


@pytest.mark.requirement("R34")
def test_a_second_request_of_the_same_person_proves_itself() -> None:
    second = changed(request(Right.ACCESS, n=2), person=asked.person, linked=(asked.id,))
    given(challenged).when(right).then(verified)
    other = RequestReceived(request=second, digest="other", challenge=a_challenge(7))
    given().when(other).then_some(ChallengeIssued)[1].when(right).then(ProofRejected(attempts_left=2))


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("end", [verified, failed, expired])
@pytest.mark.parametrize("late", [received, right, wrong, signed, time_passed, DisownRequest(digest=RIGHT_DIGEST)])
def test_nothing_that_comes_later_changes_what_is_settled(end: Fact, late: Fact) -> None:
    given(challenged, end).when(late, at=expires_at).then_silence()


def test_the_same_request_is_not_challenged_twice() -> None:
    given(challenged).when(received).then_silence()


@pytest.mark.parametrize("early", [right, wrong, signed, time_passed, PointsCompared(effect_id="-", matched=3)])
def test_proof_of_nothing_is_met_with_silence(early: Fact) -> None:
    given().when(early).then_silence()


def test_a_comparison_that_nobody_ordered_counts_for_nothing() -> None:
    given(strictly).when(PointsCompared(effect_id="-", matched=9)).then_silence()
    given(strictly, more).when(PointsCompared(effect_id="-", matched=9)).then_silence()
