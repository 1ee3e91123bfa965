"""The operators' pages: requests as they move, one request's journey, and what could not be handled."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
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
from services.console.layout import SHEETS
from services.console.listing import Pipeline, Rows, Wanted, rows_of
from services.console.map import drawn, rate, reads
from services.console.picture import RADIUS, TURN, clock, draw
from services.console.pulse import Pulse, pulse
from services.console.spans import Spans, spans_of
from services.console.step import shown
from services.console.trouble import of_requests, of_services
from services.console.views import ACTS
from services.console.waterfall import length, moment, waterfall
from services.runtime.exporting import to_console
from services.runtime.floor import Floor
from services.runtime.metrics import DAYS_LEFT
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
OnPulse = Annotated[Pulse, Depends(pulse)]
Filter = Annotated[Wanted, Query()]


@door.get("/console.css")
async def style() -> Response:
    """What the console's pages need beyond the floor's stylesheet."""
    return Response(_STYLE.read_bytes(), media_type="text/css", headers={"Cache-Control": "public, max-age=31536000"})


@router.get("")
async def home(request: Request, wanted: Filter, rows: FromRows, floor: OnFloor, pulse: OnPulse) -> Response:
    """The map, and the requests under it."""
    listed, pipeline = await asyncio.to_thread(lambda: (rows.requests(wanted), rows.pipeline(_yesterday())))
    shown = shown_now(pulse, pipeline, floor.settings.partitions)
    return _page(request, "console.html", floor.catalogue(), wanted=wanted, listed=listed, pipeline=pipeline, **shown)


@router.get("/map")
async def living_map(request: Request, wanted: Filter, rows: FromRows, floor: OnFloor, pulse: OnPulse) -> Response:
    """The map alone."""
    pipeline = await asyncio.to_thread(rows.pipeline, _yesterday())
    shown = shown_now(pulse, pipeline, floor.settings.partitions)
    return _page(request, "map.html", floor.catalogue(), wanted=wanted, pipeline=pipeline, **shown)


@router.get("/part")
async def part(request: Request, wanted: Filter, rows: FromRows, floor: OnFloor) -> Response:
    """The list alone."""
    listed, pipeline = await asyncio.to_thread(lambda: (rows.requests(wanted), rows.pipeline(_yesterday())))
    return _page(request, "list.html", floor.catalogue(), wanted=wanted, listed=listed, pipeline=pipeline)


@router.get("/stream")
async def stream(floor: OnFloor, pulse: OnPulse) -> Response:
    """Says what changed: the requests, at most twice a second, or the pulse."""
    return live.stream(live.merged(changed=throttled(floor.views.changes()), pulse=throttled(pulse.changes())))


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


def shown_now(pulse: Pulse, pipeline: Pipeline, partitions: int) -> dict[str, Any]:
    """What the map's template needs."""
    seen = pulse.look()
    deadlines = seen["router"].deadlines
    troubles = [
        *of_services(seen, partitions, pulse.short_for()),
        *of_requests(deadlines, pipeline.must_act, pipeline.parked_lately),
    ]
    return {
        "seen": seen,
        "troubles": troubles,
        "drawing": drawn(seen, pipeline.open, [each for each in troubles if each.service], partitions),
        "sheets": SHEETS,
        "deadlines": deadlines,
        "left": DAYS_LEFT,
        "rate": rate,
        "reads": list(reads(seen)),
        "lanes": SERVICES,
        "parked_lately": pipeline.parked_lately,
    }


def _yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


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
