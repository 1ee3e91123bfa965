"""The drawn journey: in order, one lane per service, no two labels over each other, long waits folded."""

import pytest

from schemas import topics
from schemas.vocabulary import Right
from services.console.journey import Journey
from services.console.picture import GAP, LETTER, Picture, draw
from services.console.step import of_record
from tests.support.pipeline_story import Story


@pytest.fixture(scope="module")
def found() -> Journey:
    story = Story("drawn", Right.ACCESS, Right.DELETE, silent="civicrec").submit().prove().instruct()
    return Journey(map(of_record, story.accepted))


@pytest.fixture(scope="module")
def picture(found: Journey) -> Picture:
    return draw(found.happenings, "America/Los_Angeles")


def test_every_event_is_a_dot_further_right_than_the_one_before(found: Journey, picture: Picture) -> None:
    xs = [dot.x for dot in picture.dots]
    assert len(xs) == len(found.happenings)
    assert xs == sorted(set(xs))
    assert xs[-1] < picture.width


def test_every_service_has_its_lane(picture: Picture) -> None:
    lanes = dict(picture.lanes)
    assert tuple(lanes) == topics.SERVICES
    assert all(dot.y == lanes[dot.happening.step.service] for dot in picture.dots)


def test_no_label_is_written_over_another(picture: Picture) -> None:
    ends: dict[float, float] = {}
    for dot in picture.dots:
        assert dot.label_x >= ends.get(dot.label_y, 0)
        ends[dot.label_y] = dot.label_x + len(dot.happening.step.name) * LETTER


def test_long_waits_are_folded_and_say_whose_turn_it_was(found: Journey, picture: Picture) -> None:
    waits = [each for each in found.happenings if each.since >= GAP]
    assert len(picture.gaps) == len(waits)
    told = [(gap.how_long, gap.whose_turn) for gap in picture.gaps]
    assert ("3 h", "the person's turn") in told
    assert ("2 d", "the owner's turn") in told
    assert any(turn == "a product's turn" for _, turn in told)
    for gap in picture.gaps:
        assert not any(gap.x < dot.x < gap.x + gap.width for dot in picture.dots)


def test_a_line_leads_from_every_cause_to_what_it_led_to(found: Journey, picture: Picture) -> None:
    assert len(picture.lines) == sum(each.cause is not None for each in found.happenings)
    assert all(line.x1 < line.x2 for line in picture.lines)


def test_times_stand_in_the_readers_zone(picture: Picture) -> None:
    assert (picture.marks[0].day, picture.marks[0].clock) == ("Mar 3", "9:00:00 AM")
