"""A receiver of traces: the OTLP/HTTP endpoint that the stack under test sends its spans to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """A span as it arrived."""

    service: str
    name: str
    trace: str
    span: str
    parent: str
    links: tuple[str, ...]
    attributes: dict[str, str]


@dataclass
class Receiver:
    """Every span received so far. ``raw`` holds the requests' bytes, to search them for what must not be there."""

    port: int
    spans: list[Span] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def of_request(self, request_id: str) -> list[Span]:
        """The spans that carry this request's id."""
        return [span for span in self.spans if span.attributes.get("habeas.request") == request_id]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of loopback, until the end of the block."""

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            receiver.raw.append(raw)
            receiver.spans.extend(_spans(raw))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _spans(raw: bytes) -> Iterator[Span]:
    message = ExportTraceServiceRequest.FromString(raw)
    for resource in message.resource_spans:
        named = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    named.get("service.name", ""),
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    tuple(link.trace_id.hex() for link in span.links),
                    {one.key: one.value.string_value for one in span.attributes},
                )
