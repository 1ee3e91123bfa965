"""The same key means the same request, and only the first content counts."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.intake import RecordSignal, RequestReceived, SignalRecorded, SubmissionRefused, SubmitRequest
from schemas.vocabulary import Right
from services.intake import domain
from tests.support.builders import changed
from tests.support.dsl import Decider
from tests.support.facts import CHALLENGE, NOON, request

given = Decider(domain.Person(), domain.decide, domain.evolve, TypeAdapter(domain.Person)).given

first, second = request(Right.ACCESS, n=1), request(Right.DELETE, n=2)
received = RequestReceived(request=first, digest="content-1", challenge=CHALLENGE)


class Unheard(Fact):
    """Something intake has never heard of."""


def submit(digest: str = "content-1") -> SubmitRequest:
    return SubmitRequest(request=first, digest=digest, challenge=CHALLENGE)


def test_a_submission_is_received_as_it_was_made() -> None:
    given().when(submit()).then(received)


def test_a_second_request_of_the_same_person_is_a_request_of_its_own() -> None:
    other = SubmitRequest(request=second, digest="content-2", challenge=CHALLENGE)
    given(received).when(other).then(RequestReceived(request=second, digest="content-2", challenge=CHALLENGE, today=1))


def test_the_same_submission_again_is_not_received_twice() -> None:
    given().when(submit()).then(received).when(submit()).then_silence()


def test_other_content_under_a_used_key_is_refused_and_the_first_stands() -> None:
    refused = SubmissionRefused(request_id=first.id, reason="key_used_for_other_content")
    after = given(received).when(submit("content-9")).then(refused)
    after.when(submit("content-1")).then_silence()
    assert after.state == given(received).state


@pytest.mark.requirement("R39")
def test_a_signal_is_written_down_once_and_opens_no_request() -> None:
    said = RecordSignal(person="person-1", anonymous=False)
    recorded = SignalRecorded(person="person-1", anonymous=False)
    after = given(received).when(said).then(recorded)
    assert after.state.requests == given(received).state.requests
    after.when(said).then_silence()


def test_it_is_silent_on_what_it_does_not_know() -> None:
    given(received).when(Unheard()).then_silence()


@pytest.mark.requirement("R27")
def test_what_an_address_got_letters_about_within_a_day_is_counted() -> None:
    def received_at(n: int, hours: float, *rights: Right) -> RequestReceived:
        asked = changed(request(*(rights or (Right.DELETE,)), n=n), received_at=NOON + timedelta(hours=hours))
        return RequestReceived(request=asked, digest=f"content-{n}", challenge=CHALLENGE)

    story = given()
    for n, hours, today in ((1, 0, 0), (2, 1, 1), (3, 23, 2), (4, 24.5, 2), (5, 72, 0)):
        happens = received_at(n, hours)
        command = SubmitRequest(request=happens.request, digest=happens.digest, challenge=CHALLENGE)
        story = story.when(command).then(changed(happens, today=today))
    opt_out = received_at(6, 73, Right.OPT_OUT)
    story = story.when(SubmitRequest(request=opt_out.request, digest="content-6", challenge=CHALLENGE)).then(
        changed(opt_out, today=1)
    )
    assert len(story.state.lately) == 1, "of an opt-out nobody is asked"
