"""``habeas demo``: made-up people ask, prove, and are answered; says what happened to each, and whether all ended
right.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from infra.demo.errand import Errand, Handler, World, client
from infra.demo.errand import run as walk
from infra.demo.residents import person_of

OWNER = "alder-falls"
"""Its residents use three products: the standard request."""

ASKED = (
    ("access", "delete"),
    ("access",),
    ("opt_out",),
    ("know",),
    ("delete",),
    ("correct",),
    ("limit", "opt_out"),
)
"""What one resident after another asks for. Their number is odd: so each comes through either door."""

SHOWN = 40
"""So many errands get a line each; of more, only those that went wrong."""


def run(requests: int, together: int) -> int:
    """Drives ``requests`` people, ``together`` at a time. 0 if every request ended right, else 1."""
    home = Path(os.environ.get("HABEAS_HOME", ".habeas"))
    out = Console()
    try:
        told = json.loads((home / "run.json").read_text())
    except (OSError, ValueError):
        out.print("Nothing is running here. Start it with `make run`, and try again in another terminal.")
        return 1
    world = World.told(told)
    errands = list(_errands(requests, home / "demo.json"))
    try:
        asyncio.run(_drive(errands, world, together, out))
    except httpx.HTTPError as error:
        out.print(f"The pipeline does not answer ({type(error).__name__}). `habeas doctor` tells what is wrong.")
        return 1
    return _tell(errands, out)


def _errands(requests: int, memory: Path) -> Iterator[Errand]:
    """The next people who have not asked yet: whoever was erased by an earlier run is not asked for again."""
    try:
        first = int(json.loads(memory.read_text())["next"])
    except (OSError, ValueError, KeyError):
        first = 0
    people = sum(1 for _ in _people())
    for number in range(requests):
        at = first + number
        yield Errand(person_of(OWNER, at % people), ASKED[at % len(ASKED)], "page" if at % 2 == 0 else "api")
    memory.write_text(json.dumps({"next": first + requests}))


def _people() -> Iterator[object]:
    for number in count():
        try:
            yield person_of(OWNER, number)
        except IndexError:
            return


async def _drive(errands: list[Errand], world: World, together: int, out: Console) -> None:
    handler = Handler(world, OWNER)
    places = asyncio.Semaphore(together)
    bar = Progress(
        TextColumn("[bold]requests"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        console=out,
    )  # fmt: skip
    async with client() as http:
        try:
            await handler.sign_in()
            await world.authorized(http)  # once for all who ask
            with bar:
                done = bar.add_task("", total=len(errands))

                async def one(errand: Errand) -> None:
                    async with places:
                        await walk(errand, world, handler, http)
                    bar.advance(done)

                await asyncio.gather(*(one(errand) for errand in errands))
        finally:
            await handler.http.aclose()


def _tell(errands: list[Errand], out: Console) -> int:
    wrong = [errand for errand in errands if errand.trouble]
    table = Table("number", "asked", "door", "seconds", "letters", "what came of it", box=None, pad_edge=False)
    for errand in errands if len(errands) <= SHOWN else wrong:
        came = errand.trouble or "; ".join(
            f"{right}: " + ", ".join(f"{times} {outcome}" for outcome, times in Counter(leaves).items())
            for right, leaves in errand.outcomes.items()
        )
        table.add_row(
            errand.number or errand.request_id[:8] or "–", " + ".join(errand.rights), errand.door,
            f"{errand.seconds:.1f}", str(errand.letters), f"[red]{came}[/red]" if errand.trouble else came,
        )  # fmt: skip
    if table.row_count:
        out.print(table)
    verdict = f"{len(errands) - len(wrong)} of {len(errands)} requests ended right."
    out.print(f"[bold red]{verdict}[/bold red]" if wrong else f"[bold green]{verdict}[/bold green]")
    return 1 if wrong else 0
