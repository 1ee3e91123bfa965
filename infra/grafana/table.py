"""The registry of metrics as a page: meaning, unit, labels, and what to do when it is bad."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.runtime.metrics import REGISTRY

TABLE: Final = Path(__file__).parents[1] / "metrics.md"

HEAD: Final = """\
# Metrics

Generated from `services/runtime/metrics.py` by `make published`. Every service answers `GET /metrics` in Prometheus'
format; `?name[]=…` asks for some of them only. No label holds anything of a person: all values come from closed lists.

Beside these come the library's own `process_…` and `python_…`.

| name | unit | labels | meaning | when it is bad |
|---|---|---|---|---|
"""


def table() -> str:
    """The page."""
    return HEAD + "".join(_lines())


def _lines() -> Iterator[str]:
    for metric in REGISTRY:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        name = metric.sample if metric.kind == "counter" else metric.name
        yield f"| `{name}` | {metric.unit}, {metric.kind} | {labels} | {metric.meaning} | {metric.act} |\n"
