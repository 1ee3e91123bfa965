"""What the pages ask of the read model: requests newest first, one request's events, the pipeline, what was parked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select, tuple_

from schemas.base import Moment
from schemas.request import ALPHABET
from schemas.topics import SERVICES as LANES
from services.console.journey import Journey
from services.console.standing import STAGES, Stage
from services.console.step import of_row
from services.console.views import EVENTS, JOURNAL, PARKED, PARKED_RECORDS, REQUESTS, SERVICES
from services.runtime.database import create_tables, engine
from services.runtime.web.state import floor_of

PAGE: Final = 50
EVENTS_SHOWN: Final = 2000
"""A journey longer than this is cut: no page could show it."""

_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(Moment)
_HEARD_AS = str.maketrans("OIL", "011")
Row = Mapping[str, Any]


class Wanted(BaseModel):
    """A filter of the list, as it stands in the URL."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: Stage | None = None
    owner: str = Field("", max_length=64)
    number: str = Field("", max_length=64)
    service: str = Field("", max_length=16)
    trouble: bool = False
    before: str = Field("", max_length=120)

    def query(self, **changes: object) -> str:
        """The filter as a URL's query, with ``changes``; what is empty is left out."""
        filled = {name: value for name, value in (self.model_dump() | changes).items() if value}
        return f"?{urlencode(filled)}" if filled else ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list; ``older`` is the mark after which the next page begins, empty on the last."""

    rows: tuple[Row, ...]
    older: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """How much each service has said, and how many requests lie with it; how many stand where; what went wrong."""

    events: Mapping[str, int]
    open: Mapping[str, int]
    stages: Mapping[str, int]
    must_act: int
    parked: int
    parked_lately: int

    @property
    def total(self) -> int:
        """How many requests there are."""
        return sum(self.stages.values())


class Rows:
    """The read model. Methods block on the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def requests(self, wanted: Wanted, limit: int = PAGE) -> Listed:
        """The newest first: by the last thing that happened to them. A malformed ``before`` begins at the newest."""
        place = (REQUESTS.c.last_event_at, REQUESTS.c.request_id)
        query = select(REQUESTS).where(*_conditions(wanted)).order_by(*(column.desc() for column in place))
        after = _parse_mark(wanted.before)
        if after is not None:
            query = query.where(tuple_(*place) < after)
        rows = self._all(query.limit(limit + 1))
        return Listed(
            tuple(rows[:limit]), _mark(rows[limit - 1], "last_event_at", "request_id") if len(rows) > limit else ""
        )

    def pipeline(self, since: datetime) -> Pipeline:
        """The five services at work. What was parked is counted in all, and since a time."""
        parked = select(func.count()).select_from(PARKED)
        owed = select(func.count()).select_from(REQUESTS).where(REQUESTS.c.letters_owed > 0)
        acting = select(func.count()).select_from(REQUESTS).where(REQUESTS.c.must_act)
        with self._engine.connect() as connection:
            events = _counts(connection, select(SERVICES.c.service, SERVICES.c.events))
            lying = _counts(connection, select(REQUESTS.c.lies_with, func.count()).group_by(REQUESTS.c.lies_with))
            lying["notifier"] = connection.execute(owed).scalar_one()
            staged = _counts(connection, select(REQUESTS.c.stage, func.count()).group_by(REQUESTS.c.stage))
            return Pipeline(
                events={lane: events.get(lane, 0) for lane in LANES},
                open={lane: lying.get(lane, 0) for lane in LANES},
                stages={stage: staged.get(stage, 0) for stage in STAGES},
                must_act=connection.execute(acting).scalar_one(),
                parked=connection.execute(parked).scalar_one(),
                parked_lately=connection.execute(parked.where(PARKED.c.parked_at > since)).scalar_one(),
            )

    def journey(self, name: str) -> Journey | None:
        """The journey of the request of that id or number; None if there is none."""
        ids = [row["request_id"] for row in self._all(select(REQUESTS).where(_named(name)).limit(2))]
        if len(ids) != 1:
            return None
        of_it = select(EVENTS).where(EVENTS.c.request_id == ids[0])
        rows = self._all(of_it.order_by(EVENTS.c.recorded_at).limit(EVENTS_SHOWN))
        return Journey(of_row(row) for row in rows) if rows else None

    def parked(self, before: str = "", limit: int = PAGE) -> Listed:
        """What was parked, the newest first."""
        place = (PARKED.c.parked_at, PARKED.c.id)
        query = select(PARKED).order_by(*(column.desc() for column in place))
        after = _parse_mark(before)
        if after is not None:
            query = query.where(tuple_(*place) < after)
        rows = self._all(query.limit(limit + 1))
        return Listed(tuple(rows[:limit]), _mark(rows[limit - 1], "parked_at", "id") if len(rows) > limit else "")

    def parked_record(self, parked_id: str) -> Row | None:
        """One parked record; None if there is none of that id."""
        found = self._all(select(PARKED).where(PARKED.c.id == parked_id))
        return found[0] if found else None

    def _all(self, query: Select[Any]) -> list[Row]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def rows_of(request: Request) -> Rows:
    """Dependency: the console's read model. Its tables are there even while nothing has been read yet."""
    known: Rows | None = getattr(request.app.state, "console_rows", None)
    if known is None:
        database = engine(floor_of(request).settings.database_of("console"))
        for view in (JOURNAL, PARKED_RECORDS):
            create_tables(database, view.metadata)
        known = request.app.state.console_rows = Rows(database)
    return known


def as_number(text: str) -> str:
    """A number, or the beginning of one, as it was said on the telephone: ``7k4m q2zd`` as ``HB-7K4M-Q2ZD``."""
    letters = re.sub(r"[^A-Z0-9]", "", text.upper()).removeprefix("HB").translate(_HEARD_AS)
    if not letters or len(letters) > 8 or set(letters) - set(ALPHABET):
        return ""
    return f"HB-{letters[:4]}-{letters[4:]}" if len(letters) > 4 else f"HB-{letters}"


def _counts(connection: Connection, query: Select[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(query)}


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    columns = REQUESTS.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.state:
        conditions.append(columns.stage == wanted.state)
    if wanted.owner:
        conditions.append(columns.owner == wanted.owner)
    if wanted.number.strip():
        conditions.append(_named(wanted.number, whole=False))
    if wanted.service == "notifier":
        conditions.append(columns.letters_owed > 0)
    elif wanted.service:
        conditions.append(columns.lies_with == wanted.service)
    if wanted.trouble:
        conditions.append(columns.must_act)
    return conditions


def _named(name: str, *, whole: bool = True) -> ColumnElement[bool]:
    """Requests of that id, or of that number or beginning of a number."""
    number = as_number(name)
    if not number:
        return REQUESTS.c.request_id == name.strip()
    return REQUESTS.c.number == number if whole else REQUESTS.c.number.startswith(number, autoescape=True)


def _mark(row: Row, moment: str, name: str) -> str:
    return f"{row[moment].isoformat()}~{row[name]}"


def _parse_mark(text: str) -> tuple[datetime, str] | None:
    moment, tilde, name = text.partition("~")
    try:
        return (_MOMENT.validate_python(moment), name) if tilde else None
    except ValidationError:
        return None
