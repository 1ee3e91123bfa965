"""What the metrics of a service's processes say of it, as numbers an operator can act on."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from services.runtime.metrics import BY_NAME

ASKED: Final = tuple(
    BY_NAME[name].sample
    for name in (
        "habeas_events", "habeas_sent", "habeas_effects", "habeas_lag_records", "habeas_oldest_unhandled_seconds",
        "habeas_partitions_held", "habeas_effects_owed", "habeas_oldest_effect_seconds", "habeas_comebacks",
        "habeas_deadlines", "habeas_pss_bytes", "habeas_cpu_seconds",
    )
)  # fmt: skip
"""The samples the console asks for; everything else stays where it is."""

WINDOW: Final = 10.0
"""Seconds over which rates are told: long enough to be calm, short enough to be now."""

SILENT_AFTER: Final = 1.5
"""Seconds after an unanswered question from which a process counts as not answering."""

Key = tuple[str, tuple[tuple[str, str], ...]]
Numbers = Mapping[Key, float]


def numbers(text: str) -> dict[Key, float]:
    """The samples of a scrape by name and labels. Raises ValueError for what is no metrics."""
    wanted = "\n".join(line for line in text.splitlines() if line.startswith(ASKED))
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(wanted + "\n")
        for sample in family.samples
    }


@dataclass(slots=True)
class Process:
    """One process as the console hears it. Times are seconds of one steady clock."""

    service: str
    url: str
    unanswered: float | None = None
    """When the first of the questions was put to it that it has not answered."""
    refused: bool = False
    history: deque[tuple[float, Numbers]] = field(default_factory=deque)

    def asked(self, now: float) -> None:
        """A question was put to it."""
        self.unanswered = now if self.unanswered is None else self.unanswered

    def told(self, now: float, said: Numbers) -> None:
        """It answered. A counter that went backwards is another life: what was before says nothing of a rate."""
        self.unanswered, self.refused = None, False
        if self.history and _went_back(self.history[-1][1], said):
            self.history.clear()
        self.history.append((now, said))
        while len(self.history) > 2 and now - self.history[1][0] >= WINDOW:
            self.history.popleft()

    def failed(self, *, refused: bool) -> None:
        """It did not answer. ``refused``: nothing listens there, which needs no patience to be sure of."""
        self.refused = refused

    def silent_for(self, now: float) -> float:
        """Seconds for which it has owed an answer; 0 while there is hope."""
        since = 0.0 if self.unanswered is None else now - self.unanswered
        return since if self.refused or since > SILENT_AFTER else 0.0


@dataclass(frozen=True, slots=True)
class Vitals:
    """A service: the sum of its processes that answer. Ages are the worst of them, in seconds."""

    service: str
    processes: int
    heard: int
    silent: int
    silent_for: float
    rates: Mapping[tuple[str, str], float]
    """Sample name and type, or kind → per second."""
    moved: frozenset[tuple[str, str]]
    """The same names, of what was counted since the sample before the last."""
    lag: Mapping[str, int]
    oldest_unhandled: float
    partitions: int
    owed: int
    later: int
    oldest_effect: float
    comebacks: Mapping[str, int]
    deadlines: Mapping[tuple[str, str], int]
    pss: float
    cpu: float

    @property
    def events(self) -> float:
        """Events per second written to its log."""
        return self.rate("habeas_events_total")

    @property
    def unheard(self) -> bool:
        """True before any of its processes has answered, or failed to."""
        return not self.silent and not self.heard

    @property
    def waiting(self) -> int:
        """Records of all its sources that are not read."""
        return sum(self.lag.values())

    def moves(self, sample: str, *kinds: str) -> bool:
        """True if some of these were counted just now."""
        return any(name == sample and (not kinds or kind in kinds) for name, kind in self.moved)

    def rate(self, sample: str, *kinds: str) -> float:
        """Per second, of some types or of all."""
        return sum(rate for (name, kind), rate in self.rates.items() if name == sample and (not kinds or kind in kinds))


def vitals(service: str, processes: Iterable[Process], now: float) -> Vitals:
    """What is known of a service now."""
    mine = [process for process in processes if process.service == service]
    silent = [for_ for process in mine if (for_ := process.silent_for(now))]
    speaking = [process for process in mine if process.history and not process.silent_for(now)]
    latest = [process.history[-1][1] for process in speaking]
    rates: dict[tuple[str, str], float] = {}
    for process in speaking:
        for name, rate in _rates(process.history).items():
            rates[name] = rates.get(name, 0.0) + rate
    return Vitals(
        service=service,
        processes=len(mine),
        heard=len(speaking),
        silent=len(silent),
        silent_for=max(silent, default=0.0),
        rates=rates,
        moved=frozenset(
            name for process in speaking for name, rate in _last_rates(process.history).items() if rate > 0
        ),
        lag={topic: int(value) for topic, value in _summed(latest, "habeas_lag_records", "topic").items()},
        oldest_unhandled=_worst(latest, "habeas_oldest_unhandled_seconds"),
        partitions=int(sum(_summed(latest, "habeas_partitions_held", "service").values())),
        owed=int(_summed(latest, "habeas_effects_owed", "when").get("now", 0)),
        later=int(_summed(latest, "habeas_effects_owed", "when").get("later", 0)),
        oldest_effect=_worst(latest, "habeas_oldest_effect_seconds"),
        comebacks={why: int(times) for why, times in _summed(latest, "habeas_comebacks_total", "because").items()},
        deadlines=_deadlines(latest),
        pss=sum(_summed(latest, "habeas_pss_bytes", "service").values()),
        cpu=sum(rate for (name, _), rate in rates.items() if name == "habeas_cpu_seconds_total"),
    )


def _went_back(before: Numbers, after: Numbers) -> bool:
    return any(after.get(key, 0.0) < value for key, value in before.items() if key[0].endswith("_total"))


def _rates(history: deque[tuple[float, Numbers]]) -> dict[tuple[str, str], float]:
    """Per second since the oldest sample in the window; nothing from a single one."""
    (began, first), (ended, last) = history[0], history[-1]
    if ended <= began:
        return {}
    found: dict[tuple[str, str], float] = {}
    for (name, labels), value in last.items():
        if name.endswith("_total"):
            kinds = dict(labels)
            kind = kinds.get("type") or kinds.get("kind") or kinds.get("because", "")
            grown = value - first.get((name, labels), 0.0)
            found[name, kind] = found.get((name, kind), 0.0) + grown / (ended - began)
    return found


def _last_rates(history: deque[tuple[float, Numbers]]) -> dict[tuple[str, str], float]:
    return _rates(deque(list(history)[-2:]))


def _summed(latest: Iterable[Numbers], sample: str, label: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for said in latest:
        for (name, labels), value in said.items():
            if name == sample:
                which = dict(labels).get(label, "")
                found[which] = found.get(which, 0.0) + value
    return found


def _worst(latest: Iterable[Numbers], sample: str) -> float:
    return max((value for said in latest for (name, _), value in said.items() if name == sample), default=0.0)


def _deadlines(latest: Iterable[Numbers]) -> dict[tuple[str, str], int]:
    """Clock and bucket → requests. Replicas share one read model, so the most that any of them says is the number."""
    found: dict[tuple[str, str], int] = {}
    for said in latest:
        for (name, labels), value in said.items():
            if name == "habeas_deadlines":
                which = dict(labels)
                key = (which.get("clock", ""), which.get("left", ""))
                found[key] = max(found.get(key, 0), int(value))
    return found
