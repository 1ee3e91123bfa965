"""Everything measured is explained: one registry, its table and the dashboard agree, and no label can hold a person."""

import ast
import json
import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY as COLLECTED

from infra.grafana import DASHBOARD, TABLE, dashboard, expressions, table
from services.runtime import metrics
from services.runtime.metrics import BY_NAME, REGISTRY, Metric
from services.runtime.vault import KINDS, kind_of

ROOT = Path(__file__).parents[2]
CODE = sorted([*(ROOT / "services").rglob("*.py"), *(ROOT / "infra").rglob("*.py")])
CLOSED = {
    "service", "type", "kind", "result", "topic", "when", "reason", "because", "why", "clock", "left", "method",
    "route", "status", "what",
}  # fmt: skip
"""Labels whose values come from code, the contract or the catalogue. An owner, a request, a person is none."""


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_metrics_are_made_in_the_registry_alone(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "prometheus_client"
        for alias in node.names
    }  # fmt: skip
    made = imported & {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
    assert not made or path.name == "metrics.py"
    samples = {metric.sample for metric in REGISTRY} | set(BY_NAME)
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {word for word in words if re.fullmatch(r"habeas_[a-z_]+", word)} - {"habeas_writes"} <= samples


def test_what_is_collected_is_what_is_registered() -> None:
    ours = {family.name for family in COLLECTED.collect() if family.name.startswith("habeas_")}
    assert ours == set(BY_NAME)


@pytest.mark.parametrize("metric", REGISTRY, ids=lambda metric: metric.name)
def test_each_metric_says_what_it_means_and_what_to_do(metric: Metric) -> None:
    assert metric.meaning.endswith(".")
    assert metric.act.endswith(".")
    assert metric.unit
    assert not metric.labels or metric.labels[0] == "service"
    assert set(metric.labels) <= CLOSED


def test_a_metric_nobody_explained_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        metrics._make("habeas_surprise", "counter")


@pytest.mark.parametrize(
    ("why", "kind"), [("letter receipt", "letter"), ("task 8f0e", "task"), ("portal case", "portal"), ("x y", "other")]
)
def test_openings_are_counted_by_a_closed_list_of_reasons(why: str, kind: str) -> None:
    assert kind_of(why) == kind
    assert kind in KINDS | {"other"}


def test_every_reason_in_the_code_has_its_kind() -> None:
    reasons = re.compile(r'(?:WHY: Final = |why=f?|self\.why = f?|return f)"([a-z]+) [^"]*"')
    said = {word for path in CODE for word in reasons.findall(path.read_text())}
    assert said >= KINDS


def test_the_table_of_metrics_is_fresh() -> None:
    assert TABLE.read_text() == table(), "make published"


def test_the_dashboard_is_fresh_and_asks_only_for_registered_metrics() -> None:
    kept = json.loads(DASHBOARD.read_text())
    assert kept == dashboard(), "make published"
    known = {metric.sample for metric in REGISTRY}
    known |= {f"{metric.name}_bucket" for metric in REGISTRY if metric.kind == "histogram"}
    asked = {name for expression in expressions(kept) for name in re.findall(r"habeas_[a-z_]+", expression)}
    assert asked <= known
    assert asked >= {metric.sample for metric in REGISTRY if metric.kind != "histogram"}


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    kept = json.loads(DASHBOARD.read_text())
    panels = kept["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert kept["uid"]
    assert kept["schemaVersion"] >= 38
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or (panel["targets"] and panel["description"])
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel.get("targets", ()))
