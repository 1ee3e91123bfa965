"""Serves the demo's applications: several in one process and one event loop, until SIGTERM or SIGINT."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the supervisor tells a child."""

    home: Path
    port_base: int

    @classmethod
    def read(cls) -> "Surroundings":
        return cls(Path(os.environ.get("HABEAS_HOME", ".habeas")), int(os.environ.get("HABEAS_PORT_BASE", "8000")))


class _Quiet(uvicorn.Server):
    """A server that leaves the process's signals alone: there are several of them, and one `serve` listens."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(apps: Sequence[tuple[FastAPI, int]]) -> None:
    """Serves each application on its port. Ends when asked to by a signal, or when one of them cannot go on."""
    servers = [_Quiet(_config(app, port)) for app, port in apps]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, stop)
    async with asyncio.TaskGroup() as group:
        for server in servers:
            group.create_task(server.serve())


def run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def _config(app: FastAPI, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app, host=HOST, port=port, access_log=False, log_level="warning", lifespan="off", timeout_graceful_shutdown=2
    )
