"""What no request gets past: a limit on its body, a check of where a form came from, and headers on every answer."""

from collections.abc import Mapping, Set
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime.web.language import gettext, mark
from services.runtime.web.problem import Problem, respond
from services.runtime.web.session import SAFE_METHODS
from services.runtime.web.state import lent

BODY_LIMIT: Final = 256 * 1024
"""Bytes of a request's body, where a service does not allow more; the same as a record's limit on the bus."""

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    # Not no-referrer: under that a browser sends "Origin: null" with our own forms, and where it sends no
    # Sec-Fetch-Site either (plain HTTP, Safari before 16.4) they could not be told from a stranger's.
    # Other sites learn nothing under either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
"""On every answer that does not say otherwise itself."""

_RAW: Final = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())

STRICT_TRANSPORT: Final = "max-age=63072000; includeSubDomains"


class Dress:
    """Outermost: puts the security headers on every answer, refusals included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        floor = lent(scope["app"])

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in _RAW if each[0] not in said)]
                if floor is not None and floor.settings.secure_cookies:
                    MutableHeaders(scope=message)["Strict-Transport-Security"] = STRICT_TRANSPORT
            await send(message)

        await self._app(scope, receive, dressed)


class Limit:
    """Refuses a request from another site and too long a body, which is read before the service sees any of it."""

    def __init__(
        self,
        app: ASGIApp,
        feeds: Mapping[str, int] | None = None,
        uploads: Mapping[str, int] | None = None,
        streams: Set[str] = frozenset(),
    ) -> None:
        self._app, self._feeds, self._uploads, self._streams = app, feeds or {}, uploads or {}, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] not in SAFE_METHODS and not from_here(headers):
            await respond(Request(scope), FROM_ELSEWHERE)(scope, receive, send)
            return
        if scope["path"] in self._streams:
            await self._app(scope, receive, send)
            return
        limit = self._feeds.get(scope["path"], BODY_LIMIT)
        if (roomy := self._room(scope["path"], headers)) is not None:
            await self._app(scope, _counted(receive, roomy), send)
            return
        try:
            body = await _whole(headers, receive, limit)
        except _TooLong:
            await respond(Request(scope), too_long(limit))(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    def _room(self, path: str, headers: Headers) -> int | None:
        if not headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return None
        return next((limit for start, limit in self._uploads.items() if path.startswith(start)), None)


def _counted(receive: Receive, limit: int) -> Receive:
    """The body as it comes. Raises a 413 problem where more comes than ``limit``: the page that reads it answers so."""
    came = 0

    async def counting() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > limit:
            raise too_long(limit)
        return message

    return counting


def from_here(headers: Headers) -> bool:
    """True unless a browser says that the request began on another site. Programs say nothing, and carry no cookies."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""


class _TooLong(Exception):  # noqa: N818 — a state
    """The body exceeds the limit."""


async def _whole(headers: Headers, receive: Receive, limit: int) -> bytes | None:
    """The body; None if the client went away. Raises :class:`_TooLong` as soon as that is known."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _TooLong
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            raise _TooLong
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def too_long(limit: int) -> Problem:
    """The refusal of a body of more than ``limit`` bytes."""
    return Problem(
        413,
        mark("That is more than we can take at once"),
        code="too-large",
        detail=gettext("The limit is {} KiB.").format(limit >> 10),
    )


FROM_ELSEWHERE: Final = Problem(
    403,
    mark("This form was sent from another site"),
    code="cross-site",
    detail=mark("For your protection nothing was done. Open the page here and send the form again."),
)
