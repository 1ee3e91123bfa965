"""What a span tells of a request to a page: its route and its outcome, never its path."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.console.processor import CONSOLE
from services.runtime.web.app import create
from tests.support.console_world import World

SECRET = "the-token-of-the-letter"
REQUEST = "3f2a7c10-0000-5000-8000-123456789abc"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Where every span of the process ends up during a test."""
    kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield kept
    provider.shutdown()


@pytest.fixture
def client(tmp_path: Path, memory: InMemorySpanExporter) -> httpx.AsyncClient:
    router = APIRouter()

    @router.post("/verify/{request_id}/{token}")
    async def verify(request_id: str, token: str) -> None:
        """Takes a secret in its path."""

    world = World(tmp_path)
    app: FastAPI = create(replace(CONSOLE, routers=(router, *CONSOLE.routers)), lambda: world.floor)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://habeas.test")


async def test_one_span_names_route_and_request_and_no_secret(
    client: httpx.AsyncClient, memory: InMemorySpanExporter
) -> None:
    await client.post(f"/verify/{REQUEST}/{SECRET}?q={SECRET}")
    (span,) = memory.get_finished_spans()
    assert span.name == "POST /verify/{request_id}/{token}"
    assert (span.attributes or {})["habeas.request"] == REQUEST
    assert SECRET not in span.to_json()


async def test_what_stands_in_place_of_an_id_is_not_told(
    client: httpx.AsyncClient, memory: InMemorySpanExporter
) -> None:
    await client.post("/verify/ana@alder-falls.example/x")
    (span,) = memory.get_finished_spans()
    assert "ana" not in span.to_json()


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/v1/traces"])
async def test_machines_that_ask_all_the_time_leave_no_span(
    client: httpx.AsyncClient, memory: InMemorySpanExporter, path: str
) -> None:
    await client.request("POST" if path == "/v1/traces" else "GET", path)
    assert memory.get_finished_spans() == ()
