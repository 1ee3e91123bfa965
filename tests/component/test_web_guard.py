"""What no request gets past: headers, the body's limit, the origin, and what is told when something breaks."""

from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from services.runtime.web.guard import BODY_LIMIT, HEADERS
from services.runtime.web.watch import BrokenOff
from tests.support.web_sample import HTML, ORIGIN, World

pytestmark = pytest.mark.requirement("R27")
FORM = {"right": "know", "email": "jane@example.com"}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as asking:
        yield asking


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/v1/broken", "/desk/sign-in", "/v1/raw", "/openapi.json"])
@pytest.mark.parametrize("name", sorted(HEADERS))
async def test_every_answer_carries_every_header(client: httpx.AsyncClient, path: str, name: str) -> None:
    assert (await client.get(path)).headers[name] == HEADERS[name]


async def test_the_policy_allows_our_own_origin_only(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/health")).headers["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


async def test_transport_is_pinned_only_where_cookies_are_secure(world: World) -> None:
    async with world.client() as asking:
        assert "Strict-Transport-Security" not in (await asking.get("/health")).headers
    world.settings = world.settings.model_copy(update={"secure_cookies": True})
    async with world.client() as asking:
        assert (await asking.get("/nowhere")).headers["Strict-Transport-Security"].startswith("max-age=63072000")


async def test_static_files_are_kept_for_ever_only_under_the_right_digest(client: httpx.AsyncClient) -> None:
    page = (await client.get("/desk/sign-in")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in (await client.get(address)).headers["Cache-Control"]
    assert (await client.get("/static/habeas.css?v=0")).headers["Cache-Control"] == "no-cache"
    assert (await client.get("/static/none.css")).status_code == 404
    assert (await client.get("/static/../app.py")).status_code == 404


async def test_a_body_at_the_limit_passes_and_one_above_does_not(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/raw", content=b"x" * BODY_LIMIT)).json() == {"length": BODY_LIMIT}
    refused = await client.post("/v1/raw", content=b"x" * (BODY_LIMIT + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "too-large")


async def test_a_body_without_a_length_is_limited_too(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BODY_LIMIT // 1000 + 1):
            yield b"x" * 1000

    refused = await client.post("/v1/raw", content=endless())
    assert "content-length" not in refused.request.headers
    assert refused.status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://proxied.test"},
    ],
)
async def test_a_request_from_here_passes(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await client.post("/v1/asks", json=FORM, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": f"{ORIGIN}.evil.test"},
        {"Origin": "http://habeas.test:81"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
    ],
)
async def test_a_request_from_elsewhere_does_nothing(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    refused = await client.post("/v1/asks", json=FORM, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "cross-site")
    assert (await client.get("/health", headers=headers)).status_code == 200


async def test_a_request_keeps_its_id_if_it_is_a_sane_one(client: httpx.AsyncClient) -> None:
    kept = await client.get("/nowhere", headers={"X-Request-Id": "abcdef-12345678"})
    assert kept.headers["X-Request-Id"] == kept.json()["request_id"] == "abcdef-12345678"
    other = await client.get("/nowhere", headers={"X-Request-Id": "<script>"})
    assert len(other.headers["X-Request-Id"]) == 32


async def test_an_error_nobody_foresaw_is_told_without_its_message(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as lines:
        answer = await client.get("/v1/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "planted" not in answer.text
    (line,) = (line for line in lines if line["event"] == "unhandled")
    assert line["error"] == "ValueError"
    assert line["at"].startswith("web_sample.py:")
    assert "planted" not in str(lines)


async def test_an_answer_that_fails_half_way_is_cut_off_without_a_word(client: httpx.AsyncClient) -> None:
    with pytest.raises(BrokenOff) as cut:
        await client.get("/v1/half")
    assert cut.value.__suppress_context__
    assert "planted" not in str(cut.value)


async def test_a_silent_broker_is_a_problem_of_ours(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/no-bus")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["code"] == "bus-unavailable"
    assert "planted" not in answer.text


async def test_the_same_refusal_is_a_page_for_people_and_json_for_programs(client: httpx.AsyncClient) -> None:
    page = await client.get("/nowhere", headers=HTML)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "privacy@civic.example" in page.text
    for accept in ("application/json", "*/*", "application/json, text/html;q=0.5", ""):
        answer = await client.get("/nowhere", headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:habeas:problem:not-found"


PLANT = "planted-9z"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(PLANT),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["right", "email", "part", "tags"]), inner)
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(values, st.sampled_from([{}, HTML]))
async def test_a_refused_form_is_never_quoted(body: object, accept: dict[str, str]) -> None:
    async with World().client() as asking:
        answer = await asking.post("/v1/asks", json=body, headers=accept)
    assert answer.status_code == 422
    assert PLANT not in answer.text


async def test_malformed_json_and_queries_are_not_quoted(client: httpx.AsyncClient) -> None:
    malformed = await client.post("/v1/asks", content=b'{"planted-9z', headers={"Content-Type": "application/json"})
    assert malformed.status_code == 422
    assert PLANT not in malformed.text
    query = await client.get(f"/v1/things/x?count={PLANT}")
    assert query.json()["errors"] == [{"field": "count", "message": "must be a whole number"}]


async def test_a_span_belongs_to_the_callers_trace_and_holds_no_path(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr("services.runtime.web.watch.trace.get_tracer_provider", lambda: provider)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await client.get("/v1/things/s3cret?count=2", headers={"traceparent": parent})
    await client.get("/v1/broken")
    told, broken = spans.get_finished_spans()
    assert told.name == "GET /v1/things/{token}"
    assert told.kind is SpanKind.SERVER
    assert told.context is not None
    assert f"{told.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert "s3cret" not in told.to_json()
    assert dict(told.attributes or {})["http.response.status_code"] == 200
    assert not broken.status.is_ok
    assert not broken.events
    assert "planted" not in broken.to_json()
