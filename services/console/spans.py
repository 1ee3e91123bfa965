"""The spans the console was sent, in a table of their own: they come from no log, and are kept for some days."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from fastapi import Request
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    and_,
    case,
    delete,
    func,
    select,
)

from services.runtime.database import create_tables, engine, insert_all_once, writing
from services.runtime.web.state import floor_of

TRACES_SHOWN: Final = 50
SPANS_SHOWN: Final = 1000
"""Of one request. No page could show more."""

DAY: Final = 86400
_SPANS = MetaData()

SPANS = Table(
    "console_spans",
    _SPANS,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("taken_at", BigInteger, nullable=False, index=True),
    Column("trace_id", String, nullable=False),
    Column("span_id", String, nullable=False),
    Column("parent_id", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("service", String, nullable=False),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("took", BigInteger, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("reason", String, nullable=False),
    Column("links", JSON, nullable=False),
    Column("attributes", JSON, nullable=False),
    UniqueConstraint("trace_id", "span_id"),
    Index("console_spans_by_request", "request_id", "trace_id"),
    sqlite_autoincrement=True,
)
"""One row per span. ``number`` only grows, so that the oldest are one range of the key, cheap to delete."""


@dataclass(frozen=True, slots=True)
class Span:
    """A step of a trace: when it ``began`` (nanoseconds since 1970) and how long it ``took`` (nanoseconds).

    ``links`` are pairs of trace id and span id. ``request_id`` is empty for a step that names no request.
    """

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    began: int
    took: int
    kind: str = "internal"
    request_id: str = ""
    failed: bool = False
    reason: str = ""
    links: Sequence[Sequence[str]] = ()
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """Nanoseconds since 1970."""
        return self.began + self.took


_FIELDS: Final = tuple(each.name for each in fields(Span))


class Spans:
    """At most ``most`` spans, none older than ``days``. Methods block on the database."""

    def __init__(self, engine: Engine, *, most: int, days: int, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._most, self._days, self._clock = engine, most, days, clock
        create_tables(engine, _SPANS)

    def keep(self, spans: Iterable[Span]) -> None:
        """Keeps these, each once, and lets go of what is too old or too much in the same transaction."""
        now = int(self._clock())
        rows = [{"taken_at": now} | {name: getattr(span, name) for name in _FIELDS} for span in spans]
        with writing(self._engine) as connection:
            insert_all_once(connection, SPANS, rows)
            self._let_go(connection)

    def of_request(self, request_id: str, also: Iterable[str] = ()) -> list[Span]:
        """Every span of every trace in which something was done for the request, and of the traces ``also``, in order.

        Traces in which it was only looked at, as open pages do all the time, are left out.
        """
        looking = and_(SPANS.c.kind == "server", SPANS.c.name.like("GET %"))
        acted = func.sum(case((looking, 0), else_=1)) > 0
        of_it = select(SPANS.c.trace_id).where(SPANS.c.request_id == request_id).group_by(SPANS.c.trace_id)
        with self._engine.connect() as connection:
            found = connection.execute(
                of_it.having(acted).order_by(func.min(SPANS.c.began)).limit(TRACES_SHOWN)
            ).scalars()
            traces = list(dict.fromkeys([*also, *found]))[:TRACES_SHOWN]
            every = select(SPANS).where(SPANS.c.trace_id.in_(traces), SPANS.c.taken_at >= self._oldest())
            rows = connection.execute(every.order_by(SPANS.c.began, SPANS.c.number).limit(SPANS_SHOWN)).mappings().all()
        return [Span(**{name: row[name] for name in _FIELDS}) for row in rows]

    def count(self) -> int:
        """How many are kept."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(SPANS)).scalar_one()

    def _let_go(self, connection: Connection) -> None:
        newest = connection.execute(select(func.max(SPANS.c.number))).scalar() or 0
        connection.execute(delete(SPANS).where(SPANS.c.number <= newest - self._most))
        connection.execute(delete(SPANS).where(SPANS.c.taken_at < self._oldest()))

    def _oldest(self) -> int:
        return int(self._clock()) - self._days * DAY


def spans_of(request: Request) -> Spans:
    """Dependency: the spans of this console. A file of their own, so that they never hold up the read model."""
    known: Spans | None = getattr(request.app.state, "spans", None)
    if known is None:
        here = floor_of(request).settings
        known = Spans(engine(here.database_of("traces")), most=here.trace_spans, days=here.trace_days)
        request.app.state.spans = known
    return known
