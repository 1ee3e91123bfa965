"""Points in time as people read them: in the owner's zone, with the date in words of the language named."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final = {
    "en": "January February March April May June July August September October November December".split(),  # noqa: SIM905
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),  # noqa: SIM905
}
_DAYS: Final = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),  # noqa: SIM905
    "es": "lunes martes miércoles jueves viernes sábado domingo".split(),  # noqa: SIM905
}
_HALVES: Final = {"en": ("AM", "PM"), "es": ("a. m.", "p. m.")}
_UNITS: Final = {
    "en": (("day", "days"), ("hour", "hours"), ("minute", "minutes")),
    "es": (("día", "días"), ("hora", "horas"), ("minuto", "minutos")),
}
_AWAY: Final = {"en": ("in {}", "{} ago", "now"), "es": ("en {}", "hace {}", "ahora")}
_LENGTHS: Final = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The zone an owner keeps, such as ``America/Denver``. Raises ZoneInfoNotFoundError for an unknown one."""
    return ZoneInfo(name)


def in_words(moment: datetime, zone: str, language: str = "en") -> str:
    """``March 3, 2026, 4:05 PM MST``. Raises ValueError for a time without a zone of its own."""
    local = _local(moment, zone)
    half = _HALVES[language][local.hour // 12]
    return f"{_date(local, language)}, {local.hour % 12 or 12}:{local.minute:02} {half} {local.tzname()}"


def day_in_words(moment: datetime | date, zone: str, language: str = "en") -> str:
    """``Tuesday, March 3, 2026``: the day as it is in ``zone``; a plain date is taken as it stands."""
    local = _local(moment, zone) if isinstance(moment, datetime) else moment
    return f"{_DAYS[language][local.weekday()]}, {_date(local, language)}"


def away(moment: datetime, now: datetime, language: str = "en") -> str:
    """How far ``moment`` lies from ``now``, in its largest unit: ``in 12 days``, ``3 hours ago``, ``now``."""
    ahead, ago, at_once = _AWAY[language]
    distance = abs(moment - now)
    for unit, (one, many) in zip(_LENGTHS, _UNITS[language], strict=True):
        if count := distance // unit:
            return (ahead if moment > now else ago).format(f"{count} {one if count == 1 else many}")
    return at_once


def _date(local: date, language: str) -> str:
    month = _MONTHS[language][local.month - 1]
    return f"{local.day} de {month} de {local.year}" if language == "es" else f"{month} {local.day}, {local.year}"


def _local(moment: datetime, zone: str) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone")
    return moment.astimezone(zone_of(zone))
