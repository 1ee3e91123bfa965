"""A browser that says ``Sec-GPC: 1`` opts out of sale and sharing: told on the page, written down once, and no case.

The Global Privacy Control says it with every request (11 CCR 7025). Who asks for something meanwhile is opted out as
the person they are; anybody else as the browser they use, which keeps a random id of ours for nothing but that.
"""

import secrets
from contextlib import suppress
from hashlib import sha256
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from itsdangerous import BadSignature, URLSafeSerializer

from schemas.envelope import derived_id
from schemas.intake import RecordSignal
from services.intake import gate
from services.runtime.bus import BusUnavailable
from services.runtime.floor import Floor
from services.runtime.person import content_digest
from services.runtime.web.pages import opts_out

COOKIE: Final = "habeas-gpc"
"""A random id, and the owners at which its signal is written down. First-party, functional, signed."""

KEPT: Final = 365 * 24 * 3600
REMEMBERED: Final = 40
"""Owners: a cookie has its limits."""

SUPPORTED_SINCE: Final = "2026-11-23"

router = APIRouter()


@router.get("/.well-known/gpc.json", include_in_schema=False)
async def support() -> Response:
    """That we abide by the signal, as the specification wants it told."""
    return JSONResponse({"gpc": True, "lastUpdate": SUPPORTED_SINCE}, headers={"Cache-Control": "max-age=86400"})


async def honour(request: Request, floor: Floor, owner: str, page: Response) -> None:
    """Writes the signal of a browser down, once for each owner. A page never fails for it."""
    if not opts_out(request) or not owner:
        return
    browser, known = _browser(request, floor)
    if owner in known or not await gate.admit_signal(floor, gate.address_of(floor, request)):
        return
    secret = floor.settings.person_secret.get_secret_value()
    with suppress(BusUnavailable):
        await _record(floor, owner, content_digest(secret, "browser", owner, browser), anonymous=True)
        text = _signer(floor).dumps([browser, [*known, owner][-REMEMBERED:]])
        page.set_cookie(
            COOKIE,
            text if isinstance(text, str) else text.decode(),
            max_age=KEPT,
            path="/",
            secure=floor.settings.secure_cookies,
            httponly=True,
            samesite="lax",
        )


async def honour_person(request: Request, floor: Floor, owner: str, person: str) -> None:
    """Writes the signal down for the person who just submitted something. Raises BusUnavailable: they send it again."""
    if opts_out(request):
        await _record(floor, owner, person, anonymous=False)


async def _record(floor: Floor, owner: str, person: str, *, anonymous: bool) -> None:
    cause = derived_id("signal", person)
    await floor.bus.send(
        RecordSignal(person=person, anonymous=anonymous),
        to="intake",
        subject="",
        owner=owner,
        person_key=person,
        id=cause,
    )


def _browser(request: Request, floor: Floor) -> tuple[str, list[str]]:
    try:
        browser, known = _signer(floor).loads(request.cookies.get(COOKIE, ""))
        return str(browser), [str(owner) for owner in known]
    except (BadSignature, ValueError, TypeError):
        return secrets.token_urlsafe(18), []


def _signer(floor: Floor) -> URLSafeSerializer:
    secret = floor.settings.session_secret.get_secret_value()
    kwargs = {"digest_method": sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(secret, salt="habeas-gpc", signer_kwargs=kwargs)
