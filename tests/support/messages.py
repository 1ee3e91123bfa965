"""One message of each type, all about one made-up request: access, then a correction, then a delete."""

from collections.abc import Iterator
from datetime import date, timedelta

from schemas import acts
from schemas.base import Fact
from schemas.catalogue import Entry
from schemas.cause import TimePassed
from schemas.executor import (
    ExecutionPlanned,
    OrderBegun,
    OrderCompleted,
    PackageMade,
    PlannedOrder,
    Task,
    TaskDeferred,
    TaskFailed,
    TaskReported,
    TaskSettled,
)
from schemas.intake import RecordSignal, RequestReceived, SignalRecorded, SubmissionRefused, SubmitRequest
from schemas.notifier import (
    AccountLetter,
    AccountLetterKind,
    AccountLetterOrdered,
    Audience,
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
    Way,
)
from schemas.parked import RecordParked
from schemas.request import OrderResult
from schemas.router import (
    Decision,
    Instruction,
    InstructionReturned,
    InstructRequest,
    OrderRecorded,
    OwnerInstructed,
    RequestClosed,
    RequestRouted,
)
from schemas.tickets import (
    Comment,
    CommentAccepted,
    CommentKind,
    CommentRefused,
    TicketCommentDeferred,
    TicketCommentOrdered,
    TicketCommentPosted,
    TicketCommentUndeliverable,
)
from schemas.verifier import (
    AttestIdentity,
    ChallengeIssued,
    DataForgotten,
    DisownRequest,
    EvidenceNeeded,
    EvidenceTaken,
    IdentityAttested,
    IdentityVerified,
    KeysDestroyed,
    PointsCompared,
    ProofRejected,
    ReminderDue,
    SubmitEvidence,
    SubmitProof,
    VerificationExpired,
    VerificationFailed,
)
from schemas.vocabulary import Exemption, Method, Outcome, Right
from tests.support import builders as made

REQUEST = made.a_request(Right.ACCESS, Right.CORRECT, Right.DELETE, n=1)
ACCESS, CORRECT, DELETE = REQUEST.orders
CHALLENGE, CODE = made.a_challenge(1), made.a_challenge(2)
PROOF = made.a_proof()
PRODUCTS = ("civicrec", "civicready")
DECISIONS = (
    Decision(order_id=ACCESS.id, approved=True),
    Decision(
        order_id=CORRECT.id,
        approved=False,
        exemption=Exemption.ACCURATE,
        note=made.sealed_text("record", f"note:{CORRECT.id}", 1),
    ),
    Decision(order_id=DELETE.id, approved=True),
)
INSTRUCTION = Instruction(
    must_comply=True,
    law_limits=False,
    identity_confirmed=True,
    by=made.made_id("account", 1),
    suites=PRODUCTS,
    affiliates=("alder-falls-library",),
    decisions=DECISIONS,
)
PACKAGE = made.a_package(1)
DELIVERED = made.a_task_result(made.a_leaf(withheld=("passwords",)), made.a_leaf(Outcome.NOT_FOUND, "waivers"), n=1)
ERASED = made.a_task_result(made.a_leaf(Outcome.ERASED), made.a_leaf(Outcome.RETAINED, "payments"), n=2)
RESULTS = (
    made.an_order_result(ACCESS, DELIVERED, package=PACKAGE),
    OrderResult(order_id=CORRECT.id, right=CORRECT.right, closed_as=Outcome.REFUSED, reason=Exemption.ACCURATE),
    made.an_order_result(DELETE, ERASED),
)
LATER = made.NOW + timedelta(hours=4)


def messages() -> Iterator[Fact]:
    """One of each type that is not the catalogue's, in the order in which they might happen."""
    yield from _received_and_verified()
    yield from _routed_and_closed()
    yield from _executed()
    yield from _told()
    yield from _told_to_accounts()
    yield from _acted()
    yield TimePassed(effect_id=made.made_id("effect", 1))
    yield RecordParked(
        reader="intake",
        topic="dsr.submissions.permit-portal",
        partition=3,
        offset=1712,
        reason="bad-data",
        place="data.email",
        size=412,
        digest=made.made_digest("parked record", 1),
        parked_at=LATER,
        original=made.sealed_text("record", "original", 1),
    )


def catalogue_entries() -> Iterator[Entry]:
    """One entry of each kind, with every field filled."""
    yield made.an_owner()
    yield made.a_product("civicready", third_party_backed=True, vendor="Beacon Messaging")
    yield made.changed(
        made.an_account(1),
        email=made.sealed_text("record", "email", 1),
        generation=3,
        totp=made.sealed_text("record", "totp", 1),
        recovery=(made.made_digest("recovery code", 1),),
        invited_by=made.made_id("account", 2),
        changed_by=made.made_id("account", 1),
    )
    yield made.a_client()


def _received_and_verified() -> Iterator[Fact]:
    digest = made.made_digest("content", 1)
    yield SubmitRequest(request=REQUEST, digest=digest, challenge=CHALLENGE)
    yield RequestReceived(request=REQUEST, digest=digest, challenge=CHALLENGE)
    yield SubmissionRefused(request_id=REQUEST.id, reason="key_used_for_other_content")
    yield RecordSignal(person=made.made_digest("person", 1), anonymous=True)
    yield SignalRecorded(person=made.made_digest("person", 1), anonymous=True)
    yield from _on_the_ticket()
    yield ChallengeIssued(
        request=REQUEST,
        offered=PROOF,
        challenge=CHALLENGE,
        expires_at=made.NOW + timedelta(days=7),
        attempts=5,
        policies=12,
    )
    yield ReminderDue(request=REQUEST, challenge=CHALLENGE, expires_at=made.NOW + timedelta(days=7))
    yield SubmitProof(digest=CHALLENGE.digest)
    yield ProofRejected(attempts_left=4)
    yield EvidenceNeeded(
        request=REQUEST,
        wanted=(Method.DECLARATION, Method.SMS_CODE, Method.KNOWLEDGE),
        methods=(Method.EMAIL_LINK,),
        challenge=CHALLENGE,
        expires_at=made.NOW + timedelta(days=7),
        attempts_left=4,
        code=CODE,
    )
    points, declaration = made.sealed_text("verification", "points", 1), made.sealed_text("record", "declaration", 1)
    yield SubmitEvidence(digest=CHALLENGE.digest, points=points, declaration=declaration, code=CODE.digest, final=True)
    yield EvidenceTaken(request=REQUEST, methods=(Method.EMAIL_LINK, Method.DECLARATION), points=(points,))
    yield PointsCompared(effect_id=made.made_id("effect", 3), matched=1)
    yield DisownRequest(digest=CHALLENGE.digest)
    yield AttestIdentity(by=made.made_id("account", 1))
    yield IdentityAttested(by=made.made_id("account", 1))
    yield IdentityVerified(request=REQUEST, proof=PROOF)
    yield VerificationFailed(request=REQUEST, reason="too_many_attempts")
    yield VerificationExpired(request=REQUEST)
    yield KeysDestroyed(effect_id=made.made_id("effect", 4), purposes=("verification",))
    yield DataForgotten(purposes=("verification",))


def _on_the_ticket() -> Iterator[Fact]:
    comment = Comment(id=made.made_id("comment", 1), kind=CommentKind.CLOSED, results=RESULTS, resolves=True)
    named = {"request_id": REQUEST.id, "comment_id": comment.id, "attempt": 1}
    effect = {"effect_id": f"{comment.id}:1", **named}
    yield TicketCommentOrdered(request_id=REQUEST.id, comment=comment)
    yield TicketCommentPosted.model_validate(named)
    later = {"retry_at": made.NOW + timedelta(seconds=2), "reason": "http-503"}
    yield TicketCommentDeferred.model_validate(named | later)
    yield TicketCommentUndeliverable.model_validate(named | {"reason": "http-404"})
    yield CommentAccepted.model_validate(effect)
    yield CommentRefused.model_validate(effect | {"reason": "http-503", "permanent": False})


def _routed_and_closed() -> Iterator[Fact]:
    yield RequestRouted(
        request=REQUEST,
        proof=PROOF,
        products=PRODUCTS,
        legal_due=date(2026, 4, 16),
        instruct_by=date(2026, 3, 12),
        policies=12,
    )
    yield InstructRequest(instruction=INSTRUCTION)
    yield InstructionReturned(missing=("must_comply", "suites"))
    yield OwnerInstructed(
        request=REQUEST,
        proof=PROOF,
        instruction=INSTRUCTION,
        products=PRODUCTS,
        contract_due=date(2026, 6, 1),
        policies=13,
    )
    yield OrderRecorded(result=RESULTS[0])
    yield RequestClosed(request=REQUEST, results=RESULTS, closed_at=LATER)


def _executed() -> Iterator[Fact]:
    tasks = (Task(id=DELIVERED.id, product=DELIVERED.product),)
    yield ExecutionPlanned(
        request=REQUEST,
        approval=made.made_id("message", 13),
        affiliates=INSTRUCTION.affiliates,
        orders=(
            PlannedOrder(order_id=ACCESS.id, right=ACCESS.right, after=None, tasks=tasks),
            PlannedOrder(
                order_id=DELETE.id,
                right=DELETE.right,
                after=ACCESS.id,
                tasks=(Task(id=ERASED.id, product=ERASED.product),),
            ),
        ),
    )
    yield OrderBegun(order_id=DELETE.id)
    effect_id = f"{ERASED.id}:1"
    yield TaskFailed(effect_id=effect_id, task_id=ERASED.id, attempt=1, reason="http_503", retryable=True)
    yield TaskDeferred(task_id=ERASED.id, attempt=1, retry_at=LATER, reason="http_503")
    yield TaskReported(
        effect_id=effect_id, task_id=ERASED.id, attempt=1, leaves=ERASED.leaves, evidence=ERASED.evidence
    )
    yield TaskSettled(order_id=DELETE.id, result=ERASED)
    yield PackageMade(effect_id=made.made_id("effect", 2), order_id=ACCESS.id, package=PACKAGE)
    yield OrderCompleted(result=RESULTS[0])


def _told() -> Iterator[Fact]:
    proof = Letter(id=made.made_id("letter", 1), kind=LetterKind.VERIFICATION, audience=Audience.PERSON)
    decision = Letter(id=made.made_id("letter", 2), kind=LetterKind.DECISION, audience=Audience.PERSON)
    completion = Letter(id=made.made_id("letter", 3), kind=LetterKind.OWNER_COMPLETION, audience=Audience.OWNER)
    evidence = Letter(id=made.made_id("letter", 5), kind=LetterKind.EVIDENCE_NEEDED, audience=Audience.PERSON)
    yield LettersOrdered(
        request=REQUEST,
        letters=(
            made.changed(proof, challenge=CHALLENGE, expires_at=LATER),
            made.changed(decision, decisions=DECISIONS),
            made.changed(completion, results=RESULTS),
            made.changed(
                evidence, challenge=CHALLENGE, expires_at=LATER, wanted=(Method.DECLARATION,), unproved=(Right.DELETE,)
            ),
        ),
    )
    effect_id = f"{proof.id}:1"
    yield LetterRefused(
        effect_id=effect_id, letter_id=proof.id, attempt=1, reason="smtp_451", permanent=False, retry_at=LATER
    )
    yield LetterDeferred(letter_id=proof.id, attempt=1, retry_at=LATER, reason="smtp_451")
    yield LetterAccepted(effect_id=f"{proof.id}:2", letter_id=proof.id, attempt=2)
    yield LetterSent(letter_id=proof.id, attempt=2)
    yield LetterUndeliverable(letter_id=decision.id, attempt=15, reason="smtp_550")
    posted = {"letter_id": decision.id, "way": Way.POST, "by": made.made_id("account", 1)}
    yield HandOverLetter(**posted)
    yield LetterHandedOver(**posted)


def _told_to_accounts() -> Iterator[Fact]:
    letter = AccountLetter(
        id=made.made_id("letter", 4),
        kind=AccountLetterKind.INVITATION,
        account=made.made_id("account", 1),
        owner=made.OWNER,
        door="portal",
        email=made.sealed_text("record", "email", 1),
        name=made.sealed_text("record", "name", 1),
        token=made.sealed_text("verification", "token", 1),
        expires_at=LATER,
    )
    yield SendAccountLetter(letter=letter)
    yield AccountLetterOrdered(letter=letter)


def _acted() -> Iterator[Fact]:
    person, roles = made.made_id("account", 2), ("handler",)
    done = {"who": made.made_id("account", 1), "owner": made.OWNER, "address": made.made_digest("address", 1)[:32]}
    yield acts.SignedIn(**done, second_step="code")
    yield acts.SignedOut(**done)
    yield acts.SignInLocked(**done, attempts=10)
    yield acts.PersonInvited(**done, person=person, roles=roles)
    yield acts.ResetAsked(**done)
    yield acts.PasswordSet(**done, first=True)
    yield acts.PersonDeactivated(**done, person=person)
    yield acts.PersonReactivated(**done, person=person)
    yield acts.RolesChanged(**done, person=person, roles=roles)
    yield acts.SecondStepSetUp(**done)
    yield acts.SecondStepRemoved(**done, person=person)
    yield acts.PackageFetched(**done, request_id=REQUEST.id, order_id=ACCESS.id)
    yield acts.RequestEntered(**done, request_id=REQUEST.id, channel="phone")
    yield acts.RequestLookedUp(**done, request_id=REQUEST.id)
    yield acts.AttestationGiven(**done, request_id=REQUEST.id)
    yield acts.LetterPrinted(**done, request_id=REQUEST.id, letter_id=made.made_id("letter", 1))
    yield acts.LetterPassedOn(**done, request_id=REQUEST.id, letter_id=made.made_id("letter", 1), way="post")
