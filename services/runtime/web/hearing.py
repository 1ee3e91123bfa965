"""Which language a person wants: what they chose by a link, else what their browser prefers."""

from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime.web import language
from services.runtime.web.language import NAMES, Texts

COOKIE: Final = "habeas-lang"
"""What somebody chose: functional, first-party, and nothing but a language's code."""

PARAMETER: Final = "lang"
KEPT: Final = 365 * 24 * 3600


class Hear:
    """Begins each page in the language that is wanted, and remembers one that was chosen. Programs hear English."""

    def __init__(
        self, app: ASGIApp, texts: Texts, is_page: Callable[[Request], bool], secure: Callable[[Request], bool]
    ) -> None:
        self._app, self._texts, self._is_page, self._secure = app, texts, is_page, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._texts or not self._is_page(request := Request(scope)):
            await self._app(scope, receive, send)
            return
        chosen = request.query_params.get(PARAMETER, "")

        async def remembering(message: Message) -> None:
            if message["type"] == "http.response.start" and chosen in self._texts:
                MutableHeaders(scope=message).append("Set-Cookie", _cookie(chosen, secure=self._secure(request)))
            await send(message)

        token = language.begin(self._texts, wanted(request, self._texts))
        try:
            await self._app(scope, receive, remembering)
        finally:
            language.end(token)


def wanted(request: Request, known: Collection[str]) -> str:
    """The language chosen now, else the one chosen before, else what ``Accept-Language`` weighs most; else nothing."""
    for chosen in (request.query_params.get(PARAMETER, ""), request.cookies.get(COOKIE, "")):
        if chosen in known:
            return chosen
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(request.headers.get("accept-language", "").lower().split(",")):
        tag, _, weight = part.partition(";")
        code = tag.strip().partition("-")[0]
        if code in known and (quality := _quality(weight)) > 0:
            weighed.append((-quality, place, code))
    return min(weighed)[2] if weighed else ""


def ways(request: Request) -> list[tuple[str, str, str]]:
    """The same page in its other languages: code, name, address; none for what a form was sent to."""
    if request.method not in {"GET", "HEAD"}:
        return []
    kept = [pair for pair in parse_qsl(request.url.query) if pair[0] != PARAMETER]
    others = (code for code in language.offered() if code != language.spoken())
    return [(code, NAMES.get(code, code), "?" + urlencode([*kept, (PARAMETER, code)])) for code in others]


def _cookie(code: str, *, secure: bool) -> str:
    return f"{COOKIE}={code}; Path=/; Max-Age={KEPT}; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")


def _quality(weight: str) -> float:
    name, _, number = (part.strip() for part in weight.partition("="))
    if name != "q":
        return 1.0
    try:
        return float(number)
    except ValueError:
        return 0.0
