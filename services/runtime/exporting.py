"""Where a process sends its spans: to the console, to another receiver of OTLP, or to both."""

import hmac
import logging
import os
from collections import deque
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import httpx
import structlog
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import Counter

from services.runtime.settings import Settings

ELSEWHERE: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""OpenTelemetry's own variables. One that is set names a receiver, which then gets the spans instead of the console."""

PATIENCE: Final = 2.0
"""Seconds the console has to take a batch."""

KEPT_BACK: Final = 4
"""Batches that wait for a console that does not answer; of more, the oldest are lost."""

DELAY_MS: Final = 2000
"""Milliseconds a span waits for others, where ``OTEL_BSP_SCHEDULE_DELAY`` does not say it."""

LOST = Counter("habeas_spans_lost", "Spans nobody took: the console was out of reach for too long")

log = structlog.get_logger()


def token_of(here: Settings) -> str:
    """What a service shows the console with its spans. It follows from the session secret, which both have."""
    return hmac.new(here.session_secret.get_secret_value(), b"habeas-traces", sha256).hexdigest()


def is_elsewhere(environment: Mapping[str, str] = os.environ) -> bool:
    """True if the environment names a receiver other than the console."""
    return any(environment.get(name) for name in ELSEWHERE)


def to_console(here: Settings, environment: Mapping[str, str] = os.environ) -> bool:
    """True if the console is sent every span."""
    return here.traces == "both" or (here.traces != "off" and not is_elsewhere(environment))


def processors(here: Settings, environment: Mapping[str, str] = os.environ) -> list[BatchSpanProcessor]:
    """One for each place the spans go to. None of them waits for its receiver while the service works."""
    exporters: list[SpanExporter] = []
    if here.traces != "off" and is_elsewhere(environment):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)  # each try again would be a line
        exporters.append(OTLPSpanExporter())
    if to_console(here, environment):
        exporters.append(ToConsole(f"{here.url_of('console')}/v1/traces", token_of(here)))
    delay = None if "OTEL_BSP_SCHEDULE_DELAY" in environment else DELAY_MS
    return [BatchSpanProcessor(exporter, schedule_delay_millis=delay) for exporter in exporters]


class ToConsole(SpanExporter):
    """Posts batches to the console, each once at a time: what it does not take goes with the next one, up to a limit.

    OpenTelemetry's own exporter tries again by itself and waits in between, also when the process is to stop.
    """

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-protobuf"}
        self._http = httpx.Client(headers=headers, timeout=PATIENCE, trust_env=False, transport=transport)
        self._url = url
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._reached = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Called by one thread at a time, never by the service's own."""
        self._waiting.append((len(spans), encode_spans(spans).SerializePartialToString()))
        while self._waiting:
            if not self._posted(self._waiting[0][1]):
                self._say(reached=False)
                while len(self._waiting) > KEPT_BACK:
                    LOST.inc(self._waiting.popleft()[0])
                return SpanExportResult.FAILURE
            self._waiting.popleft()
        self._say(reached=True)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """What is still kept back is lost."""
        LOST.inc(sum(count for count, _ in self._waiting))
        self._http.close()

    def _posted(self, body: bytes) -> bool:
        """False if the console may take it later. What it refuses for good is not kept."""
        try:
            answer = self._http.post(self._url, content=body)
        except (httpx.HTTPError, RuntimeError):  # RuntimeError: closed while the process ends
            return False
        return answer.status_code < 500 and answer.status_code not in {401, 408, 429}

    def _say(self, *, reached: bool) -> None:
        if reached is not self._reached:
            self._reached = reached
            log.info("spans reach the console again" if reached else "the console is out of reach; spans may be lost")
