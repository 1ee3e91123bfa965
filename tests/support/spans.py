"""Spans as a service would send them: in OpenTelemetry's own messages."""

from collections.abc import Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

BEGAN = 1_772_557_200_000_000_000
MILLISECOND = 1_000_000
KINDS = {
    "internal": trace_pb2.Span.SPAN_KIND_INTERNAL,
    "server": trace_pb2.Span.SPAN_KIND_SERVER,
    "client": trace_pb2.Span.SPAN_KIND_CLIENT,
    "consumer": trace_pb2.Span.SPAN_KIND_CONSUMER,
}


def sent(
    name: str,
    *,
    trace: int = 1,
    span: int = 1,
    parent: int = 0,
    after: float = 0,
    took: float = 10,
    kind: str = "consumer",
    request: str = "",
    failed: str | None = None,
    link: tuple[int, int] | None = None,
    **attributes: str | int,
) -> trace_pb2.Span:
    """A span ``after`` milliseconds that ``took`` as many; ids are small numbers."""
    began = BEGAN + int(after * MILLISECOND)
    made = trace_pb2.Span(
        trace_id=trace.to_bytes(16, "big"), span_id=span.to_bytes(8, "big"), name=name, kind=KINDS[kind],
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        start_time_unix_nano=began, end_time_unix_nano=began + int(took * MILLISECOND),
    )  # fmt: skip
    for key, value in (({"habeas.request": request} if request else {}) | attributes).items():
        held = made.attributes.add(key=key.replace("__", ".")).value
        if isinstance(value, int):
            held.int_value = value
        else:
            held.string_value = value
    if failed is not None:
        made.status.code = trace_pb2.Status.STATUS_CODE_ERROR
        made.status.message = failed
    if link:
        made.links.add(trace_id=link[0].to_bytes(16, "big"), span_id=link[1].to_bytes(8, "big"))
    return made


def export(service: str, *spans: trace_pb2.Span) -> bytes:
    """What a service posts."""
    return exports({service: spans})


def exports(by_service: dict[str, Iterable[trace_pb2.Span]]) -> bytes:
    """What a collector posts that gathered from several services."""
    message = ExportTraceServiceRequest()
    for service, spans in by_service.items():
        resource = message.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = f"habeas-{service}"
        resource.scope_spans.add().spans.extend(spans)
    return message.SerializeToString()
