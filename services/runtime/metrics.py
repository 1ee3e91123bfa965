"""The one registry of what is measured: each name with its meaning, unit and labels, and what to do when it is bad."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, cast

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A measured thing. Every value of a label comes from a closed list in code or catalogue, never from a person."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    meaning: str
    act: str

    @property
    def sample(self) -> str:
        """The name under which its value is collected; a histogram's is the one of its count."""
        return self.name + {"counter": "_total", "gauge": "", "histogram": "_count"}[self.kind]


REGISTRY: Final[tuple[Metric, ...]] = (
    Metric(
        "habeas_events", "counter", "events", ("service", "type"),
        "Events a service wrote to its log.",
        "Falls to nothing while there is something to read: see habeas_oldest_unhandled_seconds.",
    ),
    Metric(
        "habeas_silences", "counter", "causes", ("service",),
        "Causes that were answered by silence.",
        "Nothing by itself. Many of them with few events: something repeats commands that were answered long ago.",
    ),
    Metric(
        "habeas_sent", "counter", "messages", ("service", "type"),
        "Commands and results put into an inbox: what came in at the doors, and what effects brought back.",
        "A door's command falls to nothing in office hours: try the door yourself.",
    ),
    Metric(
        "habeas_effects", "counter", "effects", ("service", "kind", "result"),
        "Effects done, by kind and result; the result `raised` is a defect, and is tried again.",
        "`raised` rises: the service's log has the place. A failure's result rises: the product or mail server is ill.",
    ),
    Metric(
        "habeas_spans_lost", "counter", "spans", (),
        "Spans nobody took: the console was out of reach for too long.",
        "Rises: the console is down or overloaded. Requests are safe; only pictures of them are missing.",
    ),
    Metric(
        "habeas_lag_records", "gauge", "records", ("service", "topic"),
        "Records of a source that this process has not read yet, over the partitions it holds.",
        "Grows for minutes: the service is too slow. Start a replica (HABEAS_REPLICAS), at most one per partition.",
    ),
    Metric(
        "habeas_oldest_unhandled_seconds", "gauge", "s", ("service",),
        "Age of the oldest record of any source that was not read yet, within 4 s; 0 if all is read.",
        "Above 30 s: the service stands still, or cannot keep up. Its log says which; restarting it loses nothing.",
    ),
    Metric(
        "habeas_partitions_held", "gauge", "partitions", ("service",),
        "Partitions this process answers for. Over all replicas of a service: all of them.",
        "The sum stays too low for 30 s: some people's requests move for nobody. Restart the service's replicas.",
    ),
    Metric(
        "habeas_effects_owed", "gauge", "effects", ("service", "when"),
        "Effects owed and not yet answered: `now`, or `later` for those whose time has not come.",
        "`now` grows for minutes: the outside world is slower than what comes in; see habeas_effects.",
    ),
    Metric(
        "habeas_oldest_effect_seconds", "gauge", "s", ("service",),
        "Age of the oldest effect that is owed now, since its time came or this process took it up; 0 if none is.",
        "Above 300 s: an effect cannot be brought to an end. The log names it and its request; mend what it calls.",
    ),
    Metric(
        "habeas_parked", "counter", "records", ("service", "reason"),
        "Records that could not be handled and were parked, by reason.",
        "Any: what the record asked for has not happened. Look at the console's page Parked.",
    ),
    Metric(
        "habeas_void", "counter", "records", ("service", "topic"),
        "Records of a log that did not belong to its chain.",
        "A few after a fence fired are its proof. Without one, or many: something else writes to the log. Find it.",
    ),
    Metric(
        "habeas_comebacks", "counter", "exits", ("service", "because"),
        "Times this replica ended itself to come back through recovery: `fenced` when another had its partition, "
        "`broken` when the outcome of a step was unknown. Survives the restart.",
        "`fenced` now and then is health. Every minute: two processes share one HABEAS_INSTANCE, or the machine "
        "stalls. `broken`: the last line before it in the log.",
    ),
    Metric(
        "habeas_vault_openings", "counter", "openings", ("service", "why"),
        "Sealed personal data opened, by the class of the reason. The vault's own record names who and which request.",
        "More than requests explain: somebody or something reads too much. Look into vault_openings.",
    ),
    Metric(
        "habeas_deadlines", "gauge", "requests", ("service", "clock", "left"),
        "Open requests by the days left on a clock: `law` from receipt, `contract` from the owner's instruction.",
        "`late` above 0: tell the owner today. `0 to 2` above 0: ask whose turn it is (on the console).",
    ),
    Metric(
        "habeas_http_seconds", "histogram", "s", ("service", "method", "route", "status"),
        "Time to answer an HTTP request, by the route's template.",
        "Status 5xx rises: the log has the request id. Slow: the broker or the database is; see the waterfall.",
    ),
    Metric(
        "habeas_projection_lag_records", "gauge", "records", ("service", "topic"),
        "Records that a read model does not show yet.",
        "Grows: pages show the past. The service's log says why its read model waits.",
    ),
    Metric(
        "habeas_shown_seconds", "histogram", "s", ("service",),
        "From a record's time in the log until the read model shows it, for the oldest record of each batch.",
        "Half above 1 s while idle: the database is slow. High right after a start: it catches up.",
    ),
    Metric(
        "habeas_recovery_seconds", "gauge", "s", ("service", "what"),
        "How long it last took to get ready: `state` folded from the log, `views` brought up to date.",
        "Grows past what may be missed at a restart: keep HABEAS_HOME on a volume, so that only the rest is read.",
    ),
    Metric(
        "habeas_pss_bytes", "gauge", "bytes", ("service",),
        "Memory of the process, shared pages counted by their share (Linux only).",
        "Grows day by day: a leak. Above 150 MB per service: take a look before it is one.",
    ),
    Metric(
        "habeas_cpu_seconds", "counter", "s", ("service",),
        "Processor time of the process.",
        "One whole core for minutes: the service is too slow, or turns in a circle; compare habeas_events.",
    ),
)  # fmt: skip

BY_NAME: Final = {metric.name: metric for metric in REGISTRY}

DAYS_LEFT: Final = ("late", "0 to 2", "3 to 10", "11 to 30", "over 30")
"""The values of habeas_deadlines' label ``left``, in the order of trouble."""

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _counter(name: str) -> Counter:
    return cast("Counter", _make(name, "counter"))


def _gauge(name: str) -> Gauge:
    return cast("Gauge", _make(name, "gauge"))


def _histogram(name: str) -> Histogram:
    return cast("Histogram", _make(name, "histogram"))


def _make(name: str, kind: Kind) -> object:
    """The collector of a registered metric. Raises KeyError for a name that nobody explained."""
    metric = BY_NAME[name]
    assert metric.kind == kind, name
    if kind == "histogram":
        return Histogram(metric.name, metric.meaning, metric.labels, buckets=BUCKETS)
    return (Counter if kind == "counter" else Gauge)(metric.name, metric.meaning, metric.labels)


EVENTS: Final = _counter("habeas_events")
SILENCES: Final = _counter("habeas_silences")
SENT: Final = _counter("habeas_sent")
EFFECTS: Final = _counter("habeas_effects")
SPANS_LOST: Final = _counter("habeas_spans_lost")
LAG: Final = _gauge("habeas_lag_records")
OLDEST_UNHANDLED: Final = _gauge("habeas_oldest_unhandled_seconds")
PARTITIONS: Final = _gauge("habeas_partitions_held")
OWED: Final = _gauge("habeas_effects_owed")
OLDEST_EFFECT: Final = _gauge("habeas_oldest_effect_seconds")
PARKED: Final = _counter("habeas_parked")
VOID: Final = _counter("habeas_void")
COMEBACKS: Final = _counter("habeas_comebacks")
OPENINGS: Final = _counter("habeas_vault_openings")
DEADLINES: Final = _gauge("habeas_deadlines")
HTTP: Final = _histogram("habeas_http_seconds")
PROJECTION_LAG: Final = _gauge("habeas_projection_lag_records")
SHOWN: Final = _histogram("habeas_shown_seconds")
RECOVERY: Final = _gauge("habeas_recovery_seconds")
PSS: Final = _gauge("habeas_pss_bytes")
CPU: Final = _counter("habeas_cpu_seconds")


@lru_cache(maxsize=256)
def written(service: str, event_type: str) -> Counter:
    """The counter of one type of event, looked up once: events are the hottest thing there is."""
    return EVENTS.labels(service, event_type)
