"""What a product may do wrong, on a real socket: each is told by a code, in time, and quotes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.executor import products
from services.executor.products import Busy, HttpProduct, Misbehaved, ProductFault, Unreachable

SECRET = "rosa.secret@postbox.example"
Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(status: int, body: bytes = b"{}", **headers: str) -> bytes:
    lines = {"Content-Length": str(len(body)), "Connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


@asynccontextmanager
async def server(reply: Reply) -> AsyncIterator[tuple[HttpProduct, list[bytes]]]:
    """A product that answers every call with ``reply``, and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            await reply(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, httpx.AsyncClient(trust_env=False) as http:
        yield HttpProduct(f"http://127.0.0.1:{port}", "the-token", http, "civicrec"), asked


def once(raw: bytes) -> Reply:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return reply


async def fault(product: HttpProduct) -> ProductFault:
    with pytest.raises(ProductFault) as raised:
        await product.erase("alder-falls", "t-1", [SECRET])
    error = raised.value
    assert SECRET not in f"{error!r} {error.reason} {error.__cause__!r}"
    return error


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, Busy), (502, Busy), (503, Busy), (429, Busy), (408, Busy), (401, Busy), (403, Busy),
        (400, Misbehaved), (404, Misbehaved), (409, Misbehaved), (422, Misbehaved), (204, Misbehaved),
    ],
)  # fmt: skip
async def test_a_status_is_told_as_it_is(status: int, kind: type[ProductFault]) -> None:
    async with server(once(answer(status, SECRET.encode() if status != 204 else b""))) as (product, _):
        error = await fault(product)
    assert (type(error), error.reason) == (kind, f"http-{status}")
    assert error.retryable is (kind is Busy)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>" + SECRET.encode(),
        b"[]",
        b'{"data_sets":"rosa"}',
        b'{"data_sets":[{"name":"members","outcome":"exploded","count":1}]}',
        b'{"data_sets":[{"name":"members","outcome":"erased","count":-1}]}',
        b'{"data_sets":[{"name":"members","outcome":"erased","count":"1"}]}',
        b'{"data_sets":[{"name":"members","outcome":"erased","count":true}]}',
        b'{"data_sets":[{"name":"members","outcome":"retained","count":1}]}',
        b'{"data_sets":[{"name":"rosa.secret@postbox.example","outcome":"erased","count":1}]}',
        b'{"data_sets":[' + b"[" * 5000 + b"]" * 5000 + b"]}",
        b'{"data_sets":[],"x":NaN}',
        b'{"data_sets":[],"x":"\\ud800"}',
        b"\xff\xfe",
    ],
)
async def test_garbage_is_no_answer(body: bytes) -> None:
    async with server(once(answer(200, body))) as (product, _):
        error = await fault(product)
    assert (type(error), error.reason, error.retryable) == (Misbehaved, "garbage", False)


async def test_a_redirect_is_not_followed() -> None:
    async with server(once(answer(200, b'{"data_sets":[]}'))) as (_, asked_elsewhere):
        elsewhere = once(answer(307, b"", Location="http://127.0.0.1:1/v1/alder-falls/erase"))
        async with server(elsewhere) as (product, asked):
            error = await fault(product)
    assert (type(error), error.reason) == (Misbehaved, "redirected")
    assert (len(asked), len(asked_elsewhere)) == (1, 0)


@pytest.mark.parametrize("declared", [True, False])
async def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch, declared: bool) -> None:
    monkeypatch.setattr(products, "LARGEST_ANSWER", 1 << 20)
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        length = f"Content-Length: {1 << 40}\r\n" if declared else ""
        writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\n".encode())
        while True:
            writer.write(b" " * 65536)
            sent += 65536
            await writer.drain()

    async with server(flood) as (product, _):
        error = await fault(product)
    assert (type(error), error.reason) == (Misbehaved, "too-large")
    assert sent < 64 << 20


async def test_packed_bytes_are_not_unpacked() -> None:
    async with server(once(answer(200, b"\x1f\x8b", Content_Encoding="gzip"))) as (product, _):
        assert (await fault(product)).reason == "encoded"


@pytest.mark.parametrize("drip", [True, False])
async def test_patience_ends_also_with_one_who_sends_a_byte_now_and_then(
    monkeypatch: pytest.MonkeyPatch, drip: bool
) -> None:
    monkeypatch.setattr(products, "PATIENCE", 0.3)

    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" if drip else b"")
        for _ in range(100):
            await asyncio.sleep(0.05)
            if drip:
                writer.write(b" ")
                await writer.drain()

    async with server(slow) as (product, _):
        async with asyncio.timeout(2):
            error = await fault(product)
    assert (type(error), error.reason, error.retryable) == (Unreachable, "timeout", True)


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"hello\r\n\r\n"])
async def test_an_answer_that_breaks_off_leaves_open_what_was_done(raw: bytes) -> None:
    async with server(once(raw)) as (product, _):
        error = await fault(product)
    assert (type(error), error.reason) == (Unreachable, "broken-off")


async def test_nobody_listening_is_unreachable() -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        error = await fault(HttpProduct("http://127.0.0.1:1", "the-token", http))
    assert (type(error), error.reason, error.retryable) == (Unreachable, "no-connection", True)


async def test_a_call_carries_the_task_the_token_and_the_trace_and_leaves_a_span(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(products, "_tracer", provider.get_tracer("test"))
    body = json.dumps({"data_sets": [{"name": "members", "outcome": "erased", "count": 1}]}).encode()
    async with server(once(answer(200, body))) as (product, asked):
        [line] = await product.erase("alder-falls", "t-1", [SECRET])
    assert (line.name, line.outcome, line.count) == ("members", "erased", 1)
    [span] = spans.get_finished_spans()
    assert span.name == "civicrec erase"
    attributes: dict[str, Any] = dict(span.attributes or {})
    assert attributes == {"product": "civicrec", "action": "erase", "http.status_code": 200}
    head = asked[0].decode().lower()
    assert "post /v1/alder-falls/erase " in head
    assert "idempotency-key: t-1\r\n" in head
    assert "authorization: bearer the-token\r\n" in head
    assert f"traceparent: 00-{span.context.trace_id:032x}-{span.context.span_id:016x}-" in head


async def test_a_span_of_a_failed_call_holds_a_code_and_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(products, "_tracer", provider.get_tracer("test"))
    async with server(once(answer(500, SECRET.encode()))) as (product, _):
        await fault(product)
    [span] = spans.get_finished_spans()
    assert (span.status.description, span.events) == ("http-500", ())
