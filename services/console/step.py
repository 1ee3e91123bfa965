"""One event of a request's journey, from the read model's row or straight from the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from schemas.base import Fact
from schemas.topics import TYPES
from services.runtime.chain import Accepted
from services.runtime.telemetry import context_of

SEALED = "sealed:v1:"


@dataclass(frozen=True, slots=True)
class Step:
    """An accepted event. ``body`` is None for one whose type or data this release cannot read."""

    id: str
    request_id: str
    service: str
    type: str
    time: datetime
    recorded_at: datetime
    causation_id: str
    trace_id: str
    partition: int
    offset: int
    body: Fact | None

    @property
    def name(self) -> str:
        """``dsr.verifier.identity-verified.v1`` as ``identity verified``."""
        parts = self.type.split(".")
        return (parts[-2] if len(parts) > 2 else self.type).replace("-", " ")


def of_row(row: Mapping[str, Any]) -> Step:
    """The event in a row of ``console_events``."""
    model = TYPES.get(row["type"])
    try:
        body = model.model_validate(row["data"]) if model else None
    except ValidationError:
        body = None
    kept = {name: row[name] for name in _KEPT}
    return Step(id=row["event_id"], body=body, **kept)


def of_record(accepted: Accepted) -> Step:
    """The event in an accepted record of a log."""
    envelope, record = accepted.envelope, accepted.record
    trace = context_of(envelope.traceparent)
    return Step(
        id=envelope.id,
        request_id=envelope.subject,
        service=envelope.source,
        type=envelope.type,
        time=envelope.time,
        recorded_at=record.recorded_at,
        causation_id=envelope.causationid,
        trace_id=f"{trace.trace_id:032x}" if trace else "",
        partition=record.partition,
        offset=record.offset,
        body=accepted.body,
    )


def shown(step: Step) -> Any:
    """The event's data as it may be shown: what is sealed is only said to be there."""
    return _without_sealed(step.body.model_dump(mode="json", exclude_none=True)) if step.body else {}


def _without_sealed(value: Any) -> Any:
    match value:
        case str() if value.startswith(SEALED):
            return "sealed"
        case dict():
            return {name: _without_sealed(inner) for name, inner in value.items()}
        case list():
            return [_without_sealed(inner) for inner in value]
        case _:
            return value


_KEPT = (
    "request_id", "service", "type", "time", "recorded_at", "causation_id", "trace_id", "partition", "offset",
)  # fmt: skip
