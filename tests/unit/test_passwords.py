"""Which passwords may be chosen, and how they are checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.accounts.passwords import LONGEST, SHORTEST, Passwords, objection
from tests.support.portal_people import QUICK

KNOWN = ("rosa.okafor@brookhaven.example", "Rosa Okafor", "City of Brookhaven")


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "mauve-Kettle-ninety-orbit", "zu viele Köche, 7 Löffel", "pq8$vTm!xw2L"],
)  # fmt: skip
def test_a_good_one_may_be_chosen(password: str) -> None:
    assert objection(password, KNOWN) == ""


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short one", "at least 12"),
        ("", "at least 12"),
        ("x" * (LONGEST + 1), "at most"),
        ("aaaaaaaaaaaaaaaa", "repeats"),
        ("abcdeabcdeabcde", "repeats"),
        ("ababababababab!", "repeats"),
        ("123456789012", "first that anybody"),
        ("qwertyuiop12345", "first that anybody"),
        ("Password12345!", "first that anybody"),
        ("welcome2habeas", "first that anybody"),
        ("okafor is my name", "your name"),
        ("ROSA likes tea 9", "your name"),
        ("brookhaven-summer", "your name"),
    ],
)
def test_an_obvious_one_is_refused_with_the_reason(password: str, why: str) -> None:
    assert why in objection(password, KNOWN)


@given(st.text(max_size=40))
def test_an_objection_never_repeats_the_password(password: str) -> None:
    said = objection(password, KNOWN)
    assert len(password) < 4 or password not in said
    assert len(password) >= SHORTEST or said


async def test_a_password_fits_its_own_hash_alone() -> None:
    passwords = Passwords(QUICK)
    stored = await passwords.hash("mauve-Kettle-ninety-orbit")
    assert await passwords.fits(stored, "mauve-Kettle-ninety-orbit")
    assert not await passwords.fits(stored, "mauve-kettle-ninety-orbit")
    assert not await passwords.fits(stored, "x" * (LONGEST + 1))


@pytest.mark.parametrize("stored", ["", "!", "not a hash"])
async def test_where_there_is_no_password_none_fits(stored: str) -> None:
    passwords = Passwords(QUICK)
    for tried in ("", "!", "nobody's password"):
        assert not await passwords.fits(stored, tried)
