"""One supervisor for a HABEAS_HOME: whoever holds the lock on up.pid, whose pid the file says."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.stack.refusal import Refusal


def pid_file(home: Path) -> Path:
    return home / "up.pid"


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the lock while the block runs; the kernel lets go of it however this process ends."""
    with pid_file(home).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal(
                f"Habeas already runs in {home} (process {_read(file.fileno())}); stop it with: habeas down"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def holder(home: Path) -> int | None:
    """The pid of the supervisor that runs in this home, if one does."""
    with suppress(FileNotFoundError), pid_file(home).open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = _read(file.fileno())
            return int(said) if said.isdecimal() else None
    return None


def _read(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode().strip()
