"""How the demo's HTTP interfaces refuse: problem+json (RFC 9457) that names what is wrong and quotes nothing."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


class RefusalError(Exception):
    """A request this product will not carry out; `field` names the part of it that is at fault."""

    def __init__(self, status: int, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, field


def problem(
    status: int, detail: str, errors: list[dict[str, str]] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    body |= {"detail": detail} | ({"errors": errors} if errors else {})
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def speak_problems(app: FastAPI) -> None:
    """Makes every refusal of an application a problem."""

    @app.exception_handler(RefusalError)
    async def refused(_request: Request, error: RefusalError) -> JSONResponse:
        at = [{"field": error.field, "code": "not_accepted"}] if error.field else None
        return problem(error.status, error.detail, at)

    @app.exception_handler(HTTPException)
    async def failed(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, HTTPStatus(error.status_code).description or "Not available.")

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"field": _field(found), "code": str(found["type"])} for found in error.errors()]
        return problem(422, "The request does not have the form this product accepts.", errors)


def _field(error: Mapping[str, Any]) -> str:
    """Where the error is. A field the sender made up could itself be personal, so only its place is told."""
    path = list(error["loc"])
    if path[0] == "body":
        path = path[1:]
    if error["type"] == "extra_forbidden":
        path = path[:-1]
    return ".".join(str(part) for part in path) or "body"
