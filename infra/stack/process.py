"""One operating-system process of the stack: on a leash, in its own session, its output in a log file."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")
ROOT = Path(__file__).parents[2]
GRACE = 10.0
LOG_LIMIT = 5 * 1024 * 1024


def leashed(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *command]


@dataclass(frozen=True)
class Log:
    """A log file, and where in it this process began to write."""

    path: Path
    start: int

    @classmethod
    def opened(cls, path: Path) -> "Log":
        """Continue the file; one grown beyond LOG_LIMIT bytes is set aside as <name>.1 first."""
        path.parent.mkdir(parents=True, exist_ok=True)
        size = path.stat().st_size if path.exists() else 0
        if size > LOG_LIMIT:
            path.replace(path.with_name(path.name + ".1"))
            size = 0
        return cls(path, size)

    def last_line(self) -> str:
        """The last line this process wrote, or a plain statement that there is none."""
        with suppress(OSError), self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self.start, end - 16_384))
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
            if lines:
                return lines[-1][:500]
        return "it wrote nothing"


class Process:
    """A started process. `wait()` gives its exit code, negative for the signal that ended it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Log) -> None:
        self._process = process
        self.log = log

    @classmethod
    async def start(cls, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> "Process":
        opened = Log.opened(log)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *leashed(command),
                env=None if environment is None else dict(environment),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(process, opened)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self, grace: float = GRACE) -> None:
        """Ask it to end (waking it if paused); after `grace` seconds, end it."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        try:
            async with asyncio.timeout(grace):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        """To the whole session, so that what the process started ends with it."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
