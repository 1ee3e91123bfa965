"""The span of an event: it is over as soon as it has begun, and there are thousands a second.

OpenTelemetry's tracer makes a span that may be changed, guarded and asked while it runs: more work than to decide
an event. What is recorded here is the same :class:`ReadableSpan`, made once, when it is over.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags

SCOPE: Final = InstrumentationScope("habeas")
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Where finished spans go: set once, when the process starts. Without one nothing is traced."""

    resource: Resource
    processors: Sequence[SpanProcessor]

    def below(self, above: SpanContext | None) -> SpanContext:
        """A new span's ids: a child of ``above``, sampled as that is, or the first of a trace."""
        span_id = random.getrandbits(64) or 1
        if above is None:
            return SpanContext(random.getrandbits(128) or 1, span_id, is_remote=False, trace_flags=_SAMPLED)
        return SpanContext(above.trace_id, span_id, is_remote=False, trace_flags=above.trace_flags)

    def record(
        self,
        name: str,
        context: SpanContext,
        above: SpanContext | None,
        began: int,
        attributes: dict[str, str],
        links: Sequence[Link],
    ) -> None:
        """Hands over a span that began at ``began`` (nanoseconds since 1970) and ends now."""
        if not context.trace_flags.sampled:
            return
        span = ReadableSpan(
            name,
            context,
            above,
            self.resource,
            attributes,
            links=links,
            kind=SpanKind.CONSUMER,
            start_time=began,
            end_time=time.time_ns(),
            instrumentation_scope=SCOPE,
        )
        for processor in self.processors:
            processor.on_end(span)
