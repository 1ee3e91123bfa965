"""The stack's spans in a receiver that we did not write. ``make test-collector`` builds it, which takes minutes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.demo.errand import World
from infra.demo.residents import person_of
from infra.stack.handle import Stack
from tests.foreign.collector import Collector, collecting
from tests.support.edges import EXPECTED, edges
from tests.support.walk import standard_request
from tests.support.wire import Operator, eventually

PROGRAM = os.environ.get("HABEAS_COLLECTOR", "")

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not PROGRAM, reason="no OpenTelemetry collector here: `make test-collector` builds one with Go"),
]
BASE = int(os.environ.get("HABEAS_PORT_BASE", "18000")) + 100
"""Beside the stack of the other tests."""


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with collecting(Path(PROGRAM), tmp_path_factory.mktemp("collector"), BASE + 60) as running:
        yield running


@pytest.fixture(scope="module")
def world(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A stack whose spans go to the collector instead of the console."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}", "HABEAS_TRACES": ""}
    stack = Stack(tmp_path_factory.mktemp("stack"), BASE, env=env)
    told = stack.start()
    try:
        yield World.told(told)
    finally:
        stack.stop()


def test_the_collector_understands_every_edge_and_the_console_is_sent_none(collector: Collector, world: World) -> None:
    request_id = standard_request(world, person_of("alder-falls", 591))

    def complete() -> bool:
        return edges(collector.spans, request_id) >= EXPECTED

    try:
        eventually(complete, "every edge in the collector", within=30)
    except AssertionError:
        assert sorted(EXPECTED - edges(collector.spans, request_id)) == []
    assert "error" not in {line.split("\t")[1] for line in collector.printed.splitlines() if line.count("\t") > 1}
    with Operator(world) as operator:
        assert operator.get(f"requests/{request_id}/traces")["traces"] == []
