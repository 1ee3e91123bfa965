"""A number survives the telephone: however it is said or typed, it is the same number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.request import ALPHABET, short_number
from services.intake.desk.spelling import WORDS, spelled, understood

NUMBER = "HB-7K4M-Q2ZD"


@pytest.mark.requirement("R33")
@pytest.mark.parametrize(
    "heard",
    [
        NUMBER, "hb-7k4m-q2zd", "7K4MQ2ZD", " 7k4m q2zd ", "HB 7K4M Q2ZD", "HB7K4MQ2ZD", "7-K-4-M-Q-2-Z-D",
        "seven kilo four mike quebec two zulu delta", "Hotel Bravo, 7 Kilo 4 Mike, Quebec 2 Zulu Delta.",
    ],
)  # fmt: skip
def test_a_number_is_understood(heard: str) -> None:
    assert understood(heard) == NUMBER


@pytest.mark.parametrize(
    ("heard", "meant"),
    [("OI1L-0000", "HB-0111-0000"), ("oh niner x-ray alpha 0000", "HB-09XA-0000"), ("HBHB-HBHB", "HB-HBHB-HBHB")],
)
def test_letters_a_number_lacks_stand_for_the_digits_they_look_like(heard: str, meant: str) -> None:
    assert understood(heard) == meant


@pytest.mark.parametrize("heard", ["", "HB", "7K4M", "7K4MQ2ZDX", "UUUUUUUU", "' OR 1=1 --", "é" * 8, "7 " * 5000])
def test_what_cannot_be_a_number_is_none(heard: str) -> None:
    assert understood(heard) is None


@given(st.uuids().map(str))
def test_whatever_is_read_back_is_found_again(request_id: str) -> None:
    number = short_number(request_id)
    assert understood(number) == number
    assert understood(" ".join(word for _, word in spelled(number))) == number


def test_every_character_of_a_number_has_a_word_of_its_own() -> None:
    assert set(ALPHABET) == set(WORDS)
    assert len({word.lower() for word in WORDS.values()}) == len(ALPHABET)
