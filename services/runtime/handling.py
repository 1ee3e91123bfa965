"""What is being handled now, so that every log line written meanwhile says for which request and in which trace."""

from contextvars import ContextVar
from typing import Final, NamedTuple

import structlog


class Handled(NamedTuple):
    """The subject of a cause or an effect, and the ``traceparent`` it came with."""

    request: str
    traceparent: str
    effect: str = ""


HANDLED: Final[ContextVar[Handled | None]] = ContextVar("handled", default=None)
"""Set around a cause and an effect: cheaper than binding names for lines that are hardly ever written."""


def stamped(_logger: object, _method: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    """Adds ``request``, ``effect`` and, outside a span, ``trace_id`` to a log line. What the line says itself stays."""
    handled = HANDLED.get()
    if handled is not None:
        named = {"request": handled.request, "effect": handled.effect, "trace_id": _trace_of(handled.traceparent)}
        for name, value in named.items():
            if value:
                line.setdefault(name, value)
    return line


def _trace_of(traceparent: str) -> str:
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else ""
