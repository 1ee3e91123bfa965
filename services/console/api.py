"""The same as JSON, for programs that sign in as an operator would."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query

from services.console import waterfall
from services.console.journey import Branch, Journey
from services.console.listing import Row, Rows, Wanted, rows_of
from services.console.spans import Spans, spans_of
from services.console.step import shown
from services.console.web import AT, OPERATOR
from services.runtime.web.problem import Problem
from services.runtime.web.session import signed_in

router = APIRouter(prefix=f"{AT}/api", dependencies=[Depends(signed_in(OPERATOR, at=AT))])
FromRows = Annotated[Rows, Depends(rows_of)]

_LISTED: Final = (
    "request_id", "number", "owner", "rights", "channel", "received_at", "stage", "lies_with", "ball", "must_act",
    "letters_owed", "last_event_at", "closed_at", "outcomes",
)  # fmt: skip


@router.get("/requests")
async def requests(wanted: Annotated[Wanted, Query()], rows: FromRows) -> dict[str, Any]:
    """Requests, newest first. ``older`` is what ``before`` must be for the next page; empty on the last."""
    listed = await asyncio.to_thread(rows.requests, wanted)
    return {"requests": [_listed(row) for row in listed.rows], "older": listed.older}


@router.get("/requests/{name}")
async def journey(name: str, rows: FromRows) -> dict[str, Any]:
    """One request's journey, by its id or number: every event with its cause, the causes as a tree, the results."""
    found = await asyncio.to_thread(rows.journey, name)
    if found is None:
        raise Problem(404, "We know no such request", code="not-found")
    return as_json(found)


@router.get("/requests/{name}/traces")
async def traces(name: str, rows: FromRows, spans: Annotated[Spans, Depends(spans_of)]) -> dict[str, Any]:
    """One request's traces, by its id or number: spans with their parents, and what each trace goes on from."""
    found = await asyncio.to_thread(rows.journey, name)
    if found is None:
        raise Problem(404, "We know no such request", code="not-found")
    known = await asyncio.to_thread(spans.of_request, found.request_id, found.traces)
    return {"request_id": found.request_id, "traces": waterfall.as_json(waterfall.waterfall(known))}


@router.get("/parked")
async def parked(rows: FromRows, before: Annotated[str, Query(max_length=120)] = "") -> dict[str, Any]:
    """What could not be handled, newest first, without its content."""
    listed = await asyncio.to_thread(rows.parked, before)
    return {"parked": list(listed.rows), "older": listed.older}


def as_json(found: Journey) -> dict[str, Any]:
    """The journey as data. What is sealed stays sealed: it is only said to be there."""
    request, standing = found.request, found.standing
    return {
        "request_id": found.request_id,
        "number": request.number if request else "",
        "owner": request.owner if request else "",
        "channel": request.channel if request else "",
        "rights": [order.right for order in request.orders] if request else [],
        "received_at": request.received_at if request else None,
        "stage": standing.stage,
        "ball": standing.ball,
        "must_act": standing.must_act,
        "traces": found.traces,
        "events": [
            {
                "number": each.number,
                "id": each.step.id,
                "service": each.step.service,
                "type": each.step.type,
                "what": each.what,
                "time": each.step.time,
                "recorded_at": each.step.recorded_at,
                "causation_id": each.step.causation_id,
                "caused_by": each.cause,
                "began_with": each.began_with,
                "trace_id": each.step.trace_id,
                "partition": each.step.partition,
                "offset": each.step.offset,
                "data": shown(each.step),
            }
            for each in found.happenings
        ],
        "causes": [_tree(root) for root in found.causes],
        "results": [result.model_dump(mode="json", exclude_none=True) for result in found.results],
    }


def _tree(branch: Branch) -> dict[str, Any]:
    return {"number": branch.happening.number, "led_to": [_tree(each) for each in branch.branches]}


def _listed(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in _LISTED}
