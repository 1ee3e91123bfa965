"""Points in time as people read them: in the owner's zone, with the date in words."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_DAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The zone an owner keeps, such as ``America/Denver``. Raises ZoneInfoNotFoundError for an unknown one."""
    return ZoneInfo(name)


def in_words(moment: datetime, zone: str) -> str:
    """``March 3, 2026, 4:05 PM MST``. Raises ValueError for a time without a zone of its own."""
    local = _local(moment, zone)
    hour = local.hour % 12 or 12
    half = "AM" if local.hour < 12 else "PM"
    return f"{_date(local)}, {hour}:{local.minute:02} {half} {local.tzname()}"


def day_in_words(moment: datetime | date, zone: str) -> str:
    """``Tuesday, March 3, 2026``: the day as it is in ``zone``; a plain date is taken as it stands."""
    local = _local(moment, zone) if isinstance(moment, datetime) else moment
    return f"{_DAYS[local.weekday()]}, {_date(local)}"


def away(moment: datetime, now: datetime) -> str:
    """How far ``moment`` lies from ``now``, in its largest unit: ``in 12 days``, ``3 hours ago``, ``now``."""
    distance = abs(moment - now)
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        count = distance // unit
        if count:
            words = f"{count} {name}" if count == 1 else f"{count} {name}s"
            return f"in {words}" if moment > now else f"{words} ago"
    return "now"


def _date(local: date) -> str:
    return f"{_MONTHS[local.month - 1]} {local.day}, {local.year}"


def _local(moment: datetime, zone: str) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone")
    return moment.astimezone(zone_of(zone))
