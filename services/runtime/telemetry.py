"""Traces and logs: what an operator sees of a process, free of personal data by construction."""

import logging
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from schemas.base import Fact
from schemas.cause import Effect
from schemas.envelope import Envelope
from services.runtime import metrics
from services.runtime.aggregate import Aggregate, Stamp
from services.runtime.handling import stamped

_PROPAGATOR = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("habeas")


def start(service: str, level: str) -> None:
    """Sets up logs (JSON lines on stderr) and traces (OTLP where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says so)."""
    stamps: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
        stamped,
    ]
    structlog.configure(
        processors=[*stamps, _one_line_exceptions, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamps, processors=[_without_message_arguments, structlog.processors.JSONRenderer()]
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    provider = TracerProvider(resource=Resource({"service.name": f"habeas-{service}"}))
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def stop(within: float = 2.0) -> None:
    """Hands over the spans that are still held back; a collector that does not answer gets ``within`` seconds."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        closing = threading.Thread(target=provider.shutdown, daemon=True)
        closing.start()
        closing.join(within)


def _with_trace(_logger: object, _method: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = f"{context.trace_id:032x}"
    return line


def _one_line_exceptions(_logger: object, _method: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    """An exception is told by its type and place; its message may quote what a person wrote."""
    raised = line.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()[1]
    if isinstance(raised, BaseException):
        line["error"] = type(raised).__name__
        line["at"] = place_of(raised)
    return line


def _without_message_arguments(
    _logger: object, _method: str, line: structlog.types.EventDict
) -> structlog.types.EventDict:
    record = line.pop("_record", None)
    line.pop("_from_structlog", None)
    if isinstance(record, logging.LogRecord):
        line["logger"] = record.name
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = type(record.exc_info[1]).__name__
            line["at"] = place_of(record.exc_info[1])
            record.exc_info = None
        line.pop("exc_info", None)
    return line


def place_of(error: BaseException) -> str:
    """The innermost place an exception passed, as ``file:line in function``."""
    last = error.__traceback__
    if last is None:
        return ""
    while last.tb_next is not None:
        last = last.tb_next
    code = last.tb_frame.f_code
    return f"{os.path.basename(code.co_filename)}:{last.tb_lineno} in {code.co_name}"


def current_traceparent() -> str:
    """The trace context of what is being done now, as W3C ``traceparent``; empty outside a span."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent", "")


def context_of(traceparent: str) -> SpanContext | None:
    """The span a ``traceparent`` names; None if it names none."""
    context = trace.get_current_span(_PROPAGATOR.extract({"traceparent": traceparent})).get_span_context()
    return context if context.is_valid else None


@contextmanager
def traced_event(service: str, event: Fact, cause: Envelope, before: Aggregate | None) -> Iterator[str]:
    """A span around the writing of an event, child of the cause's. A trace that a person's act began links back to
    the one that waited for it. Yields the traceparent the event carries.
    """
    links = _links(cause.traceparent, before.stamp if before else None)
    with _tracer.start_as_current_span(
        f"{service} {type(event).__name__}",
        context=_PROPAGATOR.extract({"traceparent": cause.traceparent}),
        kind=SpanKind.CONSUMER,
        links=links,
        attributes=_attributes(cause.subject, cause.owner, cause.type),
    ):
        metrics.EVENTS.labels(service, event.TYPE).inc()
        yield current_traceparent()


@contextmanager
def traced_effect(service: str, effect: Effect, stamp: Stamp) -> Iterator[None]:
    """A span around the doing of an effect, child of the event that made it due."""
    with _tracer.start_as_current_span(
        f"{service} {type(effect).__name__}",
        context=_PROPAGATOR.extract({"traceparent": stamp.trace}),
        attributes={**_attributes(stamp.subject, stamp.owner, ""), "habeas.effect": effect.id},
    ):
        yield


def headers() -> dict[str, str]:
    """The trace context as HTTP headers, for a call to another system."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier


def _links(traceparent: str, stamp: Stamp | None) -> list[Link]:
    earlier = context_of(stamp.trace) if stamp else None
    now = context_of(traceparent)
    if earlier is None or now is None or earlier.trace_id == now.trace_id:
        return []
    return [Link(earlier)]


def _attributes(subject: str, owner: str, cause_type: str) -> Mapping[str, str]:
    named = {"habeas.request": subject, "habeas.owner": owner, "habeas.cause": cause_type}
    return {name: value for name, value in named.items() if value}
