"""The same as JSON, for programs that sign in as an operator would."""

import asyncio
import math
from http.cookies import SimpleCookie
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from schemas.base import Form
from services.console.journey import Branch, Journey
from services.console.listing import Row, Rows, Wanted, rows_of
from services.console.step import shown
from services.console.web import AT, OPERATOR
from services.runtime.floor import Floor
from services.runtime.person import login_key
from services.runtime.web.attempts import Attempts
from services.runtime.web.problem import Problem
from services.runtime.web.session import session_of, sessions_of, signed_in
from services.runtime.web.signin import WRONG, local_accounts
from services.runtime.web.state import floor_of

door = APIRouter(prefix=f"{AT}/api")
router = APIRouter(prefix=f"{AT}/api", dependencies=[Depends(signed_in(OPERATOR, at=AT))])
FromRows = Annotated[Rows, Depends(rows_of)]

_LISTED: Final = (
    "request_id", "number", "owner", "rights", "channel", "received_at", "stage", "lies_with", "ball", "must_act",
    "letters_owed", "last_event_at", "closed_at", "outcomes",
)  # fmt: skip


class SignIn(Form):
    """What a program signs in with."""

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=1024)]


@door.post("/session")
async def sign_in(
    request: Request, response: Response, entered: SignIn, floor: Annotated[Floor, Depends(floor_of)]
) -> dict[str, str]:
    """Signs in: the session's cookie, and the token that unsafe requests must carry as ``X-CSRF-Token``."""
    state = request.app.state
    if not hasattr(state, "console_desk"):
        state.console_desk = (Attempts(), local_accounts(floor))
    attempts, provider = state.console_desk
    login, address = _login(floor, entered.email), request.client.host if request.client else ""
    wait = math.ceil(attempts.begin(login, address))
    if wait > 0:
        raise Problem(429, "Too many attempts", code="too-many-attempts", headers={"Retry-After": str(wait)})
    account = await provider.authenticate(entered.email, entered.password)
    if account is None or OPERATOR not in account.roles:
        raise Problem(401, WRONG, code="sign-in-refused")
    attempts.succeeded(login, address)
    if earlier := session_of(request):
        sessions_of(request).end(earlier)
    sessions = sessions_of(request)
    sessions.begin(response, account)
    cookie = SimpleCookie(response.headers["set-cookie"])[sessions.cookie].value
    session = sessions.read(cookie, floor.catalogue())
    if session is None:
        raise Problem(401, WRONG, code="sign-in-refused")
    return {"csrf": session.csrf}


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


def _login(floor: Floor, email: str) -> str:
    try:
        return login_key(floor.settings.person_secret.get_secret_value(), email)
    except ValueError:
        return "malformed"
