"""The journey and the parked records in a terminal, and one sentence when no broker answers."""

from io import StringIO

import pytest
from rich.console import Console

from schemas.parked import RecordParked
from schemas.request import short_number
from schemas.vocabulary import Right
from services.console.journey import Journey
from services.console.step import of_record
from services.runtime.commands.journey import pictured
from services.runtime.commands.parked import listed
from tests.support.console_world import parked
from tests.support.pipeline_story import Story


def printed(what: object, width: int) -> str:
    out = StringIO()
    Console(file=out, width=width).print(what)
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_journey_fits_the_terminal(width: int) -> None:
    story = Story("told", Right.ACCESS, Right.DELETE).submit().prove().instruct()
    text = printed(pictured(Journey(map(of_record, story.accepted))), width)
    assert short_number(story.id) in text
    assert "the owner's representative decided" in text
    assert "sealed:v1" not in text
    assert max(map(len, text.splitlines())) <= width


def test_parked_records_say_why_and_where() -> None:
    record = parked().body
    assert isinstance(record, RecordParked)
    text = printed(listed([record]), 120)
    assert "Data does not fit" in text
    assert "dsr.router.inbox" in text
    assert "sealed:v1" not in text
