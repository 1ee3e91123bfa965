"""The application of a service: signs of life, description, forms, liveness."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from services.runtime.web.live import stream
from tests.support.web_sample import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as asking:
        yield asking


async def test_it_is_alive_before_it_is_ready(world: World, client: httpx.AsyncClient) -> None:
    world.started = False
    assert (await client.get("/health")).status_code == 200
    early = await client.get("/ready")
    assert (early.status_code, early.headers["content-type"]) == (503, "application/problem+json")
    assert (await client.get("/desk")).json()["code"] == "starting"
    world.started = True
    world.unready = ["the read model is 12 records behind"]
    assert (await client.get("/ready")).json()["unready"] == world.unready
    world.unready = []
    assert (await client.get("/ready")).json() == {"ready": True}


async def test_the_description_lists_the_api_alone(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    assert sorted(described["paths"]) == [
        "/desk/api/session",
        "/v1/asks",
        "/v1/broken",
        "/v1/no-bus",
        "/v1/raw",
        "/v1/things/{token}",
    ]
    assert "application/problem+json" in described["paths"]["/v1/asks"]["post"]["responses"]["default"]["content"]
    assert "HTTPValidationError" not in str(described)
    assert (await client.get("/docs")).status_code == 404


async def test_metrics_name_routes_and_not_paths(client: httpx.AsyncClient) -> None:
    await client.get("/v1/things/s3cret")
    metrics = (await client.get("/metrics")).text
    assert 'habeas_http_seconds_count{method="GET",route="/v1/things/{token}",service="sample",status="200"}' in metrics
    assert "s3cret" not in metrics


async def test_a_form_comes_back_with_its_entries_and_errors(client: httpx.AsyncClient) -> None:
    answer = await client.post("/form", data={"right": "know", "rights": ["know", "delete"], "email": " ", "csrf": "x"})
    assert answer.status_code == 422
    assert "'rights': ['know', 'delete']" in answer.text
    assert "{'field': 'email', 'message': 'is required'}" in answer.text
    assert "csrf" not in answer.text


async def test_what_has_no_answer_yet_is_pending(client: httpx.AsyncClient) -> None:
    answer = await client.post("/form", data={"right": "know", "rights": ["know"], "email": "a@example.com"})
    assert answer.status_code == 202
    assert 'http-equiv="refresh" content="2; url=/status"' in answer.text


async def test_a_page_is_told_that_something_changed_and_that_we_live() -> None:
    more = asyncio.Event()

    async def changes() -> AsyncIterator[int]:
        yield 1
        await more.wait()

    told = []
    async for part in stream(changes(), beat=0.01).body_iterator:
        told.append(part)
        if len(told) == 3:
            more.set()
    assert told[:3] == ["retry: 3000\n\n", "data: changed\n\n", ": still here\n\n"]
