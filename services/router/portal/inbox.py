"""The inbox: one owner's requests, what needs a decision first, by the time that is left."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from services.router.deadlines import local_date
from services.router.portal import clocks, words
from services.router.portal.desk import PREFIX, AtDesk, Desk
from services.router.portal.progress import holder
from services.router.reading import Case, Inbox
from services.router.views import AWAITING, OPEN, Phase
from services.runtime.web.pages import render

PAGE: Final = 25


class Shelf(StrEnum):
    """The filters of the inbox, as they stand in its address."""

    OPEN = "open"
    DECIDING = "deciding"
    EXECUTING = "executing"
    CLOSED = "closed"
    ALL = "all"


SHELVES: Final[dict[Shelf, tuple[str, tuple[Phase, ...]]]] = {
    Shelf.OPEN: ("Open", OPEN),
    Shelf.DECIDING: ("To decide", AWAITING),
    Shelf.EXECUTING: ("Under way", (Phase.EXECUTING,)),
    Shelf.CLOSED: ("Closed", (Phase.CLOSED,)),
    Shelf.ALL: ("All", tuple(Phase)),
}

ROUTER = APIRouter(prefix=PREFIX, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A case as its line in the inbox."""

    case: Case
    asks: str
    law: clocks.Clock
    due: str
    received: str
    holder: str
    kind: str
    state: str
    flags: tuple[str, ...]


@ROUTER.get("")
async def inbox(
    request: Request,
    desk: AtDesk,
    state: Shelf = Shelf.OPEN,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """The owner's requests, one page of them."""
    states = SHELVES[state][1]
    found = await asyncio.to_thread(desk.cases.inbox, desk.owner.slug, states, limit=PAGE, offset=(page - 1) * PAGE)
    total = found.total(states)
    return render(
        request,
        "inbox.html",
        lines=[_line(desk, case) for case in found.cases],
        lead=_lead(desk, found),
        shelf=state,
        shelves=[(shelf, name, found.total(phases)) for shelf, (name, phases) in SHELVES.items()],
        page=page,
        pages=max(1, -(-total // PAGE)),
        total=total,
    )


def _line(desk: Desk, case: Case) -> Line:
    kind, state = words.STATES[case.state]
    return Line(
        case,
        words.short(case.request),
        clocks.law(case, desk.owner, desk.today),
        words.short_date(case.legal_due),
        words.short_date(local_date(case.request.received_at, desk.owner)),
        holder(case, desk.catalogue, desk.custodian),
        kind,
        state,
        tuple(words.FLAGS[flag][0] for flag in case.flags),
    )


def _lead(desk: Desk, found: Inbox) -> str:
    waiting = found.total(AWAITING)
    if not waiting:
        return "Nothing waits for a decision of yours."
    first = "1 request waits for your decision." if waiting == 1 else f"{waiting} requests wait for your decision."
    urgent = [case for case in found.cases if case.awaits_instruction]
    if not urgent or not desk.may_decide:
        return first
    left = clocks.left_in_words(urgent[0].legal_due, desk.today)
    return f"{first} The most urgent: {urgent[0].request.number}, {left}."
