"""``make bench``: everything in one run on one machine; a table, a chart, and ``.habeas/bench.json``."""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.stack.handle import Stack
from infra.stack.layout import SERVICES
from tests.bench import decider, intake, rebuild, standard
from tests.bench.chart import bars
from tests.bench.ground import Ground, pss_mb

DECIDED, IDLE, BURST = 20_000, 40, 200


async def decided(port_base: int) -> decider.Deciding:
    """The decider alone, on a broker of its own."""
    with tempfile.TemporaryDirectory(prefix="habeas-bench-") as folder:
        ground = Ground(Path(folder), port_base)
        await ground.prepare()
        try:
            return await decider.measure(ground, DECIDED)
        finally:
            await ground.broker.stop()


async def doors(port_base: int) -> dict[str, float]:
    """Intake alone: single submissions at a steady rate, and a bulk, each on a broker of its own."""
    found: list[intake.Knocking | intake.Bulking] = []
    for measure in (intake.knocking, intake.bulking):
        with tempfile.TemporaryDirectory(prefix="habeas-bench-") as folder:
            ground = Ground(Path(folder), port_base)
            await ground.prepare()
            try:
                found.append(await measure(ground))
            finally:
                await ground.broker.stop()
    knocking, bulking = found
    return {f"intake_{name}": float(figure) for name, figure in asdict(knocking).items()} | {
        f"bulk_{name}": float(figure) for name, figure in asdict(bulking).items()
    }


def pipeline(port_base: int) -> dict[str, float]:
    """The whole stack: cold and warm start, requests one at a time and in a burst, memory, rebuild."""
    with tempfile.TemporaryDirectory(prefix="habeas-bench-") as folder:
        stack = Stack(Path(folder), port_base)
        stack.start()
        stack.stop()
        began = time.monotonic()
        stack.start()
        ready = time.monotonic() - began
        try:
            asyncio.run(standard.series(stack, 0, 4, 2))  # whatever is done once, is done before
            idle = asyncio.run(standard.series(stack, 10, IDLE, 1))
            burst = asyncio.run(standard.series(stack, 100, BURST, BURST))
            memory = pss_mb(stack.pids)
            rebuilt = asyncio.run(rebuild.measure(stack.run["kafka"]))
        finally:
            stack.stop()
    services = [memory[name] for name in SERVICES]
    return {
        "requests_per_s": burst.per_second,
        "cpu_ms_per_request": burst.cpu_ms,
        "submit_to_completed_p50_ms": idle.p50_ms,
        "submit_to_completed_p99_ms": idle.p99_ms,
        "burst_p50_ms": burst.p50_ms,
        "burst_p99_ms": burst.p99_ms,
        "rebuild_ratio": rebuilt.ratio,
        "rebuild_records": float(rebuilt.records),
        "pss_mb": sum(memory.values()),
        "pss_mb_largest_service": max(services),
        "ready_s": ready,
    }


def tell(figures: Mapping[str, float], home: Path) -> None:
    """Prints the table and writes the chart and the figures."""
    table = Table("what", "figure", box=None, pad_edge=False)
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,.2f}")
    Console().print(table)
    home.mkdir(exist_ok=True)
    (home / "bench.json").write_text(json.dumps(dict(figures), indent=1))
    (home / "bench.svg").write_text(bars(figures))
    Console().print(f"{home}/bench.json, {home}/bench.svg")


def main() -> None:
    """Measures, tells, and leaves nothing running."""
    base = int(os.environ.get("HABEAS_PORT_BASE", "16000"))
    deciding = asyncio.run(decided(base))
    figures = {
        "decider_ratio": deciding.ratio,
        "decider_events_per_s": deciding.service,
        "bare_loop_events_per_s": deciding.bare,
        **asyncio.run(doors(base)),
        **pipeline(base),
    }
    tell(figures, Path(os.environ.get("HABEAS_HOME", ".habeas")))


if __name__ == "__main__":
    main()
