"""``habeas journey``: a request's whole story, read from the logs. No service needs to run for it."""

import asyncio
import logging
import sys
from collections.abc import Mapping
from datetime import datetime

from aiokafka.errors import KafkaError
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from schemas import topics
from schemas.request import short_number
from services.console.journey import Branch, Journey
from services.console.listing import as_number
from services.console.step import Step, of_record
from services.console.told import STAGE, TURN
from services.console.words import span, told
from services.runtime.reading import read_log
from services.runtime.settings import settings

COLOURS: Mapping[str, str] = {
    "done": "green", "acting": "blue", "waiting": "yellow", "failed": "red", "stopped": "bright_black",
}  # fmt: skip
LANES: Mapping[str, str] = {
    "intake": "cyan", "verifier": "magenta", "router": "blue", "executor": "green", "notifier": "yellow",
}  # fmt: skip


def journey(id: str) -> None:  # noqa: A002 — the command's argument
    """Prints the journey of the request of that id or number. Exits 1 if there is none, or no broker answers."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what goes wrong is said below, once
    bootstrap = settings().bootstrap
    try:
        steps = asyncio.run(_steps(bootstrap, id.strip()))
    except (KafkaError, OSError) as error:
        sys.exit(f"The broker at {bootstrap} does not answer ({type(error).__name__}). `habeas doctor` tells more.")
    if not steps:
        sys.exit("No event in the logs belongs to a request of that id or number.")
    Console().print(pictured(Journey(steps)))


async def _steps(bootstrap: str, name: str) -> list[Step]:
    number = as_number(name)
    logs = [topics.events(service) for service in topics.SERVICES]
    return [
        of_record(accepted)
        async for accepted in read_log(bootstrap, *logs)
        if (subject := accepted.envelope.subject) and (subject == name or (number and short_number(subject) == number))
    ]


def pictured(found: Journey) -> Group:
    """The journey for a terminal: what it is, every event on a line, the causes as a tree, how each order ended."""
    return Group(_head(found), Text(), _events(found), Text(), _causes(found), *_results(found))


def _head(found: Journey) -> Text:
    standing = found.standing
    kind, word = STAGE[standing.stage]
    number = short_number(found.request_id)
    head = Text.assemble((number, "bold"), "  ", (word, COLOURS[kind]), "  ")
    head.append("nobody has the ball" if standing.ball == "nobody" else TURN[standing.ball], "dim")
    if found.request:
        asked = ", ".join(order.right.replace("_", " ") for order in found.request.orders)
        head.append(f"\n{found.request.owner} · {asked} · through the {found.request.channel} door")
    if found.routed:
        head.append(f"\nby law due {found.routed.legal_due}")
    if found.instructed:
        head.append(f" · by contract due {found.instructed.contract_due}")
    return head.append(f"\n{found.request_id}", "dim")


def _events(found: Journey) -> Table:
    table = Table(box=None, pad_edge=False, expand=False, header_style="dim")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("time", no_wrap=True)
    table.add_column("waited", justify="right", no_wrap=True, style="dim")
    table.add_column("service", no_wrap=True)
    table.add_column("event", ratio=1)
    table.add_column("cause", justify="right", no_wrap=True, style="dim")
    day = ""
    for each in found.happenings:
        local = each.step.recorded_at.astimezone()
        if _day(local) != day:
            day = _day(local)
            table.add_row("", Text(day, "bold"), "", "", "", "")
        table.add_row(
            Text(str(each.number), COLOURS[each.kind]),
            f"{local:%H:%M:%S}",
            span(each.since) if each.number > 1 else "",
            Text(each.step.service, LANES.get(each.step.service, "")),
            Text.assemble((each.step.name, "bold"), "  ", (each.what, "")),
            str(each.cause) if each.cause else "·",
        )
    return table


def _day(local: datetime) -> str:
    return f"{local:%b} {local.day}"


def _causes(found: Journey) -> Tree:
    root = Tree("causes", style="dim", guide_style="dim")
    for branch in found.causes:
        _grow(root.add(Text(branch.happening.began_with, "italic")), branch)
    return root


def _grow(node: Tree, branch: Branch) -> None:
    each = branch.happening
    after = f" +{span(each.after)}" if each.after is not None else ""
    line = Text.assemble(
        (f"{each.number} ", COLOURS[each.kind]), (each.step.name, "not dim"), (f"  {each.step.service}{after}", "dim")
    )
    grown = node.add(line)
    for child in branch.branches:
        _grow(grown, child)


def _results(found: Journey) -> list[Text]:
    return [Text.assemble(("\n" if at == 0 else ""), (told(result), "bold")) for at, result in enumerate(found.results)]
