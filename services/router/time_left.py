"""How many open requests have how many days left on each clock (R07), told to whoever watches."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any, Final

import structlog
from sqlalchemy import Column, Engine, Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from services.router.views import CASE_ROWS, OPEN
from services.runtime import metrics
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.metrics import DAYS_LEFT

EVERY: Final = 15.0
"""Seconds between two counts."""

CLOCKS: Final = {"law": CASE_ROWS.c.legal_due, "contract": CASE_ROWS.c.contract_due}

log = structlog.get_logger()


async def keep_counting(floor: Floor) -> None:
    """Counts until cancelled. A count that fails is made up for by the next."""
    database = engine(floor.settings.database_of(floor.service))
    while True:
        try:
            await asyncio.to_thread(count, database, floor.service, datetime.now(UTC).date())
        except SQLAlchemyError as error:
            log.warning("deadlines could not be counted", exc_info=error)
        await asyncio.sleep(EVERY)


def count(database: Engine, service: str, today: date) -> None:
    """Sets every bucket of every clock, the empty ones too. The day is UTC's: an owner's own may be one off."""
    with database.connect() as connection:
        for clock, column in CLOCKS.items():
            found = dict.fromkeys(DAYS_LEFT, 0)
            for due, requests in connection.execute(_due(column)):
                found[left(due, today)] += requests
            for bucket, requests in found.items():
                metrics.DEADLINES.labels(service, clock, bucket).set(requests)


def left(due: date, today: date) -> str:
    """The bucket of a date."""
    days = (due - today).days
    return DAYS_LEFT[sum(days > most for most in (-1, 2, 10, 30))]


def _due(column: Column[Any]) -> Select[tuple[Any, int]]:
    open_ = CASE_ROWS.c.state.in_([str(phase) for phase in OPEN])
    return select(column, func.count()).where(open_, column.is_not(None)).group_by(column)
