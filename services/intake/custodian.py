"""The custodian's own door: for people who do not know whom to ask, and for what was given to the custodian itself.

Whoever comes here gets one and the same answer: nothing is looked up, and nothing tells which owners hold data about
whom (R49). A request goes to the owner that was named; with none named, to the custodian's privacy team (R17).
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from schemas.catalogue import Owner
from schemas.roles import CUSTODIAN
from services.intake import signals
from services.intake.asking import Page, arrived, show, take_sent
from services.intake.entries import Asking
from services.intake.form import Sent
from services.intake.pages import custodian_of
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.language import mark
from services.runtime.web.pages import render
from services.runtime.web.problem import Problem

router = APIRouter(include_in_schema=False)
Lent = Annotated[Floor, Depends(floor_of)]


@router.get("/privacy")
async def owners(request: Request, floor: Lent) -> Response:
    """Whom to ask. The list says nothing about who holds data about whom (R49)."""
    custodian = custodian_of(floor)
    page = render(request, "owners.html", owners=places(floor), custodian=custodian)
    await signals.honour(request, floor, custodian.slug if custodian else "", page)
    return page


@router.get("/ask")
async def ask(request: Request, floor: Lent) -> Response:
    page = show(request, floor, _page(floor, Sent()))
    await signals.honour(request, floor, _custodian(floor).slug, page)
    return page


@router.post("/ask")
async def sent(request: Request, floor: Lent) -> Response:
    came = await arrived(request, floor)
    return await take_sent(request, floor, _page(floor, came), came)


def places(floor: Floor) -> list[Owner]:
    """Every owner but the custodian, by name."""
    known = sorted(floor.catalogue().owners.values(), key=lambda owner: owner.name)
    return [owner for owner in known if owner.kind != CUSTODIAN]


def _page(floor: Floor, came: Sent) -> Page:
    """The page; its request goes to the place that was chosen, and to the custodian where none was."""
    custodian = _custodian(floor)
    named = {owner.slug: owner for owner in places(floor)}.get(came.text("owner"), custodian)
    return Page("ask.html", Asking(named.slug), custodian, {"places": places(floor)})


def _custodian(floor: Floor) -> Owner:
    known = custodian_of(floor)
    if known is None:
        raise Problem(404, mark("There is nothing at this address"), code="not-found")
    return known
