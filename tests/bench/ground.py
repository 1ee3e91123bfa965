"""The ground a measurement stands on: a broker of its own with topics and catalogue, and one service at a time."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from infra.kafka.broker import Broker
from infra.stack.keys import keys
from infra.stack.process import ROOT


class Ground:
    """A broker with everything a service needs to start, and nothing else running."""

    def __init__(self, home: Path, port_base: int) -> None:
        (home / "log").mkdir(parents=True, exist_ok=True)
        self.home, self.port_base = home, port_base
        self.broker = Broker(home, port_base + 20, port_base + 21)
        self.environment = {
            **os.environ,
            **keys(home),
            "HABEAS_ENVIRONMENT": "demo",
            "HABEAS_HOME": str(home),
            "HABEAS_PORT_BASE": str(port_base),
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.address,
        }

    async def prepare(self) -> None:
        """Starts the broker, makes topics and catalogue."""
        await self.broker.start()
        await asyncio.to_thread(self._command, "topics", "--create")
        await asyncio.to_thread(
            self._command, "catalogue", "apply", "infra/demo/catalogue.yaml", "--logins", "infra.demo.logins"
        )

    @contextmanager
    def service(self, name: str, offset: int) -> Iterator[subprocess.Popen[bytes]]:
        """One service, from its start to its end."""
        log = (self.home / "log" / f"{name}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", f"services.{name}"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
        )
        try:
            _wait_ready(f"http://127.0.0.1:{self.port_base + offset}/ready", process)
            yield process
        finally:
            process.terminate()
            process.wait(20)
            log.close()

    def _command(self, *words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "services.runtime.command", *words],
            cwd=ROOT, env=self.environment, check=True, capture_output=True,
        )  # fmt: skip


def _wait_ready(url: str, process: "subprocess.Popen[bytes]", within: float = 60) -> None:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{url} ended instead of becoming ready")
        try:
            if httpx.get(url, timeout=1).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not become ready")


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Name → processor seconds a process has used so far."""
    tick = os.sysconf("SC_CLK_TCK")
    used = {}
    for name, pid in pids.items():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        used[name] = (int(fields[11]) + int(fields[12])) / tick
    return used


def pss_mb(pids: Mapping[str, int]) -> dict[str, float]:
    """Name → proportional set size in MB: what a process would free, shared pages counted by share."""
    found = {}
    for name, pid in pids.items():
        line = next(
            each for each in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if each.startswith("Pss:")
        )
        found[name] = int(line.split()[1]) / 1000
    return found
