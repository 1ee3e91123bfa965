"""How a request is refused: RFC 9457 problem+json for programs, a calm page for people. Neither quotes the input."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.runtime.bus import BusUnavailable
from services.runtime.telemetry import place_of
from services.runtime.web import pages
from services.runtime.web.language import mark
from services.runtime.web.wording import FieldError, field_errors

MEDIA_TYPE: Final = "application/problem+json"
SCHEMA: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "A problem (RFC 9457). It names fields, and never quotes what was sent.",
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "code"],
                    "properties": {
                        "type": {"type": "string", "format": "uri"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "code": {"type": "string"},
                        "detail": {"type": "string"},
                        "request_id": {"type": "string"},
                        "errors": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["field", "message"],
                                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                            },
                        },
                    },
                }
            }
        },
    }
}
"""What every route may answer, for the published OpenAPI description."""

_log = structlog.get_logger("habeas.web")


class Problem(Exception):  # noqa: N818 — RFC 9457's own word
    """A refusal as data. ``code`` is stable, for programs; ``title`` and ``detail`` are for people and quote nothing.
    Where residents may meet it they are marked, and translated on the page.

    ``more`` holds extension members (RFC 9457, section 3.2).
    """

    def __init__(
        self,
        status: int,
        title: str,
        *,
        code: str,
        detail: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.title, self.code, self.detail = status, title, code, detail
        self.errors, self.headers, self.more = list(errors), dict(headers or {}), dict(more or {})

    def document(self, request_id: str) -> dict[str, Any]:
        """The problem+json object."""
        members: dict[str, Any] = {
            "type": f"urn:habeas:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "errors": self.errors,
            "request_id": request_id,
        }
        return {name: value for name, value in members.items() if value} | self.more


def respond(request: Request, problem: Problem) -> Response:
    """The problem as an answer: a page if the asker prefers one, JSON otherwise."""
    request_id = request.scope.get("habeas.request_id", "")
    if pages.prefers_page(request):
        page = pages.render(request, "error.html", status=problem.status, problem=problem, request_id=request_id)
        page.headers.update(problem.headers)
        return page
    return JSONResponse(
        problem.document(request_id), problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE
    )


def unhandled(request: Request, error: Exception) -> Response:
    """An error nobody foresaw: 500 without any detail. Logged by type and place; its message may quote input."""
    _log.error("unhandled", error=type(error).__name__, at=place_of(error))
    problem = Problem(500, mark("Something went wrong on our side"), code="internal")
    try:
        return respond(request, problem)
    except Exception as broken:  # noqa: BLE001 — the refusal itself failed; it is logged
        _log.error("unhandled", error=type(broken).__name__, at=place_of(broken))
        return JSONResponse(problem.document(""), problem.status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes every refusal of ``app`` a problem. What no handler foresees is caught by :mod:`watch`."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(BusUnavailable, _unavailable)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return respond(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = field_errors(error.errors())
    return respond(
        request, Problem(422, mark("Something in the form needs another look"), code="invalid", errors=errors)
    )


async def _http(request: Request, error: Exception) -> Response:
    """Its detail is dropped, for it may quote input: who has something to say raises a :class:`Problem`."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if 300 <= error.status_code < 400:
        return Response(status_code=error.status_code, headers=headers)
    status = HTTPStatus(error.status_code)
    code = status.phrase.lower().replace(" ", "-").replace("'", "")
    return respond(request, Problem(int(status), _TITLES.get(status, status.phrase), code=code, headers=headers))


async def _unavailable(request: Request, _error: Exception) -> Response:
    return unavailable(request)


def unavailable(request: Request) -> Response:
    """The answer while the broker does not answer: nothing was done, and the same may be sent again."""
    return respond(
        request,
        Problem(
            503,
            mark("We cannot take this just now"),
            code="bus-unavailable",
            detail=mark("Nothing was lost and nothing was done. Please try again in a moment."),
            headers={"Retry-After": "5"},
        ),
    )


_TITLES: Final = {
    400: mark("We could not read that request"),
    401: mark("Please sign in"),
    403: mark("This is not yours to open"),
    404: mark("There is nothing at this address"),
    405: mark("That cannot be done here"),
}
