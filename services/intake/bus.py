"""The door on the bus: registered clients publish submissions on topics of their own, as CloudEvents."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from schemas.envelope import Malformed
from schemas.topics import SUBMISSIONS, submissions
from schemas.vocabulary import Channel
from services.intake import desk, pages, web
from services.intake.arrival import Arrival
from services.intake.cloudevent import submitted
from services.intake.receiving import KeyReused, Refused, receive
from services.runtime.chain import Record
from services.runtime.door import at_least_once, read_below
from services.runtime.floor import Floor
from services.runtime.parking import park
from services.runtime.trimming import keep_trimming

GROUP: Final = "habeas-intake-submissions"
RESERVED: Final = frozenset({web.CLIENT, pages.CLIENT, desk.CLIENT})
"""The other doors' names: a client registered under one of them could claim their keys, and is not read."""

KEPT: Final = timedelta(days=1)
OLDEST: Final = timedelta(days=7)
"""A client's clock is believed so far back, and never ahead of ours."""


async def read_submissions(floor: Floor) -> None:
    """Reads the topics of all registered clients, those registered later too, until cancelled."""
    await at_least_once(floor.settings.bootstrap, GROUP, partial(wanted, floor), partial(take, floor))


async def trim_submissions(floor: Floor) -> None:
    """Takes raw submissions, which hold personal data, off their topics a day after they were received."""
    topics = partial(wanted, floor)
    await keep_trimming(floor.settings.bootstrap, KEPT, partial(read_below, floor.settings.bootstrap, GROUP, topics))


def wanted(floor: Floor) -> set[str]:
    """The topics of the clients that are registered now."""
    return {submissions(client) for client in floor.catalogue().clients if client not in RESERVED}


async def take(floor: Floor, record: Record) -> None:
    """Receives the submission that ``record`` carries, or parks it; returns once either is safe with the broker.

    Raises BusUnavailable and sqlalchemy's errors: then it is handed over again.
    """
    client = record.topic.removeprefix(SUBMISSIONS)
    try:
        event = submitted(record)
        registered = floor.catalogue().clients.get(client)
        if registered is None or event.submission.owner not in registered.owners:
            raise Malformed("foreign-owner", "data.owner")
        now = datetime.now(UTC)
        received_at = min(max(record.recorded_at, now - OLDEST), now)
        await receive(floor, event.submission, Arrival(Channel.BUS, client, event.id, received_at, entered_by=client))
    except Malformed as reason:
        await park(floor.bus, floor.vault, floor.service, record, reason.code, reason.place)
    except Refused as refused:
        place = "id" if isinstance(refused, KeyReused) else f"data.{refused.place}"
        await park(floor.bus, floor.vault, floor.service, record, refused.code, place)
