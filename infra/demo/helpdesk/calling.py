"""Calls Habeas about each new ticket, signed as Zendesk signs, and again until it has answered."""

import asyncio
import hmac
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

import httpx
import orjson

from infra.demo.helpdesk.tickets import Ticket, Tickets

PAUSE = 1.0
AGAIN = frozenset({408, 409, 425, 429})


async def keep_calling(tickets: Tickets, url: str, secret: str, news: asyncio.Event) -> None:
    """Until cancelled. A ticket is told of once it was answered: taken, or refused for good."""
    async with httpx.AsyncClient(timeout=10) as http:
        while True:
            news.clear()
            for ticket in await asyncio.to_thread(tickets.untold):
                answer = await _called(http, url, secret, ticket)
                if answer is not None:
                    await asyncio.to_thread(tickets.told, ticket["id"], answer)
            try:
                async with asyncio.timeout(PAUSE):
                    await news.wait()
            except TimeoutError:
                continue


async def _called(http: httpx.AsyncClient, url: str, secret: str, ticket: Ticket) -> str | None:
    names = ("id", "subject", "description", "requester", "tags", "created_at")
    body = orjson.dumps({"ticket": {name: ticket[name] for name in names}})
    timestamp = datetime.now(UTC).isoformat(timespec="seconds")
    mac = hmac.new(secret.encode(), timestamp.encode() + body, sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "X-Zendesk-Webhook-Signature": b64encode(mac).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
    }
    try:
        answer = await http.post(url, content=body, headers=headers)
    except httpx.HTTPError:
        return None
    if answer.status_code in AGAIN or answer.status_code >= 500:
        return None
    if answer.status_code >= 300:
        errors = "; ".join(f"{each['field']} {each['message']}" for each in answer.json().get("errors", ()))
        return f"refused ({answer.status_code}): {errors or answer.json().get('title', '')}"
    return f"taken as {answer.json()['number']} ({answer.json()['id']})"
