"""What operators see of a request: its id, a span, a duration, a log line. Never its query, its path or its body."""

import re
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import lru_cache
from typing import Any, Final
from uuid import uuid4

import structlog
from fastapi import Request
from opentelemetry import trace
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime import metrics
from services.runtime.web.problem import unhandled

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET: Final = frozenset({"/health", "/ready", "/metrics"})
"""Asked every few seconds by machines; never traced, and logged only when they fail."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PROPAGATOR = TraceContextTextMapPropagator()
_log = structlog.get_logger("habeas.web")


class BrokenOff(Exception):  # noqa: N818 — a state
    """An answer failed after it had begun: the connection is cut, so that nobody takes half of it for the whole."""


class Watch:
    """Opens a server span within the caller's trace, times the request, and answers what nobody foresaw with a 500."""

    def __init__(
        self,
        app: ASGIApp,
        service: str,
        clock: Callable[[], float] = time.monotonic,
        quiet: frozenset[str] = frozenset(),
    ) -> None:
        self._app, self._service, self._clock = app, service, clock
        self._quiet = QUIET | quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope["habeas.request_id"] = request_id
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            nullcontext(trace.INVALID_SPAN)
            if scope["path"] in self._quiet
            else _tracer(trace.get_tracer_provider()).start_as_current_span(
                method,
                context=_PROPAGATOR.extract(headers, getter=_Carrier()) if "traceparent" in headers else None,
                kind=SpanKind.SERVER,
                attributes={"http.request.method": method, "url.scheme": scope["scheme"]},
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
        ):
            began = self._clock()
            status = await self._answer(scope, receive, send, request_id)
            asked_about = _asked_about(scope)
            if asked_about:
                span.set_attribute("habeas.request", asked_about)
            self._tell(span, method, route_of(scope), status, self._clock() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> int:
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 — the last line of defence; it is logged
            begun = status != 0
            refusal = unhandled(Request(scope), error)
            if begun:
                raise BrokenOff from None
            await refusal(scope, receive, watched)
        return status

    def _tell(self, span: Span, method: str, route: str, status: int, seconds: float) -> None:
        span.update_name(f"{method} {route}".rstrip())
        span.set_attribute("http.response.status_code", status)
        if route:
            span.set_attribute("http.route", route)
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        metrics.HTTP.labels(self._service, method, route, str(status)).observe(seconds)
        if route not in self._quiet or status >= 400:
            _log.info("answered", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


@lru_cache(maxsize=2)
def _tracer(provider: trace.TracerProvider) -> trace.Tracer:
    """Asked for once: to find a tracer by its name costs as much as a span."""
    return provider.get_tracer("habeas")


def route_of(scope: Scope) -> str:
    """The route's template, such as ``/confirm/{token}``; empty if none fits. The path itself may hold a secret."""
    path: Any = getattr(scope.get("route"), "path", "")
    return path if isinstance(path, str) else ""


def _asked_about(scope: Scope) -> str:
    """The request whose id the path holds; empty if none. Anything may stand in a path: only an id passes."""
    named: Any = scope.get("path_params", {}).get("request_id", "")
    return named if isinstance(named, str) and _UUID.fullmatch(named) else ""


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


class _Carrier(Getter[Headers]):
    def get(self, carrier: Headers, key: str) -> list[str] | None:
        return carrier.getlist(key) or None

    def keys(self, carrier: Headers) -> list[str]:
        return list(carrier.keys())
