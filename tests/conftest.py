"""Fixtures for all tests: one running stack for those that need it, started once and stopped at the end."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.demo.errand import World
from infra.stack.handle import Stack
from tests.support.otlp import Receiver, receiving


@dataclass(frozen=True)
class Running:
    """The stack under test, where it answers, and what it sends."""

    stack: Stack
    world: World
    kafka: str
    traces: Receiver

    @property
    def home(self) -> Path:
        """Where it keeps its state."""
        return self.stack.home


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """Broker, six services, a second verifier and executor, demo products and mailbox, on ports of their own."""
    base = int(os.environ.get("HABEAS_PORT_BASE", "18000"))
    with tempfile.TemporaryDirectory(prefix="habeas-test-") as folder, receiving() as traces:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{traces.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "HABEAS_TRACES": "both",
        }
        stack = Stack(Path(folder), base, env=env, replicas={"verifier": 2, "executor": 2})
        told = stack.start()
        try:
            world = World.told(told)
            yield Running(stack, world, told["kafka"], traces)
        finally:
            stack.stop()
