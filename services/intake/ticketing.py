"""Decides what the tickets of a person's requests are told, and keeps each comment owed until it is there (R42)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from schemas.backoff import Backoff
from schemas.base import Fact, Moment, Slug
from schemas.cause import Cause, Effect
from schemas.envelope import derived_id
from schemas.request import Request, Ticket
from schemas.router import OwnerInstructed, RequestClosed, RequestRouted
from schemas.tickets import (
    Comment,
    CommentAccepted,
    CommentKind,
    CommentRefused,
    Event,
    TicketCommentDeferred,
    TicketCommentOrdered,
    TicketCommentPosted,
    TicketCommentUndeliverable,
)
from schemas.vocabulary import Right

LAST_ATTEMPT: Final = 15
PATIENCE: Final = Backoff(first=timedelta(seconds=2), factor=3, longest=timedelta(hours=6))
"""About two days in all."""


class OwedComment(Fact):
    """A comment that the ticket does not have yet."""

    comment: Comment
    attempt: int = 1
    not_before: Moment | None = None


class OpenTicket(Fact):
    """A request that came from a ticket, until the ticket knows its end."""

    ticket: Ticket
    owner: Slug
    rights: tuple[tuple[str, Right], ...]
    owed: tuple[OwedComment, ...] = ()
    closed: bool = False


Tickets = Mapping[str, OpenTicket]
"""Request id → its ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostComment(Effect):
    """One comment is to be put on a ticket. ``rights`` are those asked for, by the id of their order."""

    request_id: str
    ticket: Ticket
    owner: Slug
    rights: tuple[tuple[str, Right], ...]
    comment: Comment
    attempt: int


def decide(tickets: Tickets, cause: Cause) -> Event | None:
    """Intake's answer to what happened to a request of a ticket, and to what became of a comment; or silence."""
    match cause.body:
        case RequestRouted(request=request, legal_due=due) if request.id in tickets:
            return _order(request, _comment(cause, CommentKind.ROUTED).model_copy(update={"legal_due": due}))
        case OwnerInstructed(request=request, instruction=given) if request.id in tickets:
            told = _comment(cause, CommentKind.DECIDED).model_copy(update={"decisions": given.decisions})
            return _order(request, told)
        case RequestClosed(request=request, results=results) if request.id in tickets:
            last = {"results": results, "resolves": is_last(tickets, request.id)}
            return _order(request, _comment(cause, CommentKind.CLOSED).model_copy(update=last))
        case CommentAccepted() as told if is_open(tickets, told):
            return TicketCommentPosted(request_id=told.request_id, comment_id=told.comment_id, attempt=told.attempt)
        case CommentRefused() as refused if is_open(tickets, refused):
            return _later_or_never(refused, cause)
        case _:
            return None


def received(tickets: Tickets, request: Request) -> Tickets:
    """With a request that was just received: its ticket, if it has one, is told at once."""
    if request.ticket is None:
        return tickets
    comment = Comment(id=derived_id("comment", request.id, CommentKind.RECEIVED), kind=CommentKind.RECEIVED)
    opened = OpenTicket(
        ticket=request.ticket,
        owner=request.owner,
        rights=tuple((order.id, order.right) for order in request.orders),
        owed=(OwedComment(comment=comment),),
    )
    return {**tickets, request.id: opened}


def evolve(tickets: Tickets, event: Event) -> Tickets:
    """After one of these events. A ticket that knows the end is not kept."""
    known = tickets[event.request_id]
    match event:
        case TicketCommentOrdered(comment=comment):
            closed = known.closed or comment.kind is CommentKind.CLOSED
            owed = (*known.owed, OwedComment(comment=comment))
            return {**tickets, event.request_id: known.model_copy(update={"owed": owed, "closed": closed})}
        case TicketCommentDeferred(comment_id=name, attempt=attempt, retry_at=at):
            later = {"attempt": attempt + 1, "not_before": at}
            owed = tuple(o.model_copy(update=later) if o.comment.id == name else o for o in known.owed)
            return {**tickets, event.request_id: known.model_copy(update={"owed": owed})}
        case TicketCommentPosted(comment_id=name) | TicketCommentUndeliverable(comment_id=name):
            owed = tuple(o for o in known.owed if o.comment.id != name)
            rest = {request_id: each for request_id, each in tickets.items() if request_id != event.request_id}
            done = known.closed and not owed
            return rest if done else {**tickets, event.request_id: known.model_copy(update={"owed": owed})}


def due(tickets: Tickets) -> Iterable[Effect]:
    """The first comment owed to each ticket: the next one waits for it, so that they stand there in order."""
    for request_id, known in tickets.items():
        for owed in known.owed[:1]:
            yield PostComment(
                id=f"{owed.comment.id}:{owed.attempt}",
                not_before=owed.not_before,
                request_id=request_id,
                ticket=known.ticket,
                owner=known.owner,
                rights=known.rights,
                comment=owed.comment,
                attempt=owed.attempt,
            )


def is_last(tickets: Tickets, request_id: str) -> bool:
    """True if no other request of the same ticket is still open."""
    mine = tickets[request_id].ticket
    return all(each.ticket != mine or each.closed for name, each in tickets.items() if name != request_id)


def is_open(tickets: Tickets, result: CommentAccepted | CommentRefused) -> bool:
    """True while the comment is owed, on this attempt."""
    known = tickets.get(result.request_id)
    owed = known.owed if known else ()
    return any((each.comment.id, each.attempt) == (result.comment_id, result.attempt) for each in owed)


def _comment(cause: Cause, kind: CommentKind) -> Comment:
    return Comment(id=derived_id("comment", cause.id, kind), kind=kind)


def _order(request: Request, comment: Comment) -> TicketCommentOrdered:
    return TicketCommentOrdered(request_id=request.id, comment=comment)


def _later_or_never(refused: CommentRefused, cause: Cause) -> Event:
    named = {"request_id": refused.request_id, "comment_id": refused.comment_id, "reason": refused.reason}
    if refused.permanent or refused.attempt >= LAST_ATTEMPT:
        return TicketCommentUndeliverable(**named, attempt=refused.attempt)
    retry_at = PATIENCE.after(cause.time, refused.comment_id, refused.attempt)
    return TicketCommentDeferred(**named, attempt=refused.attempt, retry_at=retry_at)
