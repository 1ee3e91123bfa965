"""Puts a young session cookie on the answer to whoever is at work, so that half an hour without use ends a session."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STREAM: Final = "text/event-stream"


class Renewal:
    """Adds what :func:`services.runtime.web.session.signed_in` left for it. Live streams keep nobody signed in, and
    an answer that sets or takes a cookie itself knows better.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def renewed(message: Message) -> None:
            if message["type"] == "http.response.start" and (cookie := state.get("renewed_cookie")):
                headers = MutableHeaders(scope=message)
                if "set-cookie" not in headers and not headers.get("content-type", "").startswith(STREAM):
                    headers.append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, renewed)
