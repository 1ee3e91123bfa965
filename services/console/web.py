"""The operators' pages: requests as they move, one request's journey, and what could not be handled."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from schemas.catalogue import Catalogue
from schemas.roles import Permission
from schemas.topics import SERVICES
from services.console import bars, told
from services.console.listing import Rows, Wanted, rows_of
from services.console.picture import RADIUS, TURN, clock, draw
from services.console.spans import Spans, spans_of
from services.console.step import shown
from services.console.views import ACTS
from services.console.waterfall import length, moment, waterfall
from services.runtime.exporting import to_console
from services.runtime.floor import Floor
from services.runtime.web import live
from services.runtime.web.acts import acts_router
from services.runtime.web.own_account import own_account_router
from services.runtime.web.pages import render
from services.runtime.web.people import people_router
from services.runtime.web.problem import Problem
from services.runtime.web.session import signed_in
from services.runtime.web.signin import signin_router
from services.runtime.web.state import floor_of

AT: Final = "/console"
OPERATOR: Final = Permission.OPERATE
PAUSE: Final = 0.5
"""Seconds between two events of the live stream at least."""

_STYLE: Final = Path(__file__).parent / "templates" / "console.css"

door = signin_router(AT, "Operations console", OPERATOR, home=AT)
router = APIRouter(prefix=AT, include_in_schema=False, dependencies=[Depends(signed_in(OPERATOR, at=AT))])
people: Final = (own_account_router(AT, OPERATOR), people_router(AT), acts_router(AT, ACTS))
FromRows = Annotated[Rows, Depends(rows_of)]
FromSpans = Annotated[Spans, Depends(spans_of)]
OnFloor = Annotated[Floor, Depends(floor_of)]
Filter = Annotated[Wanted, Query()]


@door.get("/console.css")
async def style() -> Response:
    """What the console's pages need beyond the floor's stylesheet."""
    return Response(_STYLE.read_bytes(), media_type="text/css", headers={"Cache-Control": "public, max-age=31536000"})


@router.get("")
async def home(request: Request, wanted: Filter, rows: FromRows, floor: OnFloor) -> Response:
    """The live list, under the pipeline."""
    return await _list(request, "console.html", wanted, rows, floor)


@router.get("/part")
async def part(request: Request, wanted: Filter, rows: FromRows, floor: OnFloor) -> Response:
    """The live section alone."""
    return await _list(request, "list.html", wanted, rows, floor)


@router.get("/stream")
async def stream(floor: OnFloor) -> Response:
    """Says that something changed, at most twice a second."""
    return live.stream(throttled(floor.views.changes()))


@router.get("/requests/{name}")
async def journey(request: Request, name: str, rows: FromRows, spans: FromSpans, floor: OnFloor) -> Response:
    """One request's journey, by its id; its number leads there."""
    found = await asyncio.to_thread(rows.journey, name)
    if found is None:
        raise Problem(404, "We know no such request", code="not-found", detail=NOT_YET)
    if found.request_id != name:
        return RedirectResponse(f"{AT}/requests/{found.request_id}", 303)
    catalogue = floor.catalogue()
    zone = _zone(request, catalogue)
    traces = waterfall(await asyncio.to_thread(spans.of_request, found.request_id, found.traces))
    return _page(
        request,
        "journey.html",
        catalogue,
        journey=found,
        picture=draw(found.happenings, zone),
        clock=lambda moment: clock(moment, zone),
        radius=RADIUS,
        lanes=SERVICES,
        turn=TURN,
        shown=shown,
        traces=traces,
        bars=bars.draw(traces, lambda at: clock(moment(at), zone)),
        length=length,
        kept=floor.settings.trace_days if to_console(floor.settings) else 0,
    )


@router.get("/parked")
async def parked(request: Request, rows: FromRows, floor: OnFloor, before: str = "") -> Response:
    """What could not be handled: why, since when, where."""
    listed = await asyncio.to_thread(rows.parked, before)
    return _page(request, "parked.html", floor.catalogue(), listed=listed, first=not before)


@router.get("/parked/{parked_id}")
async def parked_record(request: Request, parked_id: str, rows: FromRows, floor: OnFloor) -> Response:
    """One parked record, without its content."""
    row = await asyncio.to_thread(rows.parked_record, parked_id)
    if row is None:
        raise Problem(404, "Nothing is parked under this id", code="not-found")
    return _page(request, "parked-record.html", floor.catalogue(), row=row)


async def throttled(changes: AsyncIterator[None], pause: float = PAUSE) -> AsyncIterator[None]:
    """The same changes with a pause after each; several that come meanwhile are one."""
    async for change in changes:
        yield change
        await asyncio.sleep(pause)


async def _list(request: Request, template: str, wanted: Wanted, rows: Rows, floor: Floor) -> Response:
    listed, pipeline = await asyncio.to_thread(lambda: (rows.requests(wanted), rows.pipeline()))
    return _page(request, template, floor.catalogue(), wanted=wanted, listed=listed, pipeline=pipeline, lanes=SERVICES)


def _page(request: Request, template: str, catalogue: Catalogue, **context: Any) -> Response:
    return render(
        request,
        template,
        now=datetime.now(UTC),
        told=told,
        style=_style_address(),
        owners=catalogue.owners,
        products=catalogue.products,
        **context,
    )


def _zone(request: Request, catalogue: Catalogue) -> str:
    owner = catalogue.owners.get(request.state.session.account.owner)
    return owner.zone if owner else "UTC"


@cache
def _style_address() -> str:
    return f"{AT}/console.css?v={sha256(_STYLE.read_bytes()).hexdigest()[:12]}"


NOT_YET: Final = "It may have been received just now and not be shown yet. Numbers look like HB-7K4M-Q2ZD."
