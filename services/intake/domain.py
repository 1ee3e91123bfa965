"""Decides whether a submission is a new request: the same key means the same request, and only the first content
counts. A browser's signal is written down once.
"""

from typing import assert_never

from pydantic import Field

from schemas.base import Fact
from schemas.cause import Cause
from schemas.intake import Event, RecordSignal, RequestReceived, SignalRecorded, SubmissionRefused, SubmitRequest
from schemas.vocabulary import Signal


class Person(Fact):
    """What one person has asked of one owner: request id → digest of its content; and what their browser says."""

    requests: dict[str, str] = Field(default_factory=dict)
    signals: tuple[Signal, ...] = ()


def decide(state: Person, cause: Cause) -> Event | None:
    """Intake's one answer to a cause, or silence."""
    match cause.body:
        case SubmitRequest() as submitted if submitted.request.id not in state.requests:
            return RequestReceived(
                request=submitted.request,
                digest=submitted.digest,
                challenge=submitted.challenge,
                code=submitted.code,
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
            return state.model_copy(update={"requests": {**state.requests, event.request.id: event.digest}})
        case SignalRecorded():
            return state.model_copy(update={"signals": (*state.signals, event.signal)})
        case SubmissionRefused():
            return state
        case _:
            assert_never(event)
