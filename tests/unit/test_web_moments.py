"""Points in time in words."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.runtime.web.moments import away, day_in_words, in_words

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def test_a_moment_is_told_in_the_owners_zone() -> None:
    assert in_words(NOON, "America/Denver") == "March 3, 2026, 5:00 AM MST"
    assert in_words(datetime(2026, 7, 4, 0, 30, tzinfo=UTC), "America/Chicago") == "July 3, 2026, 7:30 PM CDT"


def test_midnight_and_noon_are_twelve() -> None:
    assert in_words(NOON, "UTC").endswith("12:00 PM UTC")
    assert in_words(NOON - timedelta(hours=12), "UTC").endswith("12:00 AM UTC")


def test_the_day_is_the_owners_day() -> None:
    assert day_in_words(datetime(2026, 3, 3, 2, 0, tzinfo=UTC), "America/Denver") == "Monday, March 2, 2026"
    assert day_in_words(date(2026, 3, 3), "America/Denver") == "Tuesday, March 3, 2026"


def test_nobody_guesses_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        in_words(NOON.replace(tzinfo=None), "UTC")


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(days=12, hours=5), "in 12 days"),
        (timedelta(days=-1), "1 day ago"),
        (timedelta(hours=3), "in 3 hours"),
        (timedelta(minutes=-1, seconds=-59), "1 minute ago"),
        (timedelta(seconds=40), "now"),
    ],
)
def test_how_far_away_a_moment_is(distance: timedelta, words: str) -> None:
    assert away(NOON + distance, NOON) == words
