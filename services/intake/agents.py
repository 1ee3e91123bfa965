"""The door for authorised agents: who asks, for whom, and on what they rest (11 CCR 7063)."""

from typing import Final

from fastapi import APIRouter, Request, Response

from schemas.catalogue import Owner
from schemas.vocabulary import Basis
from services.intake import files, views
from services.intake.asking import Page, show, take
from services.intake.entries import Asking
from services.intake.pages import Lent, Named
from services.intake.receiving import submit_id
from services.intake.web import is_id
from services.runtime.web.language import mark
from services.runtime.web.pages import pending, render
from services.runtime.web.problem import Problem

STEPS: Final = frozenset({*(basis.value for basis in Basis), "none"})

router = APIRouter(include_in_schema=False)


@router.get("/privacy/{owner}/agent")
async def ask(request: Request, floor: Lent, owner: Named) -> Response:
    """The form. A browser's opt-out signal is the agent's own, and says nothing about the person."""
    return show(request, floor, _page(owner))


@router.post("/privacy/{owner}/agent")
async def sent(request: Request, floor: Lent, owner: Named) -> Response:
    return await take(request, floor, _page(owner))


@router.get("/privacy/{owner}/agent/received/{request_id}")
async def received(
    request: Request, floor: Lent, owner: Named, request_id: str, step: str = "permission", beside: str = ""
) -> Response:
    """That it arrived, its number, and what comes next; what the address says of that is for its words only."""
    found = await views.awaited(floor, request_id, submit_id(request_id)) if is_id(request_id) else False
    if found is True:
        here = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        return pending(request, to=here, what=mark("We are writing down your request"), owner=owner)
    if found is False or found.owner != owner.slug:
        raise Problem(404, mark("We know no such request"), code="not-found")
    other = await views.awaited(floor, beside, submit_id(beside)) if is_id(beside) else False
    return render(
        request,
        "agent-received.html",
        owner=owner,
        received=found,
        beside=None if isinstance(other, bool) or other.owner != owner.slug else other,
        step=step if step in STEPS else "permission",
    )


def _page(owner: Owner) -> Page:
    return Page("agent.html", Asking(owner.slug, by_agent=True), owner, {"size": files.LARGEST >> 20})
