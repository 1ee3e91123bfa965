"""Where a program changes its secret for a token: OAuth 2.0, client credentials (RFC 6749, section 4.4)."""

import asyncio
from base64 import b64decode
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_plus

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Engine
from starlette.datastructures import FormData, UploadFile

from schemas.catalogue import Client
from services.intake import views
from services.intake.programs.credentials import LIFETIME, SCHEME, is_theirs, tokens_of
from services.runtime.floor import Floor
from services.runtime.person import content_digest
from services.runtime.web.attempts import Attempts, Limits
from services.runtime.web.state import floor_of

GRANT: Final = "client_credentials"
ADDRESS_LIMIT: Final = 60
"""Wrong secrets from one address in a quarter of an hour. None per client: that would let anybody lock one out."""

router = APIRouter(prefix="/v1")


class Token(BaseModel):
    """A token, how many seconds it is good for, and the owners it opens."""

    access_token: str
    token_type: str = SCHEME
    expires_in: int = LIFETIME
    scope: str


class NoToken(BaseModel):
    """Why there is none, in OAuth's words (RFC 6749, section 5.2)."""

    error: str
    error_description: str


class Refused(Exception):  # noqa: N818 — it names what became of the request
    """No token, and why."""

    def __init__(self, error: str, description: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.error, self.description, self.status, self.headers = error, description, status, headers or {}


_FORM: Final = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"type": "string", "enum": [GRANT]},
                    "client_id": {"type": "string"},
                    "client_secret": {"type": "string"},
                },
            }
        }
    },
}


@router.post(
    "/token",
    response_model=Token,
    responses={400: {"model": NoToken}, 401: {"model": NoToken}, 429: {"model": NoToken}},
    openapi_extra={"requestBody": _FORM},
)
async def token(request: Request) -> Response:
    """A token for a client's id and secret, given by HTTP Basic or in the form."""
    floor = floor_of(request)
    try:
        client, digest = await _shown(request, floor)
    except Refused as refused:
        told = {"error": refused.error, "error_description": refused.description}
        return JSONResponse(told, refused.status, refused.headers)
    made = tokens_of(floor).make(client, digest)
    return JSONResponse(Token(access_token=made, scope=" ".join(client.owners)).model_dump())


async def _shown(request: Request, floor: Floor) -> tuple[Client, str]:
    """The client, and the digest of the secret it showed. Raises Refused."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded":
        raise Refused("invalid_request", "Send a form: application/x-www-form-urlencoded.")
    form = await request.form()
    if _one(form, "grant_type") != GRANT:
        raise Refused("unsupported_grant_type", f"The grant type is {GRANT}.")
    name, secret = _basic(request) or (_one(form, "client_id"), _one(form, "client_secret"))
    attempts = _attempts(views.database(floor.settings.database_of("intake")))
    who, address = _keys(request, floor, name)
    wait = await asyncio.to_thread(attempts.begin, who, address)
    if wait > 0:
        raise Refused("slow_down", "Too many wrong secrets from here.", 429, {"Retry-After": str(int(wait) + 1)})
    client = floor.catalogue().clients.get(name)
    digest = is_theirs(client, secret) if client else None
    if client is None or digest is None:
        raise Refused("invalid_client", "We know no such client and secret.", 401, _challenge(request))
    await asyncio.to_thread(attempts.succeeded, who, address)
    return client, digest


def _one(form: FormData, name: str) -> str:
    given: Any = form.getlist(name)
    return given[0] if len(given) == 1 and not isinstance(given[0], UploadFile) else ""


def _basic(request: Request) -> tuple[str, str] | None:
    """Id and secret as HTTP Basic carries them, each form-encoded first (RFC 6749, section 2.3.1)."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = b64decode(given.strip(), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def _challenge(request: Request) -> dict[str, str]:
    return {"WWW-Authenticate": 'Basic realm="habeas"'} if "authorization" in request.headers else {}


def _keys(request: Request, floor: Floor, name: str) -> tuple[str, str]:
    """Under what attempts are counted: keyed digests, never the name or the address."""
    secret = floor.settings.person_secret.get_secret_value()
    host = request.client.host if request.client else "unknown"
    return content_digest(secret, "client", name), content_digest(secret, "address", host)


@lru_cache(maxsize=4)
def _attempts(engine: Engine) -> Attempts:
    return Attempts(engine, Limits(what="client", per_login=1_000_000, per_address=ADDRESS_LIMIT))
