"""A log line written while a cause or an effect is handled names its request and its trace; JSON, and nothing else."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog

from schemas.base import Fact
from schemas.cause import Effect, TimePassed
from services.runtime import telemetry
from services.runtime.aggregate import Stamp
from services.runtime.effects import Clock
from services.runtime.handling import HANDLED, Handled
from services.runtime.metrics import OLDEST_EFFECT, OWED

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[Any]]]:
    """What a service writes, line by line."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.setattr("opentelemetry.trace.set_tracer_provider", lambda _provider: None)
    written = StringIO()
    monkeypatch.setattr("sys.stderr", written)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(telemetry, "_recorder", None)
    telemetry.start("verifier", "INFO")
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = handlers, level
    HANDLED.set(None)


def test_a_line_about_a_cause_names_request_and_trace(lines: Callable[[], list[Any]]) -> None:
    HANDLED.set(Handled("request-1", PARENT))
    structlog.get_logger().error("decide raised")
    logging.getLogger("library").warning("said by a library")
    for line in lines():
        assert (line["request"], line["trace_id"], line["service"]) == ("request-1", TRACE, "verifier")
        assert "effect" not in line


def test_a_line_about_nothing_in_particular_names_none(lines: Callable[[], list[Any]]) -> None:
    structlog.get_logger().info("begins")
    (line,) = lines()
    assert not {"request", "trace_id", "effect"} & set(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock(Effect):
    """An effect that speaks."""


async def test_a_line_from_within_an_effect_names_request_effect_and_trace(lines: Callable[[], list[Any]]) -> None:
    sent: list[Fact] = []

    async def knock(effect: Knock, _floor: object) -> Fact:
        structlog.get_logger().info("knocking")
        return TimePassed(effect_id=effect.id)

    async def send(result: Fact, **_: object) -> None:
        sent.append(result)

    service = SimpleNamespace(name="verifier", due=lambda state: state, perform={Knock: knock})
    clock = Clock(cast("Any", service), cast("Any", SimpleNamespace(bus=SimpleNamespace(send=send))))
    stamp = Stamp("event-1", "request-2", "person", "owner", "correlation", PARENT)
    HANDLED.set(Handled("somebody else's", ""))
    clock.settled(0, [("a", cast("Any", SimpleNamespace(state=[Knock(id="effect-1")], stamp=stamp)))])
    async with asyncio.timeout(5):
        while not sent:
            await asyncio.sleep(0.01)
    (line,) = lines()
    assert (line["request"], line["effect"], line["trace_id"]) == ("request-2", "effect-1", TRACE)
    clock.let_go()


async def test_what_is_owed_now_is_told_apart_from_what_is_owed_later() -> None:
    now = datetime.now(UTC)
    held = asyncio.Event()

    async def wait(_effect: Effect, _floor: object) -> Fact:
        await held.wait()
        raise AssertionError

    service = SimpleNamespace(name="owing", due=lambda state: state, perform={Knock: wait})
    clock = Clock(cast("Any", service), cast("Any", None))
    stamp = Stamp("event-1", "request-2", "person", "owner", "correlation", "")
    effects = [
        Knock(id="late", not_before=now - timedelta(seconds=90)),
        Knock(id="now"),
        Knock(id="later", not_before=now + timedelta(days=1)),
    ]
    clock.settled(0, [("a", cast("Any", SimpleNamespace(state=effects, stamp=stamp)))])
    clock.measure()
    values = {
        tuple(sample.labels.values()): sample.value
        for metric in (OWED, OLDEST_EFFECT)
        for family in metric.collect()
        for sample in family.samples
        if sample.labels["service"] == "owing"
    }
    assert values["owing", "now"] == 2
    assert values["owing", "later"] == 1
    assert 89 < values["owing",] < 120
    clock.let_go()
    clock.measure()
    assert OWED.labels("owing", "now")._value.get() == 0
