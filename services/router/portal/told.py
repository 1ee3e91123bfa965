"""What a case's page tells beside the person's own details: flags, linked requests, opt-outs, who entered it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from schemas.vocabulary import Method, Right
from services.router.portal import words
from services.router.portal.consents import lines
from services.router.portal.desk import Desk
from services.router.reading import Case, Linked

SAME_SUBMISSION = "came with this one, in the same submission"


@dataclass(frozen=True, slots=True)
class Other:
    """A linked request, in words."""

    case: Case
    asks: str
    kind: str
    state: str
    degree: str
    why: tuple[str, ...]


async def about(desk: Desk, case: Case) -> dict[str, Any]:
    """The context of ``asked.html``, but for what the vault opens."""
    request, owner = case.request, desk.owner.slug
    linked = await asyncio.to_thread(desk.cases.linked, owner, case)
    consents = await asyncio.to_thread(desk.register.of, owner, request.person)
    to_know = any(order.right in (Right.KNOW, Right.ACCESS) for order in request.orders)
    return {
        "flags": [words.FLAGS[flag] for flag in case.flags] if case.awaits_instruction else [],
        "linked": [_other(one) for one in linked],
        "consents": lines(consents),
        "period": words.period(request.period) if to_know else "",
        "basis": words.BASES[request.agent.basis] if request.agent else "",
        "confirmed": Method.CONFIRMATION in case.proof.methods,
        "entered": _entered(desk, request.entered_by),
    }


def _other(linked: Linked) -> Other:
    case = linked.case
    kind, state = words.STATES[case.state]
    why = tuple(words.WHY_LINKED[flag] for flag in linked.why) or (SAME_SUBMISSION,)
    return Other(case, words.short(case.request), kind, state, words.proved(case.proof)[0], why)


def _entered(desk: Desk, by: str) -> str:
    """Who entered the request for the person: a system, or staff. Empty where it came from the person's own hand."""
    client = desk.catalogue.clients.get(by)
    if client is not None:
        return client.name
    account = desk.catalogue.accounts.get(by)
    if account is not None:
        return "your team" if account.owner == desk.owner.slug else f"the staff of {desk.custodian}"
    return "a system that is no longer registered" if by else ""
