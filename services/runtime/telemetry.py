"""Traces and logs: what an operator sees of a process, free of personal data by construction."""

import logging
import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from schemas.base import Fact
from schemas.cause import Effect
from schemas.envelope import Envelope
from services.runtime import metrics
from services.runtime.aggregate import Aggregate, Stamp
from services.runtime.event_span import Recorder
from services.runtime.handling import stamped

_PROPAGATOR = TraceContextTextMapPropagator()
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_tracer = trace.get_tracer("habeas")
_recorder: Recorder | None = None


def start(service: str, level: str, processors: Iterable[SpanProcessor] = ()) -> None:
    """Sets up logs (JSON lines on stderr) and traces; ``processors`` send the spans where they go."""
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
    resource, processors = Resource({"service.name": f"habeas-{service}"}), tuple(processors)
    provider = TracerProvider(resource=resource)
    for processor in processors:
        provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    global _recorder  # noqa: PLW0603 — the process has one, as OpenTelemetry has one provider
    _recorder = Recorder(resource, processors)


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
    return traceparent_of(trace.get_current_span().get_span_context())


def traceparent_of(context: SpanContext) -> str:
    """A span as W3C ``traceparent``; empty for none."""
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def context_of(traceparent: str) -> SpanContext | None:
    """The span a ``traceparent`` names; None if it names none."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    flags = TraceFlags(int(found[3], 16))
    context = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=flags)
    return context if context.is_valid else None


def _within(context: SpanContext | None) -> Context:
    """What a child of that span is started in; a new trace for None."""
    return trace.set_span_in_context(NonRecordingSpan(context)) if context else Context()


@dataclass(slots=True)
class EventSpan:
    """The span of an event that is being written: its ids, and those of the span above it."""

    began: int
    above: SpanContext | None
    context: SpanContext | None

    @property
    def traceparent(self) -> str:
        """What the event carries; empty where nothing is traced."""
        return traceparent_of(self.context) if self.context else ""


def begin_event(cause: Envelope) -> EventSpan:
    """A span below the cause's; without a recorder the cause's own."""
    above = context_of(cause.traceparent)
    return EventSpan(time.time_ns(), above, _recorder.below(above) if _recorder else above)


def end_event(span: EventSpan, service: str, event: Fact, cause: Envelope, before: Aggregate | None) -> None:
    """Records the span. A trace that a person's act began links back to the one that waited for it."""
    metrics.written(service, event.TYPE).inc()
    if _recorder is not None and span.context is not None:
        name, links = f"{service} {type(event).__name__}", _links(span.above, before.stamp if before else None)
        attributes = _attributes(cause.subject, cause.owner, cause.type)
        _recorder.record(name, span.context, span.above, span.began, attributes, links)


@contextmanager
def traced_effect(service: str, effect: Effect, stamp: Stamp) -> Iterator[None]:
    """A span around the doing of an effect, child of the event that made it due."""
    with (
        _tracer.start_as_current_span(
            f"{service} {type(effect).__name__}",
            context=_within(context_of(stamp.trace)),
            attributes={**_attributes(stamp.subject, stamp.owner, ""), "habeas.effect": effect.id},
            record_exception=False,
            set_status_on_exception=False,
        ) as span,
        _marked(span),
    ):
        yield


@contextmanager
def _marked(span: Span) -> Iterator[None]:
    """Marks the span as failed by what raises, without the exception's message: it may quote what a person wrote."""
    try:
        yield
    except Exception:
        span.set_status(StatusCode.ERROR, "raised")
        raise


def headers() -> dict[str, str]:
    """The trace context as HTTP headers, for a call to another system."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier


def _links(above: SpanContext | None, stamp: Stamp | None) -> list[Link]:
    earlier = context_of(stamp.trace) if stamp and above else None
    return [] if earlier is None or above is None or earlier.trace_id == above.trace_id else [Link(earlier)]


def _attributes(subject: str, owner: str, cause_type: str) -> dict[str, str]:
    named = {"habeas.request": subject, "habeas.owner": owner, "habeas.cause": cause_type}
    return {name: value for name, value in named.items() if value}
