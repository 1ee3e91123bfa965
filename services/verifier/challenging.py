"""How a request is opened: what it brought with it, what it needs, and the challenge that goes out for it."""

from datetime import timedelta

from schemas.cause import Cause
from schemas.intake import RequestReceived
from schemas.request import Proof, Request
from schemas.verifier import ChallengeIssued
from schemas.vocabulary import Basis, Method
from services.verifier.case import Case
from services.verifier.levels import BY_HAND, level_met, points
from services.verifier.policy import needs_of


def case_of(received: RequestReceived, cause: Cause) -> Case:
    """The request as it is opened, on the terms of the owner's policy in force (law 5)."""
    request = received.request
    owner = cause.policies.owners[request.owner]
    life = timedelta(hours=owner.challenge_ttl_hours)
    return Case(
        request=request,
        needs=needs_of(request, cause.policies),
        challenge=received.challenge,
        code=received.code,
        by_code=not request.by_mail,
        agent=request.agent is not None,
        expires_at=cause.time + life,
        remind_at=cause.time + life / 2,
        attempts_left=owner.challenge_attempts,
    )


def brought(request: Request) -> tuple[Method, ...]:
    """What counts from the submission itself.

    An agent's document counts, and not what an agent declares: the declaration is the person's own. Over the telephone
    nobody signs.
    """
    if request.agent is None:
        signed = request.declaration is not None and request.channel in BY_HAND
        return (Method.DECLARATION,) if signed else ()
    if not request.attachments:
        return ()
    of = {Basis.PERMISSION: Method.PERMISSION, Basis.POWER_OF_ATTORNEY: Method.POWER_OF_ATTORNEY}
    return (of[request.agent.basis],)


def issue(case: Case, cause: Cause, today: int = 0) -> ChallengeIssued:
    """The challenge. An address gets only so many a day: where ``today`` went out before, it is held for later days."""
    owner = cause.policies.owners[case.request.owner]
    life = timedelta(hours=owner.challenge_ttl_hours)
    days = today // max(owner.challenges_per_day, 1)
    begins = cause.time + timedelta(days=days)
    first = Method.SMS_CODE if case.by_code else Method.EMAIL_LINK
    return ChallengeIssued(
        request=case.request,
        offered=Proof(level=level_met((first,), 0), method=first, methods=(first,), points=points((first,), 0)),
        challenge=case.challenge,
        expires_at=begins + life,
        attempts=case.attempts_left,
        policies=cause.policies.version,
        needs=case.needs,
        code=case.code if case.by_code else None,
        kept_code=None if case.by_code else case.code,
        agent=case.agent,
        remind_at=begins + life / 2,
        held_until=begins if days else None,
    )


def opened(event: ChallengeIssued) -> Case:
    """The open request after its challenge."""
    return Case(
        request=event.request,
        needs=event.needs,
        challenge=event.challenge,
        code=event.code or event.kept_code,
        by_code=event.code is not None,
        agent=event.agent,
        expires_at=event.expires_at,
        remind_at=event.remind_at,
        attempts_left=event.attempts,
    )
