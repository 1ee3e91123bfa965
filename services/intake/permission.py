"""What an agent shows: the document that came with the form, or within the message (11 CCR 7063)."""

from dataclasses import replace

from services.intake import uploads
from services.intake.arrival import Arrival
from services.intake.form import Upload
from services.intake.submission import AgentEntry
from services.runtime.floor import Floor


async def shown(floor: Floor, agent: AgentEntry, arrival: Arrival) -> Arrival:
    """The arrival with the document of a message sealed as its attachment; as it was where there is none.

    Raises :class:`files.Unfit` for one that is not taken, and Forgotten for a request that is no more.
    """
    document = agent.document
    if arrival.attachments or document is None:
        return arrival
    kept = await uploads.keep(floor, arrival.request_id(), Upload(document.name, document.content))
    return replace(arrival, attachments=(kept.attachment,))
