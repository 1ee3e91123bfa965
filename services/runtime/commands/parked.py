"""``habeas parked``: what could not be handled, read from the parked topic. No service needs to run for it."""

import asyncio
import logging
import sys

from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas import topics
from schemas.envelope import Malformed, parse
from schemas.parked import RecordParked
from services.console.told import reason
from services.runtime.chain import decode
from services.runtime.reading import read_to_end
from services.runtime.settings import settings


def parked() -> None:
    """Prints the parked records, the newest last. Exits 1 if no broker answers."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what goes wrong is said below, once
    bootstrap = settings().bootstrap
    try:
        records = asyncio.run(_records(bootstrap))
    except (KafkaError, OSError) as error:
        sys.exit(f"The broker at {bootstrap} does not answer ({type(error).__name__}). `habeas doctor` tells more.")
    Console().print(listed(records) if records else Text("Nothing is parked.", "green"))


async def _records(bootstrap: str) -> list[RecordParked]:
    """Each parked record once, however often it was delivered."""
    found: dict[str, RecordParked] = {}
    async for record in read_to_end(bootstrap, topics.PARKED):
        try:
            envelope = parse(record.value)
            body = decode(envelope)
        except Malformed:
            continue
        if isinstance(body, RecordParked):
            found.setdefault(envelope.id, body)
    return sorted(found.values(), key=lambda each: each.parked_at)


def listed(records: list[RecordParked]) -> Table:
    """Why, since when, where."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("since", no_wrap=True)
    table.add_column("reader", no_wrap=True)
    table.add_column("why", ratio=1)
    table.add_column("where", ratio=1)
    table.add_column("size", justify="right", no_wrap=True)
    for each in records:
        title, _ = reason(each.reason)
        table.add_row(
            f"{each.parked_at.astimezone():%Y-%m-%d %H:%M}",
            each.reader,
            Text.assemble((title, "red"), (f" at {each.place}" if each.place else "", "dim")),
            Text.assemble(each.topic, (f" partition {each.partition} offset {each.offset}", "dim")),
            f"{each.size:,} B",
        )
    return table
