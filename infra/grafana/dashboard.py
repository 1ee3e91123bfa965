"""The dashboard for Grafana, as data: what an operator asks first stands first, and each panel says what to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.runtime.metrics import BY_NAME

DASHBOARD: Final = Path(__file__).with_name("habeas.json")
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT = 8, 8
"""A panel takes a third of Grafana's 24 columns."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: the metric whose meaning and advice it shows, what it asks for, and how a line is named."""

    title: str
    metric: str
    asks: str
    legend: str
    unit: str = "short"
    bad: float | None = None


def _rate(name: str, by: str) -> str:
    return f"sum by ({by}) (rate({BY_NAME[name].sample}[$__rate_interval]))"


def _now(name: str, by: str, how: str = "sum") -> str:
    return f"{how} by ({by}) ({name})"


def _slow(name: str, by: str) -> str:
    return f"histogram_quantile(0.99, sum by (le, {by}) (rate({name}_bucket[$__rate_interval])))"


ROWS: Final[tuple[tuple[str, tuple[Panel, ...]], ...]] = (
    ("Does somebody have to act?", (
        Panel("Oldest unhandled", "habeas_oldest_unhandled_seconds",
              _now("habeas_oldest_unhandled_seconds", "service", "max"), "{{service}}", "s", 30),
        Panel("Oldest effect owed", "habeas_oldest_effect_seconds",
              _now("habeas_oldest_effect_seconds", "service", "max"), "{{service}}", "s", 300),
        Panel("Parked in a day", "habeas_parked",
              f"sum by (service, reason) (increase({BY_NAME['habeas_parked'].sample}[1d]))",
              "{{service}}: {{reason}}", "short", 1),
        Panel("Days left on the clocks", "habeas_deadlines", _now("habeas_deadlines", "clock, left", "max"),
              "{{clock}}: {{left}}"),
        Panel("Partitions held", "habeas_partitions_held", _now("habeas_partitions_held", "service"), "{{service}}"),
        Panel("Came back", "habeas_comebacks", f"sum by (service, because) ({BY_NAME['habeas_comebacks'].sample})",
              "{{service}}: {{because}}"),
    )),
    ("What flows", (
        Panel("Events", "habeas_events", _rate("habeas_events", "service"), "{{service}}", "ops"),
        Panel("Silences", "habeas_silences", _rate("habeas_silences", "service"), "{{service}}", "ops"),
        Panel("At the doors, and results", "habeas_sent", _rate("habeas_sent", "type"), "{{type}}", "ops"),
        Panel("Effects", "habeas_effects", _rate("habeas_effects", "kind, result"), "{{kind}}: {{result}}", "ops"),
        Panel("Effects owed", "habeas_effects_owed", _now("habeas_effects_owed", "service, when"),
              "{{service}}: {{when}}"),
        Panel("To read", "habeas_lag_records", _now("habeas_lag_records", "service, topic"), "{{service}}: {{topic}}"),
    )),
    ("Pages", (
        Panel("Answers, the slowest in a hundred", "habeas_http_seconds", _slow("habeas_http_seconds", "service"),
              "{{service}}", "s", 1),
        Panel("Refused and failed answers", "habeas_http_seconds",
              'sum by (service, status) (rate(habeas_http_seconds_count{status=~"[45].."}[$__rate_interval]))',
              "{{service}}: {{status}}", "ops"),
        Panel("From the log to the page, the slowest in a hundred", "habeas_shown_seconds",
              _slow("habeas_shown_seconds", "service"), "{{service}}", "s", 1),
        Panel("Read models behind", "habeas_projection_lag_records",
              _now("habeas_projection_lag_records", "service, topic"), "{{service}}: {{topic}}"),
        Panel("Sealed data opened", "habeas_vault_openings", _rate("habeas_vault_openings", "service, why"),
              "{{service}}: {{why}}", "ops"),
        Panel("Spans lost", "habeas_spans_lost", _rate("habeas_spans_lost", "instance"), "{{instance}}", "ops"),
        Panel("Void records", "habeas_void", _rate("habeas_void", "service, topic"), "{{service}}: {{topic}}", "ops"),
    )),
    ("Machines", (
        Panel("Memory", "habeas_pss_bytes", "habeas_pss_bytes", "{{service}} {{instance}}", "bytes", 150_000_000),
        Panel("Processor", "habeas_cpu_seconds",
              f"rate({BY_NAME['habeas_cpu_seconds'].sample}[$__rate_interval])", "{{service}} {{instance}}",
              "percentunit"),
        Panel("Time to get ready", "habeas_recovery_seconds", "habeas_recovery_seconds",
              "{{service}} {{instance}}: {{what}}", "s"),
    )),
)  # fmt: skip


def dashboard() -> dict[str, Any]:
    """What is imported into Grafana."""
    return {
        "uid": "habeas",
        "title": "Habeas",
        "description": "The pipeline, from the metrics of all its processes.",
        "tags": ["habeas"],
        "timezone": "browser",
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]
        },
        "annotations": {"list": []},
        "panels": list(_panels()),
    }


def expressions(board: dict[str, Any]) -> Iterator[str]:
    """Every query of a dashboard."""
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 1, 0
    for title, panels in ROWS:
        yield {
            "id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": top, "w": 24, "h": 1},
        }  # fmt: skip
        number, top = number + 1, top + 1
        for place, panel in enumerate(panels):
            across, down = place % 3, place // 3
            yield _panel(panel, number, across * WIDTH, top + down * HEIGHT)
            number += 1
        top += -(-len(panels) // 3) * HEIGHT


def _panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    metric = BY_NAME[panel.metric]
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad is not None:
        steps.append({"color": "red", "value": panel.bad})
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": f"{metric.meaning}\n\n{metric.act}",
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": {"thresholdsStyle": {"mode": "line" if panel.bad is not None else "off"}},
            },
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": panel.asks, "legendFormat": panel.legend}],
    }
