"""An aggregate as bytes: there and back, equal for equal, and it knows what it answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.intake import RequestReceived
from schemas.vocabulary import Right
from services.runtime.aggregate import Aggregate, Stamp, decode, encode, fold
from tests.support.facts import CHALLENGE, request
from tests.support.little import INTAKE

text = st.text(max_size=20)
stamps = st.builds(Stamp, text, text, text, text, text, text)
STAMP = Stamp("event-1", "request-1", "person-1", "millbrook", "correlation-1", "trace-1")


def received(n: int) -> RequestReceived:
    return RequestReceived(request=request(Right.ACCESS, n=n), digest=f"content-{n}", challenge=CHALLENGE)


@given(stamps, st.dictionaries(text, text, max_size=3), st.lists(text, max_size=3))
def test_what_is_kept_comes_back(stamp: Stamp, requests: dict[str, str], answered: list[str]) -> None:
    kept = Aggregate(type(INTAKE.initial)(requests=requests), stamp, tuple(answered))
    raw = encode(INTAKE, kept)
    assert decode(INTAKE, raw) == kept
    assert encode(INTAKE, decode(INTAKE, raw)) == raw


def test_the_first_event_starts_from_the_services_initial_state() -> None:
    first = fold(INTAKE, None, received(1), STAMP)
    assert first.state == INTAKE.evolve(INTAKE.initial, received(1))
    assert (first.stamp, first.answered) == (STAMP, ("event-1",))


def test_the_last_event_stamps_the_aggregate_and_every_event_is_remembered() -> None:
    later = Stamp("event-2", "request-2", "person-1", "millbrook", "correlation-2", "trace-2")
    both = fold(INTAKE, fold(INTAKE, None, received(1), STAMP), received(2), later)
    assert both.stamp == later
    assert both.answered == ("event-1", "event-2")
    assert len(both.state.requests) == 2


@pytest.mark.parametrize("field", ["event_id", "subject", "person_key", "owner", "correlation", "trace"])
def test_every_part_of_the_stamp_makes_other_bytes(field: str) -> None:
    other = Stamp(**{name: getattr(STAMP, name) for name in Stamp.__slots__ if name != field}, **{field: "other"})
    assert encode(INTAKE, Aggregate(INTAKE.initial, STAMP)) != encode(INTAKE, Aggregate(INTAKE.initial, other))
