"""Where a request stands, whatever order the logs of the five services are read in."""

from itertools import permutations

import pytest

from schemas import topics
from schemas.vocabulary import Right
from services.console.standing import LIES_WITH, Standing, evolve
from tests.support.pipeline_story import Story


def folded(story: Story, services: tuple[str, ...] = topics.SERVICES) -> Standing:
    """The standing when each service's log is read to its end before the next one's."""
    standing = Standing()
    for service in services:
        for accepted in story.accepted:
            if accepted.envelope.source == service and accepted.body:
                standing = evolve(standing, accepted.body)
    return standing


@pytest.mark.parametrize(
    ("story", "stage", "ball"),
    [
        (Story().submit(), "challenged", "person"),
        (Story().submit().prove("wrong"), "challenged", "person"),
        (Story().submit().prove(), "deciding", "owner"),
        (Story().submit().prove().instruct(), "closed", "nobody"),
        (Story().submit().expire(), "closed", "nobody"),
        (Story("out", Right.OPT_OUT).submit(), "deciding", "owner"),
    ],
)
def test_the_furthest_word_of_any_service_is_the_stage(story: Story, stage: str, ball: str) -> None:
    standing = folded(story)
    assert (standing.stage, standing.ball) == (stage, ball)


def test_the_order_in_which_logs_are_read_does_not_matter() -> None:
    story = Story("both", Right.ACCESS, Right.DELETE, silent="civicrec").submit().prove().instruct()
    expected = folded(story)
    assert all(folded(story, order) == expected for order in permutations(topics.SERVICES))


def test_a_silent_product_has_the_ball_until_it_answers() -> None:
    story = Story(silent="civicrec").submit().prove().instruct()
    standing, balls = Standing(), []
    for accepted in story.accepted:
        assert accepted.body is not None
        standing = evolve(standing, accepted.body)
        balls.append(standing.ball)
    assert "product" in balls
    assert not standing.silent_tasks


def test_a_letter_refused_for_good_makes_an_operator_act() -> None:
    assert folded(Story(bounced=True, last_bounce=True).submit()).must_act
    assert not folded(Story().submit()).must_act


def test_every_letter_sent_leaves_none_owed() -> None:
    assert folded(Story().submit().prove().instruct()).letters == ()


def test_every_stage_lies_with_somebody_until_it_is_closed() -> None:
    assert {service for stage, service in LIES_WITH.items() if stage != "closed"} <= set(topics.SERVICES)
