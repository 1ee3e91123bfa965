"""Decides whether identity is proved: as far as the owner's policy asks, by what the person can give, and no further.

A secret goes to the person's address. What it does not prove, more evidence may; all that could help is asked for
before any product compares anything, and that happens once. Then it is decided, order by order.
"""

from collections.abc import Iterable
from typing import assert_never

from schemas.cause import Cause, Effect, TimePassed
from schemas.intake import RequestReceived
from schemas.verifier import (
    AttestIdentity,
    ChallengeIssued,
    DataForgotten,
    DisownRequest,
    Event,
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
from schemas.vocabulary import Method
from services.verifier import challenging, ending, owing
from services.verifier.case import Attested, Case, Challenged, Gathering, Open, Settled, State, Unchallenged
from services.verifier.policy import may_vouch
from services.verifier.verdict import ASKED_FOR, complete, wanted, worth_comparing

__all__ = ["Settled", "State", "Unchallenged", "decide", "due", "evolve"]


def decide(state: State, cause: Cause) -> Event | None:
    """The verifier's one answer to a cause, or silence."""
    match cause.body, state:
        case RequestReceived() as received, Unchallenged() | Attested():
            return receive(received, state, cause)
        case AttestIdentity() as word, Unchallenged():
            return IdentityAttested(by=word.by, method=word.method)
        case AttestIdentity() as word, Challenged() | Gathering():
            return vouch(word, state, cause)
        case SubmitProof() | SubmitEvidence() | DisownRequest() | TimePassed(), Challenged() | Gathering() if (
            cause.time >= state.case.expires_at
        ):
            return ending.expire(state, cause)
        case DisownRequest() as word, Challenged() | Gathering():
            return disown(word, state, cause)
        case SubmitProof() as proof, Challenged() | Gathering(comparing=False):
            return prove(proof, state, cause)
        case SubmitEvidence() as more, Gathering(comparing=False):
            return gather(more, state, cause)
        case PointsCompared() as result, Gathering(comparing=True):
            return ending.conclude(state.case, state.methods, result.matched, cause, ending.NOT_ENOUGH)
        case TimePassed(), Challenged(held_until=held) if held is not None and cause.time >= held:
            return challenging.issue(state.case, cause)
        case TimePassed(), Challenged(held_until=None) | Gathering(comparing=False) if reminds(state, cause):
            case_ = state.case
            code = case_.code if case_.by_code else None
            return ReminderDue(
                request=case_.request, challenge=case_.challenge, expires_at=case_.expires_at, code=code
            )  # fmt: skip
        case KeysDestroyed(purposes=purposes), Settled() if purposes in state.still_known:
            return DataForgotten(purposes=purposes)
        case _:
            return None


def evolve(state: State, event: Event) -> State:
    """The state after an event of the verifier's own."""
    match event:
        case IdentityAttested():
            return Attested(by=event.by, method=event.method)
        case ChallengeIssued():
            return Challenged(case=challenging.opened(event), held_until=event.held_until)
        case ReminderDue():
            return _with(state, remind_at=None)
        case ProofRejected():
            return _with(state, attempts_left=event.attempts_left)
        case EvidenceNeeded():
            case_ = _case(state).model_copy(update={"request": event.request, "attempts_left": event.attempts_left})
            return Gathering(case=case_, methods=event.methods, points=event.points)
        case EvidenceTaken():
            case_ = _case(state).model_copy(update={"request": event.request})
            return Gathering(case=case_, methods=event.methods, points=event.points, comparing=True)
        case IdentityVerified():
            return ending.settled(event.request.id)
        case VerificationFailed() | VerificationExpired():
            return ending.settled(event.request.id, purge_at=event.purge_at)
        case DataForgotten():
            assert isinstance(state, Settled)
            left = tuple(key for key in state.forget if key.purposes != event.purposes)
            return state.model_copy(update={"forget": left})
        case _:
            assert_never(event)


def due(state: State) -> Iterable[Effect]:
    """What the state owes: looks at the clock, one comparison, and the destruction of keys."""
    return owing.due(state)


def receive(received: RequestReceived, state: Unchallenged | Attested, cause: Cause) -> Event:
    """What needs no proof, or has it already, goes ahead at once; everything else is challenged."""
    case = challenging.case_of(received, cause)
    methods = challenging.brought(received.request)
    if isinstance(state, Attested) and may_vouch(state.by, state.method, case.request, case.needs, cause.policies):
        methods = (state.method, *methods)
    if complete(case, methods):
        return ending.verified(case, methods)
    return challenging.issue(case, cause, received.today)


def vouch(word: AttestIdentity, state: Open, cause: Cause) -> Event:
    """The word of somebody who may give it, where the owner's policy takes it for everything that was asked."""
    case = state.case
    methods = (word.method, *_proved(state))
    if may_vouch(word.by, word.method, case.request, case.needs, cause.policies) and complete(case, methods):
        return ending.verified(case, methods)
    return ProofRejected(attempts_left=case.attempts_left, reason="not_permitted")


def disown(word: DisownRequest, state: Open, cause: Cause) -> Event:
    """Whoever holds the secret may end the request with it."""
    if _is_secret(word.digest, state.case):
        return ending.fail(state.case, "disowned", cause)
    return _wrong(state, cause)


def prove(proof: SubmitProof, state: Open, cause: Cause) -> Event | None:
    """A secret came back. Once it is known, it only opens the page, and nothing is said to it."""
    case = state.case
    held = _proved(state)
    if proof.digest == case.challenge.digest and not case.by_code:
        shown = Method.EMAIL_LINK
    elif _is_code(proof.digest, case) and (case.by_code or isinstance(state, Gathering)):
        shown = Method.SMS_CODE
    else:
        return _wrong(state, cause)
    if shown in held:
        return None
    confirmed = (Method.CONFIRMATION,) if case.agent and Method.CONFIRMATION not in held else ()
    given = state.points if isinstance(state, Gathering) else ()
    return go_on(case, (*held, shown, *confirmed), given, cause)


def gather(more: SubmitEvidence, state: Gathering, cause: Cause) -> Event:
    """More was given, by whoever holds the link. What leads no further costs an attempt; what came with it is kept."""
    case = state.case
    if more.digest != case.challenge.digest:
        return _wrong(state, cause)
    methods = list(state.methods)
    if more.declaration is not None:
        case = case.model_copy(update={"request": case.request.model_copy(update={"declaration": more.declaration})})
        methods += [Method.DECLARATION] * (Method.DECLARATION not in methods)
    wrong = bool(more.code) and not _is_code(more.code, case)
    if more.code and not wrong:
        methods += [Method.SMS_CODE] * (Method.SMS_CODE not in methods)
    if wrong or (not more.final and len(methods) == len(state.methods)):
        case = case.model_copy(update={"attempts_left": case.attempts_left - 1})
    points = (*state.points, *((more.points,) if more.points is not None else ()))
    final = more.final or case.attempts_left < 1
    return go_on(case, tuple(methods), points, cause, final=final, wrong_code=wrong, asked=True)


def go_on(
    case: Case,
    methods: tuple[Method, ...],
    points: tuple[str, ...],
    cause: Cause,
    *,
    final: bool = False,
    wrong_code: bool = False,
    asked: bool = False,
) -> Event:
    """What follows from what is proved by now: the end, another question, or the comparison and then the end.

    ``asked``: the code, if one may help, was sent already.
    """
    if complete(case, methods):
        return ending.verified(case, methods)
    more = wanted(case, methods)
    if not final and ASKED_FOR.intersection(more):
        code = case.code if Method.SMS_CODE in more and not asked else None
        return EvidenceNeeded(
            request=case.request, wanted=more, methods=methods, challenge=case.challenge, points=points,
            expires_at=case.expires_at, attempts_left=case.attempts_left, code=code, wrong_code=wrong_code,
        )  # fmt: skip
    if worth_comparing(case, methods):
        return EvidenceTaken(request=case.request, methods=methods, points=points)
    return ending.conclude(case, methods, 0, cause, ending.NOT_ENOUGH)


def reminds(state: Open, cause: Cause) -> bool:
    """True when it is time to remind the person, and that was not done yet."""
    return state.case.remind_at is not None and cause.time >= state.case.remind_at


def _wrong(state: Open, cause: Cause) -> Event:
    """A secret that is not ours: one attempt less; with the last one it ends with what was proved before."""
    left = state.case.attempts_left - 1
    if left < 1:
        return ending.conclude(state.case, _proved(state), 0, cause, ending.TOO_MANY)
    return ProofRejected(attempts_left=left)


def _is_secret(digest: str, case: Case) -> bool:
    return digest == case.challenge.digest or _is_code(digest, case)


def _is_code(digest: str, case: Case) -> bool:
    return case.code is not None and digest == case.code.digest


def _proved(state: Open) -> tuple[Method, ...]:
    """What counts so far: of somebody who proved nothing yet, what the submission brought with it."""
    return state.methods if isinstance(state, Gathering) else challenging.brought(state.case.request)


def _case(state: State) -> Case:
    assert isinstance(state, Challenged | Gathering)
    return state.case


def _with(state: State, **changes: object) -> State:
    assert isinstance(state, Challenged | Gathering)
    return state.model_copy(update={"case": state.case.model_copy(update=changes)})
