"""Two clocks: the law's from the person's request, the contract's from the owner's instruction."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.vocabulary import Right
from services.router.deadlines import business_days_after, contract_due, instruct_by, legal_due, local_date
from tests.support.facts import ASHFORD, CATALOGUE, MILLBROOK, request

late_evening = datetime(2026, 3, 2, 4, 59, tzinfo=UTC)
"""Still the first of March in Chicago, and an hour later it is not."""


def test_a_day_is_the_owners_day() -> None:
    assert local_date(late_evening, MILLBROOK) == date(2026, 3, 1)
    assert local_date(late_evening.replace(hour=6), MILLBROOK) == date(2026, 3, 2)
    assert local_date(late_evening.replace(hour=6), ASHFORD) == date(2026, 3, 1)


@pytest.mark.requirement("R07")
def test_the_laws_clock_runs_45_days_from_receipt() -> None:
    asked = request(Right.ACCESS).model_copy(update={"received_at": late_evening})
    assert legal_due(asked, MILLBROOK) == date(2026, 4, 15)


@pytest.mark.requirement("R07")
def test_the_laws_clock_does_not_stretch_for_compound_requests() -> None:
    one, two = request(Right.ACCESS), request(Right.ACCESS, Right.DELETE)
    assert legal_due(one, MILLBROOK) == legal_due(two, MILLBROOK)


@pytest.mark.requirement("R10")
@pytest.mark.parametrize("rights", [(Right.OPT_OUT,), (Right.LIMIT,), (Right.OPT_OUT, Right.LIMIT)])
def test_an_opt_out_has_fifteen_business_days(rights: tuple[Right, ...]) -> None:
    asked = request(*rights).model_copy(update={"received_at": late_evening})
    assert legal_due(asked, MILLBROOK) == date(2026, 3, 20)


def test_beside_other_rights_the_earlier_day_counts() -> None:
    asked = request(Right.DELETE, Right.OPT_OUT).model_copy(update={"received_at": late_evening})
    assert legal_due(asked, MILLBROOK) == date(2026, 3, 20)


@pytest.mark.parametrize(
    ("day", "fifteenth", "with_holidays"),
    [
        (date(2026, 1, 15), date(2026, 2, 5), date(2026, 2, 6)),
        (date(2026, 11, 20), date(2026, 12, 11), date(2026, 12, 14)),
        (date(2026, 12, 18), date(2027, 1, 8), date(2027, 1, 12)),
        (date(2026, 3, 7), date(2026, 3, 27), date(2026, 3, 27)),
        (date(2026, 3, 8), date(2026, 3, 27), date(2026, 3, 27)),
    ],
)
def test_business_days_are_mondays_to_fridays_and_never_later_than_the_law(
    day: date, fifteenth: date, with_holidays: date
) -> None:
    assert business_days_after(day, 15) == fifteenth <= with_holidays


@pytest.mark.parametrize("count", range(1, 23))
@pytest.mark.parametrize("start", range(7))
def test_business_days_are_what_counting_on_the_fingers_gives(start: int, count: int) -> None:
    day = first = date(2026, 3, 2) + timedelta(days=start)
    left = count
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    assert business_days_after(first, count) == day


def test_the_owner_is_asked_to_instruct_within_ten_days() -> None:
    assert instruct_by(late_evening, MILLBROOK) == date(2026, 3, 11)


@pytest.mark.requirement("R07")
@pytest.mark.parametrize(
    ("rights", "products", "due"),
    [
        ((Right.ACCESS,), ("civicengage", "civicrec"), date(2026, 4, 15)),
        ((Right.ACCESS, Right.DELETE), ("civicengage",), date(2026, 5, 30)),
        ((Right.ACCESS,), ("civicengage", "civicready"), date(2026, 5, 30)),
    ],
)
def test_the_contracts_clock_is_45_days_or_90_when_compound_or_third_party_backed(
    rights: tuple[Right, ...], products: tuple[str, ...], due: date
) -> None:
    assert contract_due(late_evening, request(*rights), MILLBROOK, products, CATALOGUE) == due


@pytest.mark.requirement("R43")
def test_where_the_contract_says_30_days_the_clock_says_30() -> None:
    short = MILLBROOK.model_copy(update={"contract_days": 30})
    assert contract_due(late_evening, request(Right.ACCESS), short, ("civicrec",), CATALOGUE) == date(2026, 3, 31)


def test_calendar_days_are_not_bent_by_summer_time() -> None:
    before_the_change = datetime(2026, 3, 8, 5, 30, tzinfo=UTC)  # 23:30 on the 7th in Chicago; clocks change on the 8th
    assert instruct_by(before_the_change, MILLBROOK) == date(2026, 3, 17)
