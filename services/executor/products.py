"""How the executor talks to a product: the product protocol over HTTP, with typed failures and no trust in answers."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol, TypeVar

import httpx
import orjson
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from pydantic import ValidationError

from schemas.request import Correction
from services.executor.answers import (
    Access,
    AccessLine,
    Answer,
    Candidate,
    Corrected,
    CorrectLine,
    EraseLine,
    Erasure,
    Found,
    Match,
    OptedOut,
    OptOutLine,
)
from services.runtime import telemetry

PATIENCE: Final = 10.0
"""Seconds for a whole call, from connecting to the last byte."""

LARGEST_ANSWER: Final = 10 << 20
"""Bytes. A larger answer is not read to its end."""

RETRYABLE_STATUS: Final = frozenset({401, 403, 408, 425, 429})
"""401 and 403 are about our token and not about the task: they must not cost a person their request."""

Kind = Literal["sharing", "sensitive"]
"""What people opt out of: sale and sharing (11 CCR 7026); uses of sensitive data beyond the service (11 CCR 7027)."""

Reply = TypeVar("Reply", bound=Answer)
_tracer = trace.get_tracer("habeas")


class ProductFault(Exception):  # noqa: N818 — it names what the product did
    """A call that brought no answer. ``reason`` is a code that quotes neither the product nor the person."""

    retryable = False

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unreachable(ProductFault):
    """No connection, or no answer in time. Whether the product did the task is unknown; asking again is safe."""

    retryable = True


class Busy(ProductFault):
    """The product says: not now."""

    retryable = True


class Misbehaved(ProductFault):
    """The product answered, and the answer is wrong. Asking again would bring the same."""


class ProductPort(Protocol):
    """What the executor asks of a product. Each method raises :class:`ProductFault`.

    ``task`` is the product's idempotency key: it does a task once, however often it is asked.
    """

    async def find(
        self, owner: str, identifiers: Mapping[str, str], affiliates: Sequence[str] = ()
    ) -> tuple[Candidate, ...]:
        """The people whom the identifiers point to, with how many records there are of each."""

    async def match(self, owner: str, identifiers: Mapping[str, str]) -> bool:
        """Whether one person there holds all of these identifiers."""

    async def access(self, owner: str, task: str, refs: Sequence[str]) -> tuple[AccessLine, ...]:
        """Every record of these people that may be disclosed."""

    async def erase(self, owner: str, task: str, refs: Sequence[str]) -> tuple[EraseLine, ...]:
        """Erase them, and tell what became of each data set."""

    async def correct(
        self, owner: str, task: str, refs: Sequence[str], changes: Sequence[Correction]
    ) -> tuple[CorrectLine, ...]:
        """Put new values in place of the ones that are wrong."""

    async def opt_out(self, owner: str, task: str, refs: Sequence[str], kind: Kind) -> tuple[OptOutLine, ...]:
        """Mark them: not to be sold or shared; or their sensitive data not to be used beyond the service itself."""


class HttpProduct:
    """A product behind ``base_url``. Only that host is ever spoken to: a redirect is not followed."""

    def __init__(self, base_url: str, token: str, http: httpx.AsyncClient, name: str = "product") -> None:
        self._base = base_url.rstrip("/")
        self._token = token
        self._http = http
        self._name = name

    async def find(
        self, owner: str, identifiers: Mapping[str, str], affiliates: Sequence[str] = ()
    ) -> tuple[Candidate, ...]:
        body = {"identifiers": dict(identifiers), "affiliates": list(affiliates)}
        return (await self._ask(owner, "find", body, Found)).candidates

    async def match(self, owner: str, identifiers: Mapping[str, str]) -> bool:
        return (await self._ask(owner, "match", {"identifiers": dict(identifiers)}, Match)).match

    async def access(self, owner: str, task: str, refs: Sequence[str]) -> tuple[AccessLine, ...]:
        return (await self._ask(owner, "access", {"refs": list(refs)}, Access, task)).data_sets

    async def erase(self, owner: str, task: str, refs: Sequence[str]) -> tuple[EraseLine, ...]:
        return (await self._ask(owner, "erase", {"refs": list(refs)}, Erasure, task)).data_sets

    async def correct(
        self, owner: str, task: str, refs: Sequence[str], changes: Sequence[Correction]
    ) -> tuple[CorrectLine, ...]:
        wanted = [{"field": change.field, "value": change.value} for change in changes]
        return (await self._ask(owner, "correct", {"refs": list(refs), "changes": wanted}, Corrected, task)).data_sets

    async def opt_out(self, owner: str, task: str, refs: Sequence[str], kind: Kind) -> tuple[OptOutLine, ...]:
        body = {"refs": list(refs)} | ({"kind": kind} if kind != "sharing" else {})
        return (await self._ask(owner, "opt-out", body, OptedOut, task)).data_sets

    async def _ask(self, owner: str, action: str, body: object, answer: type[Reply], task: str = "") -> Reply:
        with _tracer.start_as_current_span(
            f"{self._name} {action}",
            kind=SpanKind.CLIENT,
            attributes={"product": self._name, "action": action},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return _understood(await self._call(f"{self._base}/v1/{owner}/{action}", body, task, span), answer)
            except ProductFault as fault:
                span.set_status(StatusCode.ERROR, fault.reason)
                raise

    async def _call(self, url: str, body: object, task: str, span: Span) -> bytes:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **({"Idempotency-Key": task} if task else {}),
            **telemetry.headers(),
        }
        request = self._http.build_request(
            "POST", url, content=json.dumps(body).encode(), headers=headers, timeout=PATIENCE
        )
        try:
            async with asyncio.timeout(PATIENCE):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                try:
                    span.set_attribute("http.status_code", response.status_code)
                    _check(response)
                    return await _whole(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException):
            raise Unreachable("timeout") from None
        except (httpx.RemoteProtocolError, httpx.DecodingError):
            raise Unreachable("broken-off") from None
        except httpx.TransportError:
            raise Unreachable("no-connection") from None


def _check(response: httpx.Response) -> None:
    """Raises for every status but 200, and for bytes that would first have to be unpacked."""
    status = response.status_code
    if status in RETRYABLE_STATUS or status >= 500:
        raise Busy(f"http-{status}")
    if response.is_redirect:
        raise Misbehaved("redirected")
    if status != 200:
        raise Misbehaved(f"http-{status}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Misbehaved("encoded")


async def _whole(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise Misbehaved("too-large")
    return bytes(body)


def _understood(raw: bytes, answer: type[Reply]) -> Reply:
    """The answer, if it is one. The parser's own error would quote it, and stays behind."""
    try:
        return answer.model_validate(orjson.loads(raw))
    except (orjson.JSONDecodeError, ValidationError):
        raise Misbehaved("garbage") from None
