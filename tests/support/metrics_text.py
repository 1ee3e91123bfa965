"""What a service's process would answer when it is asked for its metrics."""

from typing import Any

from services.runtime.metrics import BY_NAME


def said(service: str, *lines: tuple[str, float] | tuple[str, float, dict[str, str]]) -> str:
    """Prometheus' text: metric, value and labels, and some that nobody asked for."""
    text = ["# HELP python_info Of no concern.", 'python_info{version="3"} 1.0']
    for name, value, *labels in lines:
        named: dict[str, Any] = {"service": service, **(labels[0] if labels else {})}
        inside = ",".join(f'{key}="{label}"' for key, label in named.items())
        text.append(f"{BY_NAME[name].sample}{{{inside}}} {value}")
    return "\n".join(text) + "\n"


def well(service: str, events: float = 0, **changed: float) -> str:
    """A process that holds all partitions and has read everything; ``changed`` by metric, without ``habeas_``."""
    values = {"oldest_unhandled_seconds": 0.0, "oldest_effect_seconds": 0.0, "partitions_held": 6.0} | changed
    return said(
        service,
        ("habeas_events", events, {"type": f"dsr.{service}.thing.v1"}),
        *((f"habeas_{name}", value) for name, value in values.items()),
    )
