"""What a resident meets: the privacy page of an owner, and the page that says what happens next."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from schemas.catalogue import Owner
from schemas.roles import CUSTODIAN
from schemas.vocabulary import Channel
from services.intake import views
from services.intake.arrival import Arrival
from services.intake.entries import PARTS, ROWS, Entered, entered, fresh_key, summary
from services.intake.receiving import KeyReused, receive, submit_id
from services.intake.web import is_id
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.forms import Filled
from services.runtime.web.pages import pending, render
from services.runtime.web.problem import Problem

CLIENT: Final = "web"
"""Under this name the pages' keys stand; no registered client may have it (see :mod:`bus`)."""

router = APIRouter(include_in_schema=False)
Lent = Annotated[Floor, Depends(floor_of)]


def owner_named(owner: str, floor: Lent) -> Owner:
    """Dependency: the owner in the path. Raises a 404 problem for one we do not know."""
    known = floor.catalogue().owners.get(owner)
    if known is None:
        raise Problem(
            404,
            "We do not know this place",
            code="unknown-owner",
            detail="The address may be mistyped. All the places we can carry a request to are listed under /privacy.",
        )
    return known


Named = Annotated[Owner, Depends(owner_named)]


@router.get("/")
async def home() -> Response:
    return RedirectResponse("/privacy", 303)


@router.get("/privacy")
async def owners(request: Request, floor: Lent) -> Response:
    """Whom to ask. The list says nothing about who holds data about whom (R49)."""
    known = sorted(floor.catalogue().owners.values(), key=lambda owner: owner.name)
    return render(
        request,
        "owners.html",
        owners=[owner for owner in known if owner.kind != CUSTODIAN],
        custodians=[owner for owner in known if owner.kind == CUSTODIAN],
    )


@router.get("/privacy/{owner}")
async def ask(request: Request, owner: Named) -> Response:
    return _form(request, owner, Entered(fresh_key(), Filled()))


@router.post("/privacy/{owner}")
async def take(request: Request, floor: Lent, owner: Named) -> Response:
    sent = await entered(request, owner.slug)
    if sent.submission is None:
        return _form(request, owner, sent, status=422)
    try:
        arrival = Arrival(Channel.WEB, CLIENT, sent.key, datetime.now(UTC))
        receipt = await receive(floor, sent.submission, arrival)
    except KeyReused:  # back to the page after sending it, and something changed: another request, if they mean it
        return _form(request, owner, Entered(fresh_key(), sent.filled), status=422, sent_before=True)
    return RedirectResponse(f"/privacy/{owner.slug}/received/{receipt.request_id}", 303)


@router.get("/privacy/{owner}/received/{request_id}")
async def received(request: Request, floor: Lent, owner: Named, request_id: str) -> Response:
    found = await views.awaited(floor, request_id, submit_id(request_id)) if is_id(request_id) else False
    if found is True:
        return pending(request, to=request.url.path, what="We are writing down your request", owner=owner)
    if found is False or found.owner != owner.slug:
        raise Problem(404, "We know no such request", code="not-found")
    return render(request, "received.html", owner=owner, received=found, hours=owner.challenge_ttl_hours)


def _form(request: Request, owner: Owner, sent: Entered, *, status: int = 200, sent_before: bool = False) -> Response:
    return render(
        request,
        "privacy.html",
        status=status,
        owner=owner,
        form=sent.filled,
        key=sent.key,
        problems=summary(sent.filled),
        sent_before=sent_before,
        rows=range(ROWS),
        parts=PARTS,
        path=request.url.path,
    )
