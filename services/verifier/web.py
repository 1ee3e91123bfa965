"""The page behind the link in a letter: one button, and what came of pressing it."""

import asyncio
import hmac
import re
from contextlib import suppress
from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy import Engine

from schemas.catalogue import Owner
from schemas.envelope import derived_id
from schemas.verifier import SubmitProof
from services.runtime.bus import new_cause_id
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.pages import pending, render
from services.runtime.web.problem import Problem
from services.verifier import views
from services.verifier.views import OPEN, VERIFIED, Challenge

PATIENCE: Final = 2.0
"""Seconds the answer is waited for before the page says that it is coming."""

router = APIRouter(prefix="/verify", include_in_schema=False)
Lent = Annotated[Floor, Depends(floor_of)]
_PRESS = re.compile(r"[A-Za-z0-9-]{16,64}")


@router.api_route("/{request_id}/{token}", methods=["GET", "HEAD"])
async def show(request: Request, floor: Lent, request_id: str, token: str) -> Response:
    """The button. Opening changes nothing: mail programs open links on their own."""
    found = await _challenge(floor, request_id)
    owner = _owner(floor, found, _digest(token))
    return render(
        request,
        "confirm.html",
        owner=owner,
        press=new_cause_id(),
        challenge=found if owner and found and found.phase == OPEN else None,
    )


@router.post("/{request_id}/{token}")
async def confirm(
    request: Request, floor: Lent, request_id: str, token: str, press: Annotated[str, Form()] = ""
) -> Response:
    """Presents the secret. The same button pressed twice presents it once."""
    digest = _digest(token)
    found = await _awaited(floor, request_id)
    owner = _owner(floor, found, digest)
    cause = derived_id("proof", request_id, digest, press) if _PRESS.fullmatch(press) else new_cause_id()
    answer = await _answer(floor, request_id, cause)
    if answer is None and found is not None and found.phase == OPEN:
        waiter = floor.views.expect(cause)
        await floor.bus.send(
            SubmitProof(digest=digest),
            to="verifier",
            subject=request_id,
            owner=found.owner,
            person_key=found.person_key,
            id=cause,
            correlation=request_id,
        )
        await waiter.wait(PATIENCE)
        answer = await _answer(floor, request_id, cause)
        found = await _challenge(floor, request_id)
    return _result(request, owner, found, answer, f"{request.url.path}/{cause}")


@router.get("/{request_id}/{token}/{cause}")
async def look_again(request: Request, floor: Lent, request_id: str, token: str, cause: str) -> Response:
    """Where the pending page looks for its answer."""
    waiter = floor.views.expect(cause)
    answer = await _answer(floor, request_id, cause)
    found = await _challenge(floor, request_id)
    if answer is None and found is not None and found.phase == OPEN:
        await waiter.wait(PATIENCE)
        answer, found = await _answer(floor, request_id, cause), await _challenge(floor, request_id)
    return _result(request, _owner(floor, found, _digest(token)), found, answer, request.url.path)


def _result(request: Request, owner: Owner | None, found: Challenge | None, answer: str | None, again: str) -> Response:
    """Confirmed, not (one page for every reason, and for requests that never were), or not known yet."""
    if answer == VERIFIED:
        return render(request, "confirmed.html", owner=owner)
    if answer is None and found is not None and found.phase == OPEN:
        return pending(request, to=again, what="We are checking your link", owner=owner)
    return render(request, "not-valid.html", status=410)


async def _challenge(floor: Floor, request_id: str) -> Challenge | None:
    """The challenge. Raises a 503 problem while the read model is catching up: a good link must not be called bad."""
    found = await asyncio.to_thread(views.find, _database(floor), request_id)
    if found is None and not floor.views.caught_up():
        raise Problem(
            503,
            "We cannot check your link just now",
            code="not-ready",
            detail="Nothing is wrong with it. Please try again in a moment.",
            headers={"Retry-After": "5"},
        )
    return found


async def _awaited(floor: Floor, request_id: str) -> Challenge | None:
    """The challenge; one that the read model does not show is waited for a little, for a letter may be faster."""
    if (found := await _challenge(floor, request_id)) is not None:
        return found
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            async for _ in floor.views.changes():
                if (found := await _challenge(floor, request_id)) is not None:
                    return found
    return await _challenge(floor, request_id)


async def _answer(floor: Floor, request_id: str, cause: str) -> str | None:
    return await asyncio.to_thread(views.answer_to, _database(floor), request_id, cause)


def _owner(floor: Floor, found: Challenge | None, digest: str) -> Owner | None:
    """The owner, for whoever holds the right link; to anybody else the page is the same for every request and none."""
    if found is None or not hmac.compare_digest(found.digest, digest):
        return None
    return floor.catalogue().owners.get(found.owner)


def _database(floor: Floor) -> Engine:
    return views.database(floor.settings.database_of("verifier"))


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
