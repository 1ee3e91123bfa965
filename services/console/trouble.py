"""When somebody must act, and what to do: the only reasons for which anything on the map is red."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.console.vitals import Vitals
from services.console.words import count, waited
from services.runtime.metrics import BY_NAME

SILENT, UNHANDLED, EFFECT = 15.0, 30.0, 300.0
"""Seconds from which a process without an answer, the oldest unread record, and the oldest effect owed need somebody. A
process that ended is back before its time is over."""

TAKING_UP: Final = 30.0
"""Seconds that partitions may be held by nobody: a replica that ended is given up after ten, then others recover."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that does not mend itself. ``service`` is where on the map; empty for the whole of it."""

    service: str
    what: str
    act: str
    link: str = ""


def of_services(seen: Mapping[str, Vitals], partitions: int, short_since: Mapping[str, float]) -> Iterator[Trouble]:
    """What is wrong with the services. ``short_since``: for how many seconds a service has held too few partitions."""
    for name, service in seen.items():
        title = name.capitalize()
        if service.silent_for > SILENT:
            yield Trouble(name, _silent(title, service), _SILENT)
        if service.heard and service.partitions < partitions and short_since.get(name, 0.0) > TAKING_UP:
            missing = count(partitions - service.partitions, "partition")
            yield Trouble(name, f"{title}: {missing} of {partitions} held by nobody", _act("habeas_partitions_held"))
        if service.oldest_unhandled > UNHANDLED:
            for_ = waited(service.oldest_unhandled)
            yield Trouble(name, f"{title} has not read on for {for_}", _act("habeas_oldest_unhandled_seconds"))
        if service.oldest_effect > EFFECT:
            for_ = waited(service.oldest_effect)
            yield Trouble(name, f"{title} has owed an effect for {for_}", _act("habeas_oldest_effect_seconds"))


def of_requests(deadlines: Mapping[tuple[str, str], int], must_act: int, parked: int) -> Iterator[Trouble]:
    """What is wrong with requests: those past a date, letters nobody can deliver, what was parked since yesterday."""
    for clock, word in (("law", "the law’s"), ("contract", "the contract’s")):
        if late := deadlines.get((clock, "late"), 0):
            yield Trouble("router", f"{count(late, 'request')} past {word} date", _act("habeas_deadlines"))
    if must_act:
        has = "request has" if must_act == 1 else "requests have"
        what = f"{must_act} {has} a letter that cannot be delivered"
        yield Trouble("notifier", what, "Find another way to reach the person, or the owner.", "/console?trouble=true")
    if parked:
        what = f"{parked} {'record was' if parked == 1 else 'records were'} parked since yesterday"
        yield Trouble("", what, "What was asked for has not happened: see where, and why.", "/console/parked")


def _silent(title: str, service: Vitals) -> str:
    who = title if service.processes == 1 else f"{title}: one of {service.processes} processes"
    return f"{who} has not answered for {waited(service.silent_for)}"


def _act(metric: str) -> str:
    """What the registry says is to be done; what it says before the colon is the condition."""
    said = BY_NAME[metric].act.partition(": ")[2]
    return said[:1].upper() + said[1:]


_SILENT: Final = "Nothing is lost meanwhile. It is not coming back by itself: see its log, then restart it."
