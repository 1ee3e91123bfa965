"""Decides whether a submission is a new request: the same key means the same request, and only the first content
counts. A browser's signal is written down once.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final, assert_never

from pydantic import Field

from schemas.base import Fact, Moment
from schemas.cause import Cause, Effect
from schemas.intake import Event, RecordSignal, RequestReceived, SignalRecorded, SubmissionRefused, SubmitRequest
from schemas.request import Request
from schemas.tickets import (
    TicketCommentDeferred,
    TicketCommentOrdered,
    TicketCommentPosted,
    TicketCommentUndeliverable,
)
from schemas.vocabulary import NEEDS_NO_PROOF, Signal
from services.intake import ticketing

DAY: Final = timedelta(days=1)


class Person(Fact):
    """What one person has asked of one owner: request id → digest of its content; and what their browser says.

    ``lately`` is when those were received that a letter had to ask about, as far as one day back; ``tickets`` are those
    of requests that came from a support system, until it knows their end.
    """

    requests: dict[str, str] = Field(default_factory=dict)
    signals: tuple[Signal, ...] = ()
    lately: tuple[Moment, ...] = ()
    tickets: Mapping[str, ticketing.OpenTicket] = Field(default_factory=dict)


def decide(state: Person, cause: Cause) -> Event | None:
    """Intake's one answer to a cause, or silence."""
    match cause.body:
        case SubmitRequest() as submitted if submitted.request.id not in state.requests:
            return RequestReceived(
                request=submitted.request,
                digest=submitted.digest,
                challenge=submitted.challenge,
                code=submitted.code,
                today=len(within_a_day(state, submitted.request)),
            )
        case SubmitRequest() as submitted if submitted.digest != state.requests[submitted.request.id]:
            return SubmissionRefused(request_id=submitted.request.id, reason="key_used_for_other_content")
        case RecordSignal() as said if said.signal not in state.signals:
            return SignalRecorded(person=said.person, anonymous=said.anonymous, signal=said.signal)
        case _:
            return ticketing.decide(state.tickets, cause)


def evolve(state: Person, event: Event) -> Person:
    """The state after an event of intake's own."""
    match event:
        case RequestReceived():
            known = {**state.requests, event.request.id: event.digest}
            asks = (event.request.received_at,) if is_asked_about(event.request) else ()
            lately = (*within_a_day(state, event.request), *asks)
            tickets = ticketing.received(state.tickets, event.request)
            return state.model_copy(update={"requests": known, "lately": lately, "tickets": tickets})
        case SignalRecorded():
            return state.model_copy(update={"signals": (*state.signals, event.signal)})
        case SubmissionRefused():
            return state
        case TicketCommentOrdered() | TicketCommentPosted() | TicketCommentDeferred() | TicketCommentUndeliverable():
            return state.model_copy(update={"tickets": ticketing.evolve(state.tickets, event)})
        case _:
            assert_never(event)


def due(state: Person) -> Iterable[Effect]:
    """What the person's tickets are to be told."""
    return ticketing.due(state.tickets)


def within_a_day(state: Person, request: Request) -> tuple[Moment, ...]:
    """When the requests of the day before this one were received."""
    return tuple(moment for moment in state.lately if moment > request.received_at - DAY)


def is_asked_about(request: Request) -> bool:
    """True for a request that somebody must prove to be theirs, and gets a letter for."""
    return any(order.right not in NEEDS_NO_PROOF for order in request.orders)
