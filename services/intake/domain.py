"""Decides whether a submission is a new request: the same key means the same request, and only the first content
counts. A browser's signal is written down once.
"""

from datetime import timedelta
from typing import Final, assert_never

from pydantic import Field

from schemas.base import Fact, Moment
from schemas.cause import Cause
from schemas.intake import Event, RecordSignal, RequestReceived, SignalRecorded, SubmissionRefused, SubmitRequest
from schemas.request import Request
from schemas.vocabulary import NEEDS_NO_PROOF, Signal

DAY: Final = timedelta(days=1)


class Person(Fact):
    """What one person has asked of one owner: request id → digest of its content; and what their browser says.

    ``lately`` is when those were received that a letter had to ask about, as far as one day back.
    """

    requests: dict[str, str] = Field(default_factory=dict)
    signals: tuple[Signal, ...] = ()
    lately: tuple[Moment, ...] = ()


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
            return None


def evolve(state: Person, event: Event) -> Person:
    """The state after an event of intake's own."""
    match event:
        case RequestReceived():
            known = {**state.requests, event.request.id: event.digest}
            asks = (event.request.received_at,) if is_asked_about(event.request) else ()
            lately = (*within_a_day(state, event.request), *asks)
            return state.model_copy(update={"requests": known, "lately": lately})
        case SignalRecorded():
            return state.model_copy(update={"signals": (*state.signals, event.signal)})
        case SubmissionRefused():
            return state
        case _:
            assert_never(event)


def within_a_day(state: Person, request: Request) -> tuple[Moment, ...]:
    """When the requests of the day before this one were received."""
    return tuple(moment for moment in state.lately if moment > request.received_at - DAY)


def is_asked_about(request: Request) -> bool:
    """True for a request that somebody must prove to be theirs, and gets a letter for."""
    return any(order.right not in NEEDS_NO_PROOF for order in request.orders)
