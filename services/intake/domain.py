"""Decides whether a submission is a new request: the same key means the same request, and only the first content
counts.
"""

from typing import assert_never

from pydantic import Field

from schemas.base import Fact
from schemas.cause import Cause
from schemas.intake import Event, RequestReceived, SubmissionRefused, SubmitRequest


class Person(Fact):
    """What one person has asked of one owner: request id → digest of its content."""

    requests: dict[str, str] = Field(default_factory=dict)


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
        case _:
            return None


def evolve(state: Person, event: Event) -> Person:
    """The state after an event of intake's own."""
    match event:
        case RequestReceived():
            return Person(requests={**state.requests, event.request.id: event.digest})
        case SubmissionRefused():
            return state
        case _:
            assert_never(event)
