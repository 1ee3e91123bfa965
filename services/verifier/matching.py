"""How a product is asked whether it holds a data point as given: yes or no, and nothing else crosses the wire back."""

import asyncio
import json
from collections.abc import Mapping
from typing import Final

import httpx
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

from schemas.catalogue import Product
from services.runtime import telemetry

PATIENCE: Final = 10.0
"""Seconds for a whole call."""

LARGEST_ANSWER: Final = 4096
"""Bytes. Yes and no are short."""

LATER: Final = frozenset({401, 403, 408, 425, 429})
"""These are about us or about now, and not about the person."""

_tracer = trace.get_tracer("habeas")


class NotNow(Exception):  # noqa: N818 — it names what the product did
    """The product gave no answer; another try may bring one. ``code`` quotes neither product nor person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Answer(BaseModel):
    """What a product says: whether one person there holds all that was named."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    match: StrictBool


async def matches(
    http: httpx.AsyncClient, product: Product, token: str, owner: str, identifiers: Mapping[str, str]
) -> bool:
    """True if one person in the owner's data there holds all of these. An answer that is none is a no.

    Raises :class:`NotNow`.
    """
    with _tracer.start_as_current_span(
        f"{product.slug} match",
        kind=SpanKind.CLIENT,
        attributes={"product": product.slug, "action": "match"},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            return _understood(await _asked(http, product, token, owner, identifiers))
        except NotNow as reason:
            span.set_status(StatusCode.ERROR, reason.code)
            raise


async def _asked(
    http: httpx.AsyncClient, product: Product, token: str, owner: str, identifiers: Mapping[str, str]
) -> bytes:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        **telemetry.headers(),
    }
    url = f"{product.base_url.rstrip('/')}/v1/{owner}/match"
    content = json.dumps({"identifiers": dict(identifiers)}).encode()
    try:
        async with (
            asyncio.timeout(PATIENCE),
            http.stream("POST", url, content=content, headers=headers, follow_redirects=False) as response,
        ):
            status = response.status_code
            if status in LATER or status >= 500:
                raise NotNow(f"http-{status}")
            return await _whole(response) if status == 200 else b""
    except (TimeoutError, httpx.TransportError, httpx.DecodingError):
        raise NotNow("unreachable") from None


async def _whole(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST_ANSWER:
            return b""
    return bytes(body)


def _understood(raw: bytes) -> bool:
    try:
        return Answer.model_validate_json(raw).match
    except ValidationError:
        return False
