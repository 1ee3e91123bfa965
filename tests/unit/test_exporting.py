"""Where spans go, and what a console that is not there costs."""

import time
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretBytes

from services.runtime import exporting
from services.runtime.exporting import KEPT_BACK, LOST, ToConsole, processors, to_console, token_of
from services.runtime.settings import Settings

OTLP = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


def settings(traces: str = "", secret: bytes = b"s" * 32) -> Settings:
    return Settings.model_construct(traces=traces, session_secret=SecretBytes(secret), port_base=13900)


def spans(*names: str) -> list[ReadableSpan]:
    """Finished spans of these names."""
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    for name in names:
        provider.get_tracer("test").start_span(name).end()
    return list(memory.get_finished_spans())


class Console:
    """What answers the posts; ``answers`` is a status, or nothing where nobody listens."""

    def __init__(self, answers: int | None = 200) -> None:
        self.answers = answers
        self.taken: list[str] = []
        self.headers: dict[str, str] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.answers is None:
            raise httpx.ConnectError("nobody listens")
        self.headers = dict(request.headers)
        if self.answers == 200:
            message = ExportTraceServiceRequest.FromString(request.content)
            self.taken += [span.name for span in message.resource_spans[0].scope_spans[0].spans]
        return httpx.Response(self.answers)


def sender(console: Console) -> ToConsole:
    return ToConsole("http://console/v1/traces", "the-token", httpx.MockTransport(console))


@pytest.mark.parametrize(
    ("traces", "environment", "here", "places"),
    [("", {}, True, 1), ("", OTLP, False, 1), ("both", OTLP, True, 2), ("both", {}, True, 1), ("off", OTLP, False, 0)],
)
def test_spans_go_where_the_settings_say(traces: str, environment: dict[str, str], here: bool, places: int) -> None:
    made = processors(settings(traces), environment)
    for one in made:
        one.shutdown()
    assert (to_console(settings(traces), environment), len(made)) == (here, places)


def test_the_token_follows_from_the_session_secret_and_does_not_show_it() -> None:
    token = token_of(settings())
    assert token == token_of(settings())
    assert token != token_of(settings(secret=b"t" * 32))
    assert b"s" * 32 not in bytes.fromhex(token)


def test_a_batch_is_posted_with_the_token() -> None:
    console = Console()
    assert sender(console).export(spans("a", "b")) is SpanExportResult.SUCCESS
    assert console.taken == ["a", "b"]
    assert console.headers["authorization"] == "Bearer the-token"


@pytest.mark.parametrize("trouble", [None, 503, 401])
def test_what_a_console_cannot_take_now_goes_with_the_next_batch_and_is_said_once(
    trouble: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(exporting, "log", type("Log", (), {"info": staticmethod(said.append)}))
    console = Console(trouble)
    to = sender(console)
    for name in "abc":
        assert to.export(spans(name)) is SpanExportResult.FAILURE
    console.answers = 200
    assert to.export(spans("d")) is SpanExportResult.SUCCESS
    assert console.taken == ["a", "b", "c", "d"]
    assert said == ["the console is out of reach; spans may be lost", "spans reach the console again"]


def test_only_some_batches_are_kept_back_and_the_rest_is_counted() -> None:
    console, before = Console(None), _lost()
    to = sender(console)
    for number in range(KEPT_BACK + 3):
        to.export(spans(f"{number}"))
    assert _lost() - before == 3
    console.answers = 200
    to.export(spans("last"))
    assert console.taken == ["3", "4", "5", "6", "last"]


def test_a_batch_refused_for_good_is_not_sent_again() -> None:
    console = Console(400)
    assert sender(console).export(spans("a")) is SpanExportResult.SUCCESS


def test_a_console_that_is_not_there_does_not_hold_up_the_end() -> None:
    provider = TracerProvider()
    for one in processors(settings(), {}):
        provider.add_span_processor(one)
    for _ in range(600):
        provider.get_tracer("test").start_span("a").end()
    began = time.monotonic()
    provider.shutdown()
    assert time.monotonic() - began < 1


def _lost() -> float:
    found: Any = LOST._value.get()
    return float(found)
