"""The short way to what is asked all the time: the router, which tries every route in turn, is not asked."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.runtime.bus import BusUnavailable
from services.runtime.web.problem import Problem, respond, unavailable

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Straight:
    """Stands in for a route: what operators are told of a request is its route's path."""

    path: str
    endpoint: Endpoint


class Direct:
    """Innermost. Endpoints are found by method and exact path; each has a route as well, for the description."""

    def __init__(self, app: ASGIApp, endpoints: Mapping[tuple[str, str], Endpoint]) -> None:
        self._app = app
        self._ways = {way: Straight(way[1], endpoint) for way, endpoint in endpoints.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        way = self._ways.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if way is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = way
        request = Request(scope, receive)
        try:
            answer = await way.endpoint(request)
        except Problem as problem:
            answer = respond(request, problem)
        except BusUnavailable:
            answer = unavailable(request)
        await answer(scope, receive, send)
