"""Zendesk's ways, and those of systems shaped like it: how its calls are signed, and how a ticket is commented."""

import hmac
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

import httpx
from fastapi import Request

SIGNATURE: Final = "X-Zendesk-Webhook-Signature"
TIMESTAMP: Final = "X-Zendesk-Webhook-Signature-Timestamp"
FRESH: Final = timedelta(minutes=5)
"""How far the time in a signature may lie from ours."""

REPEATABLE: Final = frozenset({401, 403, 408, 409, 425, 429})
"""What may be otherwise next time: our access may be mended, and its limits pass."""


def signed(secret: str, timestamp: str, body: bytes) -> str:
    """What a call with this body carries at this time."""
    return b64encode(hmac.new(secret.encode(), timestamp.encode() + body, sha256).digest()).decode()


def is_signed(request: Request, body: bytes, secret: str, now: datetime) -> bool:
    """True if the call is theirs, and was made just now."""
    timestamp, given = request.headers.get(TIMESTAMP, ""), request.headers.get(SIGNATURE, "")
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        return False
    genuine = hmac.compare_digest(signed(secret, timestamp, body).encode(), given.encode())
    return genuine and at.tzinfo is not None and abs(now - at) <= FRESH


class NotTaken(Exception):  # noqa: N818 — a state
    """The ticket does not have the comment. ``permanent``: nor will it."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.permanent = reason, permanent


@dataclass(frozen=True, slots=True)
class Helpdesk:
    """The API of one ticket system."""

    api: str
    user: str
    token: str
    http: httpx.AsyncClient

    async def comment(self, ticket: str, text: str, mark: str, *, solve: bool) -> None:
        """Puts an internal comment on the ticket, and solves it; not if one with ``mark`` in it is there already.

        Raises :class:`NotTaken`.
        """
        where = f"/api/v2/tickets/{quote(ticket, safe='')}"
        there = await self._call("GET", f"{where}/comments.json?sort_order=desc")
        if any(mark in str(each.get("body", "")) for each in _listed(there)):
            return
        change: dict[str, Any] = {"comment": {"body": text, "public": False}}
        if solve:
            change["status"] = "solved"
        await self._call("PUT", f"{where}.json", {"ticket": change})

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = await self.http.request(
                method, self.api.rstrip("/") + path, json=body, auth=(f"{self.user}/token", self.token)
            )
        except httpx.HTTPError as error:
            raise NotTaken("unreachable") from error
        if answer.status_code in REPEATABLE or answer.status_code >= 500:
            raise NotTaken(f"http-{answer.status_code}")
        if answer.status_code >= 300:
            raise NotTaken(f"http-{answer.status_code}", permanent=True)
        try:
            return answer.json()
        except ValueError:
            raise NotTaken("not-json") from None


def _listed(answer: Any) -> list[dict[str, Any]]:
    found = answer.get("comments") if isinstance(answer, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
