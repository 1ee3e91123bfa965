"""What the handler is told of earlier requests: how many to know there were, what is asked twice; never a refusal."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.router import Flag
from schemas.vocabulary import Right
from services.router.limits import Asked, Link, a_year_before, noted

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def asked(name: str, *rights: Right, days_ago: int = 0, proved: bool = True, open_: bool = False) -> Asked:
    return Asked(name, frozenset(rights), NOW - timedelta(days=days_ago), proved, open_)


FIRST = asked("first", Right.ACCESS, days_ago=300)
SECOND = asked("second", Right.KNOW, days_ago=100)
THIRD = asked("third", Right.KNOW)


@pytest.mark.requirement("R13")
def test_two_requests_to_know_in_twelve_months_are_free_and_the_third_is_flagged_with_the_two() -> None:
    assert noted(FIRST, []).flags == noted(SECOND, [FIRST]).flags == ()
    third = noted(THIRD, [FIRST, SECOND])
    assert third.flags == (Flag.MORE_THAN_FREE,)
    assert third.links == (Link("first", Flag.MORE_THAN_FREE), Link("second", Flag.MORE_THAN_FREE))
    assert noted(THIRD, [FIRST]).links == ()


@pytest.mark.requirement("R13")
def test_what_was_not_proved_spends_nothing() -> None:
    strangers = [asked(f"stranger-{n}", Right.KNOW, days_ago=n + 1, proved=False) for n in range(5)]
    assert noted(THIRD, [FIRST, *strangers]).flags == ()


@pytest.mark.requirement("R13")
@pytest.mark.parametrize(("days", "flagged"), [(364, True), (365, False), (400, False)])
def test_twelve_months_are_counted_from_receipt_to_receipt(days: int, flagged: bool) -> None:
    earlier = [SECOND, asked("old", Right.ACCESS, days_ago=days)]
    assert (noted(THIRD, earlier).flags == (Flag.MORE_THAN_FREE,)) is flagged


@pytest.mark.requirement("R13")
@pytest.mark.parametrize("right", [Right.DELETE, Right.CORRECT, Right.OPT_OUT, Right.LIMIT])
def test_other_rights_spend_nothing_of_the_right_to_know(right: Right) -> None:
    assert noted(THIRD, [asked("other", right, days_ago=9), FIRST]).flags == ()
    assert noted(asked("this", right), [FIRST, SECOND]).flags == ()


def test_a_compound_request_counts_once() -> None:
    both = asked("both", Right.KNOW, Right.ACCESS, days_ago=5)
    assert noted(THIRD, [both]).flags == ()


@pytest.mark.requirement("R13")
def test_the_same_while_it_is_open_is_a_duplicate_of_every_such_request() -> None:
    open_ = [asked("a", Right.DELETE, days_ago=2, open_=True), asked("b", Right.OPT_OUT, days_ago=1, open_=True)]
    said = noted(asked("this", Right.DELETE, Right.CORRECT), open_)
    assert (said.flags, said.links) == ((Flag.DUPLICATE,), (Link("a", Flag.DUPLICATE),))


@pytest.mark.requirement("R13")
def test_the_same_deletion_a_third_time_in_a_year_is_repeated() -> None:
    earlier = [asked("a", Right.DELETE, days_ago=200), asked("b", Right.DELETE, days_ago=20)]
    assert noted(asked("this", Right.DELETE), earlier[:1]).flags == ()
    assert noted(asked("this", Right.DELETE), earlier).flags == (Flag.REPEATED,)


def test_opting_out_again_and_again_is_nobodys_fault() -> None:
    earlier = [asked(f"{n}", Right.OPT_OUT, days_ago=n + 1, proved=False) for n in range(9)]
    assert noted(asked("this", Right.OPT_OUT, proved=False), earlier).flags == ()


def test_a_year_before_a_leap_day_is_the_last_of_february() -> None:
    assert a_year_before(datetime(2028, 2, 29, 1, tzinfo=UTC)) == datetime(2027, 2, 28, 1, tzinfo=UTC)
    assert a_year_before(NOW) == datetime(2025, 3, 2, 12, tzinfo=UTC)
