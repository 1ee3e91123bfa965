"""The demo's gateway for text messages, in the shape of Twilio's Messages resource; what it takes goes no further."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Header, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from infra.demo.mailbox.texts import Texts

LONGEST = 1600
REFUSED = {
    "+15005550001": (21211, "is not a valid phone number"),
    "+15005550009": (21614, "cannot receive text messages"),
}
"""Numbers that no network gives away, refused here as Twilio's test account refuses them."""

router = APIRouter()
_basic = HTTPBasic(auto_error=False)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Who may send: one account, as the supervisor told it. With neither, nobody."""

    texts: Texts
    account: str = ""
    token: str = ""

    def knows(self, given: HTTPBasicCredentials | None, account: str) -> bool:
        if given is None or not self.token:
            return False
        right = secrets.compare_digest(given.password.encode(), self.token.encode())
        return right and given.username == account == self.account


def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


@router.post("/2010-04-01/Accounts/{account}/Messages.json")
def take(
    account: str,
    gateway: Annotated[Gateway, Depends(_gateway)],
    given: Annotated[HTTPBasicCredentials | None, Depends(_basic)],
    to: Annotated[str, Form(alias="To")] = "",
    sender: Annotated[str, Form(alias="From")] = "",
    body: Annotated[str, Form(alias="Body")] = "",
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> JSONResponse:
    """201 with the message; 400 or 401 with a code and a sentence."""
    if not gateway.knows(given, account):
        return _refused(401, 20003, "Authenticate")
    if not to or not sender or not body or len(body) > LONGEST:
        return _refused(400, 21602, "To, From and a Body of at most 1600 characters are required")
    if to in REFUSED:
        code, why = REFUSED[to]
        return _refused(400, code, f"The 'To' number {why}")
    text = gateway.texts.take(sender, to, body, idempotency_key)
    taken: dict[str, Any] = {"sid": text["sid"], "status": "queued", "to": to, "from": sender, "error_code": None}
    return JSONResponse(taken, 201)


def _refused(status: int, code: int, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message, "status": status}, status)
