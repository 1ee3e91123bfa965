"""The catalogue's log: every process keeps a replica of it in memory; whoever writes does so at the end of its
chain.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from schemas.base import Fact
from schemas.catalogue import ENTRIES, Catalogue, Entry
from schemas.envelope import Draft, Envelope, derived_id
from schemas.topics import CATALOGUE
from services.runtime.answer import written
from services.runtime.bus import Bus
from services.runtime.open_log import Compose, OpenLog

Change = Callable[[Catalogue], Sequence[Entry]]
"""The entries that are to stand, given what stands. It may raise to refuse; it is asked again after a lost race."""


class Replica:
    """The catalogue as read so far. ``current`` is replaced as a whole; whoever holds one keeps a consistent view."""

    def __init__(self, bootstrap: str) -> None:
        self._log = OpenLog(bootstrap, CATALOGUE, self._fold)
        self.current = Catalogue()

    @property
    def caught_up(self) -> bool:
        """True once everything that was in the log at the start has been read."""
        return self._log.caught_up

    @property
    def head(self) -> str:
        """The hash of the last accepted record: the parent of whatever is appended next."""
        return self._log.head

    async def run(self) -> None:
        """Reads on for ever; through the broker's absences too."""
        await self._log.run()

    async def read_to_end(self) -> Catalogue:
        """Reads what the log holds now, once. For commands that come and go."""
        await self._log.read_to_end()
        return self.current

    async def amend(self, bus: Bus, change: Change, by: str) -> int:
        """Writes the entries that differ from what stands; returns how many. Needs somebody in :meth:`run`.

        ``change`` sees the catalogue that its entries will follow: whoever comes second decides on what the first
        left. Raises BusUnavailable, and whatever ``change`` raises.
        """

        def propose() -> list[Compose]:
            wanted = change(self.current)
            return [partial(_draft, entry, by) for entry in wanted if not _stands(self.current, entry)]

        return await self._log.append(bus, propose)

    def _fold(self, _envelope: Envelope, entry: Fact) -> None:
        if isinstance(entry, ENTRIES):
            self.current = self.current.with_entry(entry)


async def append(bootstrap: str, entries: Iterable[Entry], by: str) -> int:
    """Writes the entries that differ from what stands, from a process that comes and goes; returns how many."""
    wanted = list(entries)
    replica, bus = Replica(bootstrap), Bus(bootstrap, by)
    await bus.start()
    reading = asyncio.create_task(replica.run())
    try:
        return await replica.amend(bus, lambda _: wanted, by)
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await bus.stop()


def name_of(entry: Entry) -> str:
    """The name under which an entry stands; a later one of the same kind and name replaces it."""
    return entry.slug if hasattr(entry, "slug") else entry.id


def _stands(catalogue: Catalogue, entry: Entry) -> bool:
    shelf = (catalogue.owners, catalogue.products, catalogue.accounts, catalogue.clients)[ENTRIES.index(type(entry))]
    return shelf.get(name_of(entry)) == entry


def _draft(entry: Entry, by: str, head: str) -> Draft:
    return Draft(
        id=derived_id("catalogue", head, type(entry).__name__, name_of(entry)),
        source=by,
        type=entry.TYPE,
        time=written(datetime.now(UTC)),
        owner=getattr(entry, "owner", "") or name_of(entry),
        partitionkey=name_of(entry),
        data=entry.model_dump_json().encode(),
    )
