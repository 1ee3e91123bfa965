"""What must hold before anything is started: a writable home with room, free ports."""

import os
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path

from infra.stack.refusal import Refusal

ROOM = 512 * 1024 * 1024


def check_home(home: Path, room: int = ROOM) -> None:
    """Make HABEAS_HOME, for its owner's eyes only, and see that it can be written and has `room` bytes."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as refused:
        reason = refused.strerror or type(refused).__name__
        raise Refusal(f"{home} cannot be written ({reason}); set HABEAS_HOME to a folder of your own.") from refused
    free = shutil.disk_usage(home).free
    if free < room:
        raise Refusal(
            f"Only {free // 2**20} MiB are free where {home} is, and {room // 2**20} MiB are needed; make room, "
            "or set HABEAS_HOME to a folder on another disk."
        )


def taken(ports: Iterable[int]) -> list[int]:
    return [port for port in ports if not _free(port)]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def check_ports(ports: Iterable[int], base: int) -> None:
    if found := taken(ports):
        which = f"Port {found[0]} is" if len(found) == 1 else f"{len(found)} ports from {found[0]} on are"
        other = base + 1000 if base + 1000 <= 65_000 else 8000
        raise Refusal(f"{which} taken by another program; choose other ports with HABEAS_PORT_BASE={other} make run.")
