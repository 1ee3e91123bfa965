"""When a process that ended is started again, and when not."""

import pytest

from infra.stack.restarts import FENCED, Again, GiveUp, answer, broker_may_return


@pytest.mark.parametrize(("deaths", "after"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 5), (9, 5)])
def test_the_wait_doubles_up_to_five_seconds(deaths: int, after: float) -> None:
    assert answer(1, range(deaths), was_ready=True) == Again(after)


def test_a_calm_half_minute_forgives_what_was_before() -> None:
    assert answer(1, [0, 1, 2, 40], was_ready=True) == Again(0.5)


def test_a_fenced_worker_comes_back_at_once() -> None:
    assert answer(FENCED, [0, 1, 2], was_ready=True) == Again(0)


def test_five_deaths_before_it_was_ready_end_the_hope() -> None:
    assert answer(1, [0, 1, 3, 6, 11], was_ready=False) == GiveUp(5)


def test_what_was_ready_once_is_never_given_up() -> None:
    assert isinstance(answer(-9, [0, 1, 2, 3, 4, 5], was_ready=True), Again)


def test_five_slow_deaths_are_not_yet_hopeless() -> None:
    assert isinstance(answer(1, [0, 10, 20, 30, 40], was_ready=False), Again)


def test_the_broker_returns_three_times_a_minute() -> None:
    assert broker_may_return([0, 10, 20])
    assert not broker_may_return([0, 10, 20, 30])
    assert broker_may_return([0, 10, 20, 100])
