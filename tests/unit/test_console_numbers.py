"""Numbers as they are said on the telephone, and filters as they stand in a URL."""

import pytest

from services.console.listing import Wanted, as_number


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("HB-7K4M-Q2ZD", "HB-7K4M-Q2ZD"),
        ("hb 7k4m q2zd", "HB-7K4M-Q2ZD"),
        ("7k4mq2zd", "HB-7K4M-Q2ZD"),
        ("7k4", "HB-7K4"),
        ("OIL4", "HB-0114"),
        ("", ""),
        ("HB-", ""),
        ("71d4cf59-e739-5b62-8bf6-b42d82a27a78", ""),
        ("7U4M-Q2ZD", ""),
        ("%' OR 1=1 --%", "HB-0R11"),
    ],
)
def test_a_number_is_understood_as_it_is_said(said: str, number: str) -> None:
    assert as_number(said) == number


def test_a_filter_is_a_link() -> None:
    wanted = Wanted(state="deciding", owner="alder-falls")
    assert wanted.query() == "?state=deciding&owner=alder-falls"
    assert wanted.query(state="", owner="") == ""
    assert wanted.query(before="a b") == "?state=deciding&owner=alder-falls&before=a+b"
