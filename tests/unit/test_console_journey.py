"""A journey in causal order, with the event behind each event, found in the logs alone."""

from datetime import timedelta

import pytest

from schemas.executor import OrderBegun, OrderCompleted, TaskDeferred
from schemas.notifier import LetterSent, LettersOrdered
from schemas.verifier import ChallengeIssued, VerificationExpired
from schemas.vocabulary import Outcome, Right
from services.console.journey import Branch, Journey
from services.console.step import of_record, shown
from services.console.words import span
from tests.support.pipeline_story import Story


def journey(story: Story) -> Journey:
    return Journey(of_record(accepted) for accepted in reversed(story.accepted))


@pytest.fixture(scope="module")
def whole() -> Journey:
    story = Story("whole", Right.ACCESS, Right.DELETE, silent="civicrec").submit().prove("wrong").prove()
    return journey(story.instruct())


def test_events_stand_in_the_order_in_which_they_were_recorded(whole: Journey) -> None:
    times = [step.recorded_at for step in whole.steps]
    assert times == sorted(times)


def test_only_what_a_person_did_has_no_event_behind_it(whole: Journey) -> None:
    roots = [each.began_with for each in whole.happenings if each.cause is None]
    assert roots == [
        "a submission at the door", "the person answered", "the person answered",
        "the owner's representative decided",
    ]  # fmt: skip


def test_results_of_effects_lead_back_to_the_event_that_owed_them(whole: Journey) -> None:
    behind = {
        type(each.step.body): type(whole.happenings[each.cause - 1].step.body)
        for each in whole.happenings
        if each.cause is not None
    }
    assert behind[LetterSent] is LettersOrdered
    assert behind[OrderBegun] is OrderCompleted
    assert behind[OrderCompleted] is TaskDeferred


def test_an_expiry_leads_back_to_the_challenge() -> None:
    found = journey(Story("late").submit().expire())
    expired = next(each for each in found.happenings if isinstance(each.step.body, VerificationExpired))
    assert expired.cause is not None
    assert isinstance(found.happenings[expired.cause - 1].step.body, ChallengeIssued)


def test_a_close_of_what_was_wholly_refused_leads_back_to_the_instruction() -> None:
    found = journey(Story("no", Right.DELETE).submit().prove().instruct(refuse=[Right.DELETE]))
    closed = next(each for each in found.happenings if each.step.name == "request closed")
    assert closed.cause is not None
    assert found.happenings[closed.cause - 1].step.name == "owner instructed"


def test_a_cause_never_stands_behind_what_it_led_to_even_if_its_clock_is_late() -> None:
    story = Story("skewed").submit()
    steps = [of_record(accepted) for accepted in story.accepted]
    late = steps[0].__class__(
        **{name: getattr(steps[0], name) for name in steps[0].__slots__}
        | {"recorded_at": steps[-1].recorded_at + timedelta(seconds=1)}
    )
    assert Journey([late, *steps[1:]]).steps[0].id == steps[0].id


def test_the_tree_holds_every_event_once(whole: Journey) -> None:
    def numbers(branch: Branch) -> list[int]:
        return [branch.happening.number, *(number for each in branch.branches for number in numbers(each))]

    found = [number for root in whole.causes for number in numbers(root)]
    assert sorted(found) == list(range(1, len(whole.steps) + 1))


@pytest.mark.requirement("R47")
def test_results_are_told_leaf_by_leaf(whole: Journey) -> None:
    leaves = {(line.right, line.product, line.leaf.data_set, line.leaf.outcome) for line in whole.leaves}
    assert ("delete", "civicrec", "payments", Outcome.RETAINED) in leaves
    assert ("access", "seeclickfix", "registrations", Outcome.DELIVERED) in leaves


def test_what_is_sealed_is_only_said_to_be_there(whole: Journey) -> None:
    told = str([shown(step) for step in whole.steps])
    assert "sealed:v1" not in told
    assert "'contact': 'sealed'" in told


def test_every_event_of_the_contract_has_its_words(whole: Journey) -> None:
    for found in (whole, journey(Story("b", bounced=True).submit()), journey(Story("e").submit().expire())):
        assert all(each.what and "cannot read" not in each.what for each in found.happenings)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(milliseconds=12), "12 ms"),
        (timedelta(seconds=1.44), "1.4 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=3, seconds=59), "3 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=2, hours=4), "2 d 4 h"),
        (timedelta(seconds=-1), "0 ms"),
    ],
)
def test_how_long_things_took(length: timedelta, words: str) -> None:
    assert span(length) == words
