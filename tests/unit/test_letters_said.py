"""What may be said of an order: "done" only where every leaf of it is."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.request import Leaf, OrderResult, Package, TaskResult
from schemas.vocabulary import Outcome, Right
from services.notifier.said import ANSWERED, DONE, Verdict, what_may_be_said

PACKAGE = Package(ref="r-1/package-o-1.zip", sha256="0" * 64, size=22)


def leaf(outcome: Outcome) -> Leaf:
    done = 2 if outcome in frozenset().union(*DONE.values()) else 0
    kept = outcome is Outcome.RETAINED
    found = 0 if outcome is Outcome.NOT_FOUND else 2
    return Leaf(
        data_set="members", outcome=outcome, found=found, done=done, retained=2 * kept, law="§ 1" if kept else None
    )


def result(right: Right, *leaves: Leaf, package: Package | None = PACKAGE) -> OrderResult:
    task = TaskResult(id="t-1", product="civicrec", attempt=1, leaves=leaves)
    return OrderResult(order_id="o-1", right=right, tasks=(task,), package=package)


@pytest.mark.requirement("R45")
@pytest.mark.parametrize("right", list(Right))
def test_no_combination_of_outcomes_is_done_unless_every_one_is(right: Right) -> None:
    for outcomes in product(Outcome, repeat=3):
        verdict = what_may_be_said(result(right, *map(leaf, outcomes))).verdict
        found = set(outcomes) - {Outcome.NOT_FOUND}
        assert (verdict is Verdict.DONE) == (bool(found) and found <= DONE[right])
        assert (verdict is Verdict.NOTHING_FOUND) == (not found)
        assert (verdict is Verdict.KEPT) == (found == {Outcome.RETAINED})


@given(st.sampled_from(Right), st.lists(st.builds(
    Leaf, data_set=st.just("members"), outcome=st.sampled_from(Outcome), found=st.integers(0, 3),
    done=st.integers(0, 3), retained=st.integers(0, 3), law=st.sampled_from([None, "§ 1"]),
), max_size=6), st.booleans())  # fmt: skip
def test_done_means_that_no_record_was_left(right: Right, leaves: list[Leaf], packed: bool) -> None:
    said = what_may_be_said(result(right, *leaves, package=PACKAGE if packed else None))
    if said.verdict is Verdict.DONE:
        for each in leaves:
            empty = each.outcome is Outcome.NOT_FOUND and each.found == 0
            assert empty or (each.outcome in DONE[right] and each.done >= each.found and each.retained == 0)
        assert packed or right not in ANSWERED
        assert any(each.outcome in DONE[right] for each in leaves)


@given(st.sampled_from(Right), st.lists(st.sampled_from(Outcome), max_size=4), st.sampled_from(Outcome))
def test_one_more_leaf_never_makes_an_undone_order_done(right: Right, outcomes: list[Outcome], more: Outcome) -> None:
    before = what_may_be_said(result(right, *map(leaf, outcomes))).verdict
    after = what_may_be_said(result(right, *map(leaf, outcomes), leaf(more))).verdict
    if before not in {Verdict.DONE, Verdict.NOTHING_FOUND} and outcomes:
        assert after is not Verdict.DONE


@pytest.mark.parametrize("closed_as", list(Outcome))
def test_an_order_that_never_reached_a_product_is_not_done_whatever_it_was_closed_as(closed_as: Outcome) -> None:
    closed = OrderResult(order_id="o-1", right=Right.DELETE, closed_as=closed_as)
    assert what_may_be_said(closed).verdict is Verdict.NOT_DONE


def test_an_order_without_a_single_leaf_is_not_done() -> None:
    assert what_may_be_said(OrderResult(order_id="o-1", right=Right.DELETE)).verdict is Verdict.NOT_DONE


def test_what_is_kept_without_naming_a_law_is_not_kept_but_undone() -> None:
    lawless = Leaf(data_set="payments", outcome=Outcome.RETAINED, found=2, retained=2)
    assert what_may_be_said(result(Right.DELETE, lawless)).verdict is Verdict.NOT_DONE
