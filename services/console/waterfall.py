"""A request's spans as traces: each step under the one that led to it, each trace linked to the one it goes on from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.console.spans import Span
from services.console.words import span as in_words


@dataclass(frozen=True, slots=True)
class Row:
    """A span in its place. ``parent`` and ``after`` are numbers of rows: the step it belongs to, and the linked one.

    ``lost`` says that its parent is not here: not sent yet, aged out, or another system's.
    """

    number: int
    depth: int
    span: Span
    parent: int | None
    after: int | None
    lost: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """What one act set in motion. ``continues`` are the numbers of the traces it is linked to."""

    number: int
    id: str
    rows: tuple[Row, ...]
    continues: tuple[int, ...]

    @property
    def began(self) -> int:
        """Nanoseconds since 1970."""
        return min(row.span.began for row in self.rows)

    @property
    def took(self) -> int:
        """Nanoseconds from its first step's beginning to its last one's end."""
        return max(row.span.ended for row in self.rows) - self.began

    @property
    def failed(self) -> int:
        """How many of its steps failed."""
        return sum(row.span.failed for row in self.rows)


def waterfall(spans: Iterable[Span]) -> tuple[Trace, ...]:
    """The traces in order, their rows numbered through. A link to a later step, or to one not here, is not followed."""
    by_trace: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.began, span.span_id)):
        by_trace.setdefault(span.trace_id, []).append(span)
    numbers: dict[tuple[str, str], int] = {}
    of_trace = {trace_id: number for number, trace_id in enumerate(by_trace, 1)}
    traces = []
    for trace_id, found in by_trace.items():
        rows = tuple(_rows(found, numbers))
        linked = {of_trace[other] for row in rows for other, _ in row.span.links if other in of_trace}
        before = tuple(sorted(number for number in linked if number < of_trace[trace_id]))
        traces.append(Trace(of_trace[trace_id], trace_id, rows, before))
    return tuple(traces)


def _rows(spans: Sequence[Span], numbers: dict[tuple[str, str], int]) -> Iterator[Row]:
    """One trace's rows, depth first; whoever is under itself, which a broken sender may claim, is shown on top."""
    by_id = {span.span_id: span for span in spans}
    children: dict[str, list[Span]] = {}
    for span in spans:
        children.setdefault(span.parent_id if span.parent_id in by_id else "", []).append(span)
    placed: set[str] = set()
    for top in [*children.get("", ()), *spans]:
        waiting = [(top, 0)]
        while waiting:
            span, depth = waiting.pop()
            if span.span_id in placed:
                continue
            placed.add(span.span_id)
            number = numbers[span.trace_id, span.span_id] = len(numbers) + 1
            yield Row(
                number=number,
                depth=depth,
                span=span,
                parent=numbers.get((span.trace_id, span.parent_id)),
                after=next((numbers[link[0], link[1]] for link in span.links if (link[0], link[1]) in numbers), None),
                lost=bool(span.parent_id) and span.parent_id not in by_id,
            )
            waiting += [(child, depth + 1) for child in reversed(children.get(span.span_id, ()))]


def as_json(traces: Iterable[Trace]) -> list[Mapping[str, object]]:
    """The traces as data; durations in milliseconds."""
    return [
        {
            "number": trace.number,
            "trace_id": trace.id,
            "began_at": moment(trace.began),
            "took_ms": trace.took / 1e6,
            "continues": list(trace.continues),
            "spans": [
                {
                    "number": row.number,
                    "parent": row.parent,
                    "after": row.after,
                    "depth": row.depth,
                    "span_id": row.span.span_id,
                    "parent_id": row.span.parent_id,
                    "service": row.span.service,
                    "name": row.span.name,
                    "kind": row.span.kind,
                    "request_id": row.span.request_id,
                    "began_at": moment(row.span.began),
                    "took_ms": row.span.took / 1e6,
                    "failed": row.span.failed,
                    "reason": row.span.reason,
                    "links": [{"trace_id": link[0], "span_id": link[1]} for link in row.span.links],
                    "attributes": row.span.attributes,
                }
                for row in trace.rows
            ],
        }
        for trace in traces
    ]


def moment(nanoseconds: int) -> datetime:
    """Nanoseconds since 1970 as an instant, to the microsecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)


def length(nanoseconds: int) -> str:
    """A duration, such as ``0.3 ms``, ``12 ms`` or ``1.4 s``."""
    if nanoseconds < 10_000_000:
        return f"{nanoseconds / 1e6:.1f} ms"
    return in_words(timedelta(microseconds=nanoseconds // 1000))
