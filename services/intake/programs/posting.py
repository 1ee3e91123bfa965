"""What intake does to the world: it puts one comment on a ticket."""

import asyncio

from schemas.tickets import CommentAccepted, CommentRefused
from services.intake.programs.comments import mark_of, text_of
from services.intake.programs.zendesk import Helpdesk, NotTaken
from services.intake.ticketing import PostComment
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten, Tampered

BY = "intake"


async def post_comment(effect: PostComment, floor: Floor) -> CommentAccepted | CommentRefused:
    """Writes the comment and puts it on the ticket, once however often it is tried. Nothing of it is in the result."""
    try:
        await _post(effect, floor)
    except NotTaken as refused:
        return _refused(effect, refused.reason, permanent=refused.permanent)
    except (Forgotten, Tampered) as error:
        return _refused(effect, type(error).__name__.lower(), permanent=True)
    return CommentAccepted(
        effect_id=effect.id, request_id=effect.request_id, comment_id=effect.comment.id, attempt=effect.attempt
    )


async def _post(effect: PostComment, floor: Floor) -> None:
    catalogue = floor.catalogue()
    client = catalogue.clients.get(effect.ticket.client)
    if client is None or client.tickets is None:
        raise NotTaken("no-ticket-system", permanent=True)
    there = client.tickets
    token = await asyncio.to_thread(floor.vault.open, client.shelf, "token", there.token, by=BY, why="ticket")
    portal = f"{floor.settings.url_of('router')}/portal/requests/{effect.request_id}"
    text = text_of(effect, catalogue.owners[effect.owner], catalogue.products, portal)
    helpdesk = Helpdesk(there.api, there.user, token, floor.http)
    await helpdesk.comment(effect.ticket.id, text, mark_of(effect), solve=effect.comment.resolves)


def _refused(effect: PostComment, reason: str, *, permanent: bool) -> CommentRefused:
    return CommentRefused(
        effect_id=effect.id,
        request_id=effect.request_id,
        comment_id=effect.comment.id,
        attempt=effect.attempt,
        reason=reason,
        permanent=permanent,
    )
