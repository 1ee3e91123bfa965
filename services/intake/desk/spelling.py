"""A request's number on the telephone: read back letter by letter, and understood however it was said or typed."""

import re
from typing import Final

from schemas.request import ALPHABET

WORDS: Final = {
    "A": "Alfa", "B": "Bravo", "C": "Charlie", "D": "Delta", "E": "Echo", "F": "Foxtrot", "G": "Golf", "H": "Hotel",
    "J": "Juliett", "K": "Kilo", "M": "Mike", "N": "November", "P": "Papa", "Q": "Quebec", "R": "Romeo",
    "S": "Sierra", "T": "Tango", "V": "Victor", "W": "Whiskey", "X": "X-ray", "Y": "Yankee", "Z": "Zulu",
    "0": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven",
    "8": "eight", "9": "nine",
}  # fmt: skip
"""The ICAO spelling alphabet, for the characters a number is made of."""

LENGTH: Final = 8
"""Characters of a number after ``HB``."""

_MISTAKEN: Final = str.maketrans({"I": "1", "L": "1", "O": "0"})
"""What Crockford's base 32 lacks, and what whoever writes it means (there is no U, and nothing to take it for)."""

_SAID: Final = {word.upper(): letter for letter, word in WORDS.items()} | {
    "ALPHA": "A",
    "JULIET": "J",
    "WHISKY": "W",
    "XRAY": "X",
    "NINER": "9",
    "OH": "0",
    "NOUGHT": "0",
}
_PIECE: Final = re.compile(r"X-RAY|[A-Z]+|[0-9]")
LONGEST: Final = 120
"""Characters of the longest text that could be a number, spelled."""


def spelled(number: str) -> list[tuple[str, str]]:
    """Each character of the number with its word: ``("K", "Kilo")``. The dashes are left out."""
    return [(char, WORDS[char]) for char in number if char in WORDS]


def understood(text: str) -> str | None:
    """The number that is meant, such as ``HB-7K4M-Q2ZD``; None for what cannot be one.

    Takes it with or without ``HB`` and dashes, in any case, with O for 0 and I or L for 1, and spelled in words.
    """
    if len(text) > LONGEST:
        return None
    pieces = _PIECE.findall(text.upper())
    chars = "".join(_SAID.get(piece, piece) for piece in pieces)
    chars = chars.removeprefix("HB") if len(chars) == LENGTH + 2 else chars
    chars = chars.translate(_MISTAKEN)
    if len(chars) != LENGTH or not set(chars) <= set(ALPHABET):
        return None
    return f"HB-{chars[:4]}-{chars[4:]}"
