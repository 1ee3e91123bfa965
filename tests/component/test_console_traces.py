"""The console's receiver of spans, and the page that shows them; a real database, no broker."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from schemas.vocabulary import Right
from services.console.otlp import LIMIT, MEDIA_TYPE, PATH
from services.runtime.exporting import token_of
from tests.support.console_world import World
from tests.support.pipeline_story import Story
from tests.support.spans import export, exports, sent

FORM = {"Content-Type": MEDIA_TYPE}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest_asyncio.fixture
async def sender(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A program on this machine."""
    async with program(world) as client:
        yield client


def program(world: World, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=world.app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://habeas.test", headers=FORM | headers)


def a_trace(request: str) -> bytes:
    """Two linked traces, one step of which failed."""
    return exports(
        {
            "intake": [
                sent("POST /v1/requests", trace=1, span=1, took=40, kind="server"),
                sent("intake RequestReceived", trace=1, span=2, parent=1, after=5, took=2, request=request),
            ],
            "verifier": [
                sent("verifier ChallengeIssued", trace=1, span=3, parent=2, after=9, took=2, request=request),
                sent("verifier IdentityVerified", trace=2, span=4, after=90_000, request=request, link=(1, 3)),
            ],
            "executor": [
                sent("civicrec access", trace=2, span=5, parent=4, after=90_005, kind="client", failed="http-503")
            ],
        }
    )


async def test_spans_are_taken_and_the_page_shows_them(world: World, sender: httpx.AsyncClient) -> None:
    story = Story("traced", Right.ACCESS).submit()
    world.show(*story.accepted)
    answer = await sender.post(PATH, content=a_trace(story.id))
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
    assert not ExportTraceServiceResponse.FromString(answer.content).HasField("partial_success")
    browser = await world.signed_in()
    page = (await browser.get(f"/console/requests/{story.id}")).text
    for words in (
        "POST /v1/requests",
        "goes on from trace 1",
        "✕ 10 ms · failed: http-503",
        "Failed: http-503",
        'class="link"',
        "Trace 1 as a table: 3 steps, 40 ms",
        "Trace 2 as a table: 2 steps, 15 ms, 1 failed",
    ):
        assert words in page
    assert page.count('class="bar ') == 5
    assert page.count('<tr id="s') == 5
    assert "style=" not in page  # the policy would drop it
    told = (await browser.get(f"/console/api/requests/{story.id}/traces")).json()
    await browser.aclose()
    assert [len(trace["spans"]) for trace in told["traces"]] == [3, 2]
    assert told["traces"][1]["continues"] == [1]
    assert told["traces"][0]["spans"][1]["parent"] == 1


async def test_without_spans_the_page_says_so(world: World) -> None:
    story = Story("untraced", Right.ACCESS).submit()
    world.show(*story.accepted)
    browser = await world.signed_in()
    assert "No spans of this request are here" in (await browser.get(f"/console/requests/{story.id}")).text
    assert (await browser.get(f"/console/api/requests/{story.id}/traces")).json()["traces"] == []
    assert (await browser.get("/console/api/requests/none/traces")).status_code == 404
    await browser.aclose()


async def test_the_api_of_traces_is_for_operators(sender: httpx.AsyncClient) -> None:
    answer = await sender.get("/console/api/requests/x/traces", headers={"Accept": "application/json"})
    assert answer.status_code == 401


async def test_strangers_are_refused_and_the_token_opens(world: World) -> None:
    body, token = export("intake", sent("a")), token_of(world.floor.settings)
    for address, headers, status in (
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("203.0.113.9", {}, 401),
        ("unknown", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 401),
        ("127.0.0.1", {"Authorization": "Bearer wrong"}, 401),
        ("203.0.113.9", {"Authorization": f"Bearer {token}"}, 200),
        ("203.0.113.9", {"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "cross-site"}, 403),
    ):
        async with program(world, address, **headers) as client:
            assert (await client.post(PATH, content=body)).status_code == status, (address, headers)


async def test_only_protobuf_is_taken_and_nonsense_is_refused(sender: httpx.AsyncClient) -> None:
    as_json = await sender.post(PATH, content=b"{}", headers={"Content-Type": "application/json"})
    assert as_json.status_code == 415
    assert (await sender.post(PATH, content=b"\xff")).status_code == 400
    zipped = {"Content-Encoding": "gzip"}
    assert (await sender.post(PATH, content=gzip.compress(export("x", sent("a"))), headers=zipped)).status_code == 200
    assert (await sender.post(PATH, content=gzip.compress(b"\0" * (LIMIT + 1)), headers=zipped)).status_code == 413


async def test_what_is_no_span_is_counted_in_the_answer(sender: httpx.AsyncClient) -> None:
    broken = sent("a")
    broken.span_id = b"short"
    answer = ExportTraceServiceResponse.FromString((await sender.post(PATH, content=export("x", broken))).content)
    assert answer.partial_success.rejected_spans == 1


async def test_this_door_alone_takes_four_mebibytes(sender: httpx.AsyncClient) -> None:
    many = export("x", *(sent("a" * 100, span=number) for number in range(1, 3000)))
    assert len(many) > 300 * 1024
    assert (await sender.post(PATH, content=many)).status_code == 200
    refused = await sender.post(PATH, content=b"x" * (LIMIT + 1), headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["detail"]) == (413, "The limit is 4096 KiB.")
    assert (await sender.post("/console/api/session", content=many)).status_code == 413
