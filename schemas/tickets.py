"""What intake says to a support system about a request that came from one of its tickets (R42)."""

from datetime import date
from enum import StrEnum
from typing import ClassVar

from schemas.base import Fact, Moment
from schemas.request import OrderResult
from schemas.router import Decision


class CommentKind(StrEnum):
    """The changes of state that a ticket is told of."""

    RECEIVED = "received"
    ROUTED = "routed"
    DECIDED = "decided"
    CLOSED = "closed"


class Comment(Fact):
    """A comment on a ticket, as facts. ``resolves``: with it, every request of the ticket is at its end."""

    id: str
    kind: CommentKind
    legal_due: date | None = None
    decisions: tuple[Decision, ...] = ()
    results: tuple[OrderResult, ...] = ()
    resolves: bool = False


class TicketCommentOrdered(Fact):
    """The ticket of this request is to be told."""

    TYPE: ClassVar[str] = "dsr.intake.ticket-comment-ordered.v1"

    request_id: str
    comment: Comment


class TicketCommentPosted(Fact):
    """The ticket system has the comment."""

    TYPE: ClassVar[str] = "dsr.intake.ticket-comment-posted.v1"

    request_id: str
    comment_id: str
    attempt: int


class TicketCommentDeferred(Fact):
    """The ticket system did not take it; ``reason`` is a code. It is tried again at ``retry_at``."""

    TYPE: ClassVar[str] = "dsr.intake.ticket-comment-deferred.v1"

    request_id: str
    comment_id: str
    attempt: int
    retry_at: Moment
    reason: str


class TicketCommentUndeliverable(Fact):
    """The ticket system will not take it: somebody must tell whoever works there."""

    TYPE: ClassVar[str] = "dsr.intake.ticket-comment-undeliverable.v1"

    request_id: str
    comment_id: str
    attempt: int
    reason: str


class CommentAccepted(Fact):
    """Result: the ticket system has it."""

    TYPE: ClassVar[str] = "dsr.intake.comment-accepted.v1"

    effect_id: str
    request_id: str
    comment_id: str
    attempt: int


class CommentRefused(Fact):
    """Result: it has it not. ``permanent``: nor will it ever."""

    TYPE: ClassVar[str] = "dsr.intake.comment-refused.v1"

    effect_id: str
    request_id: str
    comment_id: str
    attempt: int
    reason: str
    permanent: bool


Event = TicketCommentOrdered | TicketCommentPosted | TicketCommentDeferred | TicketCommentUndeliverable
EVENTS: tuple[type[Event], ...] = (
    TicketCommentOrdered,
    TicketCommentPosted,
    TicketCommentDeferred,
    TicketCommentUndeliverable,
)
RESULTS: tuple[type[Fact], ...] = (CommentAccepted, CommentRefused)
