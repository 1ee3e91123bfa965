"""What a ticket is told: each change that matters, once, in order, until it has it or never will; then it is solved."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.base import Fact
from schemas.catalogue import Catalogue
from schemas.cause import Cause
from schemas.intake import RequestReceived
from schemas.request import Request, Ticket
from schemas.router import OwnerInstructed, RequestClosed, RequestRouted
from schemas.tickets import (
    CommentAccepted,
    CommentKind,
    CommentRefused,
    TicketCommentDeferred,
    TicketCommentOrdered,
    TicketCommentPosted,
    TicketCommentUndeliverable,
)
from services.intake.domain import Person, decide, due, evolve
from services.intake.ticketing import LAST_ATTEMPT, PostComment
from tests.support import messages

pytestmark = pytest.mark.requirement("R42")
NOW = datetime(2026, 3, 3, 16, tzinfo=UTC)
TICKET = Ticket(client="helpdesk", id="4711")
FROM_TICKET = messages.REQUEST.model_copy(update={"ticket": TICKET, "id": "request-1"})
RECEIVED = next(each for each in messages.messages() if isinstance(each, RequestReceived))
ROUTED = next(each for each in messages.messages() if isinstance(each, RequestRouted))
INSTRUCTED = next(each for each in messages.messages() if isinstance(each, OwnerInstructed))
CLOSED = next(each for each in messages.messages() if isinstance(each, RequestClosed))


def of(body: Any, request: Request = FROM_TICKET) -> Any:
    return body.model_copy(update={"request": request})


def told(state: Person, body: Fact, at: datetime = NOW) -> tuple[Fact | None, Person]:
    event = decide(state, Cause(f"cause of {body!r}", at, "request-1", "alder", body, Catalogue()))
    return event, evolve(state, event) if event is not None else state


def after(*bodies: Fact, state: Person | None = None) -> Person:
    """The state after these causes, each of which is answered."""
    now = state or evolve(Person(), of(RECEIVED))
    for body in bodies:
        event, now = told(now, body)
        assert event is not None, body
    return now


def owed(state: Person) -> list[PostComment]:
    return [effect for effect in due(state) if isinstance(effect, PostComment)]


def accepted(effect: PostComment) -> CommentAccepted:
    return CommentAccepted(
        effect_id=effect.id, request_id=effect.request_id, comment_id=effect.comment.id, attempt=effect.attempt
    )


def refused(effect: PostComment, *, permanent: bool = False) -> CommentRefused:
    return CommentRefused(**accepted(effect).model_dump(), reason="http-503", permanent=permanent)


def test_a_ticket_is_told_at_once_that_its_request_was_received() -> None:
    (effect,) = owed(after())
    assert (effect.ticket, effect.comment.kind, effect.attempt) == (TICKET, CommentKind.RECEIVED, 1)


def test_a_request_without_a_ticket_owes_nothing() -> None:
    state = evolve(Person(), RECEIVED)
    assert owed(state) == []
    for body in (ROUTED, INSTRUCTED, CLOSED):
        assert told(state, body)[0] is None


def test_comments_stand_on_the_ticket_in_order() -> None:
    state = after(of(ROUTED), of(INSTRUCTED))
    kinds = []
    while effects := owed(state):
        assert len(effects) == 1
        kinds.append(effects[0].comment.kind)
        event, state = told(state, accepted(effects[0]))
        assert isinstance(event, TicketCommentPosted)
    assert kinds == [CommentKind.RECEIVED, CommentKind.ROUTED, CommentKind.DECIDED]


def test_with_the_end_the_ticket_is_solved_and_forgotten() -> None:
    state = after(of(CLOSED))
    received = owed(state)[0]
    state = after(accepted(received), state=state)
    (last,) = owed(state)
    assert (last.comment.kind, last.comment.resolves, last.comment.results) == (
        CommentKind.CLOSED, True, CLOSED.results,
    )  # fmt: skip
    state = after(accepted(last), state=state)
    assert (owed(state), dict(state.tickets)) == ([], {})
    assert told(state, accepted(last))[0] is None


def test_a_ticket_of_two_requests_is_solved_by_the_one_that_ends_last() -> None:
    other = FROM_TICKET.model_copy(update={"id": "request-2"})
    state = evolve(after(), of(RECEIVED, other))
    first, state = told(state, of(CLOSED))
    last, _ = told(state, of(CLOSED, other))
    assert isinstance(first, TicketCommentOrdered)
    assert isinstance(last, TicketCommentOrdered)
    assert (first.comment.resolves, last.comment.resolves) == (False, True)


def test_a_comment_that_was_not_taken_is_tried_again_later() -> None:
    (effect,) = owed(after())
    event, state = told(after(), refused(effect))
    assert isinstance(event, TicketCommentDeferred)
    assert NOW + timedelta(seconds=2) <= event.retry_at <= NOW + timedelta(seconds=3)
    (again,) = owed(state)
    assert (again.attempt, again.not_before, again.comment) == (2, event.retry_at, effect.comment)
    assert told(state, refused(effect))[0] is None
    assert told(state, accepted(effect))[0] is None


def test_one_that_will_never_be_taken_gives_way_to_the_next() -> None:
    state = after(of(ROUTED))
    event, state = told(state, refused(owed(state)[0], permanent=True))
    assert isinstance(event, TicketCommentUndeliverable)
    assert [effect.comment.kind for effect in owed(state)] == [CommentKind.ROUTED]


def test_patience_has_an_end() -> None:
    state = after()
    for _ in range(LAST_ATTEMPT - 1):
        event, state = told(state, refused(owed(state)[0]))
        assert isinstance(event, TicketCommentDeferred)
    event, state = told(state, refused(owed(state)[0]))
    assert isinstance(event, TicketCommentUndeliverable)
    assert owed(state) == []
