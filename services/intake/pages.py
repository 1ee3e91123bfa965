"""What a resident meets: the privacy page of an owner, the one for a child's data, and what happens next."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from schemas.catalogue import Owner
from schemas.roles import CUSTODIAN
from schemas.vocabulary import Right
from services.intake import signals, views
from services.intake.asking import CLIENT, Page, show, take
from services.intake.entries import Asking
from services.intake.policy import signed_for
from services.intake.receiving import submit_id
from services.intake.web import is_id
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.language import mark, settle
from services.runtime.web.pages import pending, render
from services.runtime.web.problem import Problem

__all__ = ["CLIENT", "Named", "custodian_of", "owner_named", "router"]

STEPS: Final = frozenset({"mail", "phone", "none"})

router = APIRouter(include_in_schema=False)
Lent = Annotated[Floor, Depends(floor_of)]


async def owner_named(owner: str, floor: Lent) -> Owner:
    """Dependency: the owner in the path, whose language is spoken. Raises a 404 problem for one we do not know."""
    known = floor.catalogue().owners.get(owner)
    if known is None:
        raise Problem(
            404,
            mark("We do not know this place"),
            code="unknown-owner",
            detail=mark(
                "The address may be mistyped. All the places we can carry a request to are listed under /privacy."
            ),
        )
    await settle(known.locale)
    return known


Named = Annotated[Owner, Depends(owner_named)]


def custodian_of(floor: Floor) -> Owner | None:
    """The custodian, which is an owner like the others of what was given to itself (R17)."""
    return next((owner for owner in floor.catalogue().owners.values() if owner.kind == CUSTODIAN), None)


@router.get("/")
async def home() -> Response:
    return RedirectResponse("/privacy", 303)


@router.get("/privacy/{owner}")
async def ask(request: Request, floor: Lent, owner: Named) -> Response:
    page = show(request, floor, _privacy(floor, owner))
    await signals.honour(request, floor, owner.slug, page)
    return page


@router.post("/privacy/{owner}")
async def sent(request: Request, floor: Lent, owner: Named) -> Response:
    return await take(request, floor, _privacy(floor, owner))


@router.get("/privacy/{owner}/child")
async def report(request: Request, floor: Lent, owner: Named) -> Response:
    """A report that a child's data was collected has a path of its own to deletion (R19)."""
    page = show(request, floor, _child(owner))
    await signals.honour(request, floor, owner.slug, page)
    return page


@router.post("/privacy/{owner}/child")
async def reported(request: Request, floor: Lent, owner: Named) -> Response:
    return await take(request, floor, _child(owner))


@router.get("/privacy/{owner}/received/{request_id}")
async def received(
    request: Request, floor: Lent, owner: Named, request_id: str, step: str = "mail", beside: str = ""
) -> Response:
    """That it arrived, its number, and what comes next. What the address says of that is for the words alone."""
    found = await views.awaited(floor, request_id, submit_id(request_id)) if is_id(request_id) else False
    if found is True:
        here = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        return pending(request, to=here, what=mark("We are writing down your request"), owner=owner)
    if found is False or found.owner != owner.slug:
        raise Problem(404, mark("We know no such request"), code="not-found")
    other = await views.awaited(floor, beside, submit_id(beside)) if is_id(beside) else False
    return render(
        request,
        "received.html",
        owner=owner,
        received=found,
        beside=None if isinstance(other, bool) or other.owner != owner.slug else other,
        step=step if step in STEPS else "mail",
        hours=owner.challenge_ttl_hours,
    )


def _privacy(floor: Floor, owner: Owner) -> Page:
    signed = signed_for(owner, floor.catalogue())
    more = {"custodian": custodian_of(floor) if owner.kind != CUSTODIAN else None}
    return Page("privacy.html", Asking(owner.slug, signed_for=signed), owner, more)


def _child(owner: Owner) -> Page:
    return Page("child.html", Asking(owner.slug, (Right.DELETE,), about_a_child=True), owner)
