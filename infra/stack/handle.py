"""The stack as a test holds it: started as a subprocess, its processes killed, paused and resumed by name."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from infra.stack.process import ROOT, leashed

UP = (sys.executable, "-m", "infra.stack.up")


class StackError(Exception):
    """It did not come up, or did not do in time what was waited for. Carries what it printed."""


class Stack:
    """One `habeas up`. Start it from the main thread: it is killed with the thread, as are all its processes."""

    def __init__(
        self,
        home: Path,
        port_base: int,
        env: Mapping[str, str] | None = None,
        replicas: Mapping[str, int] | None = None,
        command: Sequence[str] = UP,
    ) -> None:
        self.home, self.port_base = home.absolute(), port_base
        self._command = tuple(command)
        self._replicas = ",".join(f"{name}={count}" for name, count in (replicas or {}).items())
        self._env = dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, within: float = 120) -> dict[str, Any]:
        """Returns run.json once everything is ready."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.home / "run.json").unlink(missing_ok=True)
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                leashed(self._command),
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait((self.home / "run.json").exists, within, "come up")
        return self.run

    def stop(self, within: float = 60) -> int:
        """Its exit code; 0 after an orderly stop."""
        process = self._started
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise StackError(f"did not stop within {within} s; it printed:\n{self.printed()}") from None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def run(self) -> dict[str, Any]:
        """The content of run.json."""
        content: dict[str, Any] = json.loads((self.home / "run.json").read_text())
        return content

    @property
    def pids(self) -> dict[str, int]:
        """Name → pid of every process but the supervisor; the broker is "kafka"."""
        content: dict[str, int] = json.loads((self.home / "children.json").read_text())
        return content

    def pid(self, name: str) -> int:
        return self.pids[name]

    def kill(self, name: str) -> int:
        """kill -9, by surprise; the supervisor starts it again. Returns the pid that was killed."""
        return self._send(name, signal.SIGKILL)

    def pause(self, name: str) -> int:
        return self._send(name, signal.SIGSTOP)

    def resume(self, name: str) -> int:
        return self._send(name, signal.SIGCONT)

    def wait_restarted(self, name: str, old: int, within: float = 60) -> int:
        """The new pid, once the supervisor has started another process in place of `old`."""
        self._wait(lambda: self.pids.get(name, old) != old, within, f"start {name} again")
        return self.pid(name)

    def printed(self) -> str:
        """What the supervisor has said so far."""
        return self._output.read_text(errors="replace")

    def log(self, name: str) -> str:
        return (self.home / "log" / f"{name}.log").read_text(errors="replace")

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    @property
    def _output(self) -> Path:
        return self.home / "up.out"

    def _environment(self) -> dict[str, str]:
        ours = {"HABEAS_HOME": str(self.home), "HABEAS_PORT_BASE": str(self.port_base)}
        return {**os.environ, "PYTHONUNBUFFERED": "1", **self._env, **ours, "HABEAS_REPLICAS": self._replicas}

    def _send(self, name: str, number: signal.Signals) -> int:
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def _wait(self, holds: Callable[[], bool], within: float, what: str) -> None:
        deadline = time.monotonic() + within
        while not holds():
            if self._started.poll() is not None:
                raise StackError(f"ended instead of having to {what}; it printed:\n{self.printed()}")
            if time.monotonic() > deadline:
                raise StackError(f"did not {what} within {within} s; it printed:\n{self.printed()}")
            time.sleep(0.05)
