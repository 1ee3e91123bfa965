"""Takes spans as OpenTelemetry sends them (OTLP over HTTP, protobuf), from whoever knows the services' token."""

import asyncio
import hmac
import re
import zlib
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2
from sqlalchemy.exc import OperationalError

from services.console.spans import Span, Spans, spans_of
from services.runtime.exporting import token_of
from services.runtime.web.problem import Problem
from services.runtime.web.state import floor_of

PATH: Final = "/v1/traces"
LIMIT: Final = 4 << 20
"""Bytes of a body, both as it is sent and unpacked."""

MEDIA_TYPE: Final = "application/x-protobuf"
LONGEST: Final = 120
"""Letters of a name or value that are kept."""

MOST_LINKS: Final = 8
LATEST: Final = 1 << 62
"""Nanoseconds since 1970: no clock says more, and no database's integer is exceeded."""

SHOWN: Final = frozenset(
    {
        "action", "habeas.cause", "habeas.effect", "habeas.owner", "http.request.method", "http.response.status_code",
        "http.route", "http.status_code", "messaging.destination.name", "product",
    }
)  # fmt: skip
"""The attributes that are kept. Of others nobody knows what they hold."""

KINDS: Final[Mapping[int, str]] = {
    trace_pb2.Span.SPAN_KIND_SERVER: "server",
    trace_pb2.Span.SPAN_KIND_CLIENT: "client",
    trace_pb2.Span.SPAN_KIND_PRODUCER: "producer",
    trace_pb2.Span.SPAN_KIND_CONSUMER: "consumer",
}
_CODE = re.compile(r"[a-z0-9-]{1,40}")
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "via")

receiver = APIRouter(include_in_schema=False)


def from_a_friend(request: Request) -> None:
    """Dependency: refuses who neither shows the services' token nor speaks from this very machine."""
    shown = request.headers.get("authorization")
    if shown is None and _from_here(request):
        return
    expected = f"Bearer {token_of(floor_of(request).settings)}"
    if not hmac.compare_digest((shown or "").encode(), expected.encode()):
        raise Problem(401, "These spans come from a stranger", code="token-required")


@receiver.post(PATH, dependencies=[Depends(from_a_friend)])
async def take(request: Request, spans: Annotated[Spans, Depends(spans_of)]) -> Response:
    """Keeps a batch of spans. Those that are none are counted in the answer, as OTLP has it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise Problem(415, "Spans are taken as OTLP in protobuf only", code="media-type")
    body, encoding = await request.body(), request.headers.get("content-encoding", "identity").lower()
    rejected = await asyncio.to_thread(_keep, spans, body, encoding)
    answer = ExportTraceServiceResponse()
    if rejected:
        answer.partial_success.rejected_spans = rejected
        answer.partial_success.error_message = "a span needs ids of 16 and 8 bytes and a time"
    return Response(answer.SerializeToString(), media_type=MEDIA_TYPE)


def _keep(spans: Spans, body: bytes, encoding: str) -> int:
    read, rejected = parse(unpacked(body, encoding))
    try:
        spans.keep(read)
    except OperationalError:
        raise Problem(503, "Spans cannot be kept just now", code="busy", headers={"Retry-After": "2"}) from None
    return rejected


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body as it was before it was packed. Raises a problem if it is not, or is more than may be taken."""
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise Problem(415, "Spans are taken plain or as gzip", code="content-encoding")
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(body, LIMIT + 1)
    except zlib.error:
        raise Problem(400, "The body is not gzip", code="malformed") from None
    if len(plain) > LIMIT:
        raise Problem(413, "Unpacked, that is more than we can take at once", code="too-large")
    if not unpacking.eof:
        raise Problem(400, "The body ends too early", code="malformed")
    return plain


def parse(body: bytes) -> tuple[list[Span], int]:
    """The spans of an export request, and how many were none. Raises a problem if it is no such request."""
    try:
        message = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        raise Problem(400, "The body is no export of spans", code="malformed") from None
    read: list[Span] = []
    rejected = 0
    for resource in message.resource_spans:
        service = _text(_values(resource.resource.attributes).get("service.name", "")).removeprefix("habeas-")
        for scope in resource.scope_spans:
            for span in scope.spans:
                if _is_one(span):
                    read.append(_span(service, span))
                else:
                    rejected += 1
    return read, rejected


def _is_one(span: trace_pb2.Span) -> bool:
    return (
        len(span.trace_id) == 16
        and len(span.span_id) == 8
        and len(span.parent_span_id) in {0, 8}
        and 0 < span.start_time_unix_nano < LATEST
        and span.end_time_unix_nano < LATEST
    )


def _span(service: str, span: trace_pb2.Span) -> Span:
    attributes = _values(span.attributes)
    why = span.status.message
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        service=service,
        name=_text(span.name),
        began=span.start_time_unix_nano,
        took=max(span.end_time_unix_nano - span.start_time_unix_nano, 0),
        kind=KINDS.get(span.kind, "internal"),
        request_id=_text(attributes.get("habeas.request", "")),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        reason=why if _CODE.fullmatch(why) else "",
        links=[[link.trace_id.hex(), link.span_id.hex()] for link in span.links[:MOST_LINKS]],
        attributes={name: value for name, value in attributes.items() if name in SHOWN},
    )


def _values(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Strings and whole numbers; nothing of ours is anything else."""
    found: dict[str, Any] = {}
    for one in attributes:
        match one.value.WhichOneof("value"):
            case "string_value":
                found[one.key] = _text(one.value.string_value)
            case "int_value":
                found[one.key] = one.value.int_value
    return found


def _text(value: object) -> str:
    return str(value).replace("\0", "")[:LONGEST]


def _from_here(request: Request) -> bool:
    """True for a program on this machine; what a proxy on this machine passes on may come from anywhere."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
