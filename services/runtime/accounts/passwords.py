"""Which passwords may be chosen, and how they are kept: argon2id, a few at a time."""

import asyncio
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST: Final = 12
LONGEST: Final = 256
"""Characters; a longer password is refused without being hashed."""

AT_ONCE: Final = 2
"""Passwords hashed at the same time: each takes 64 MiB, and a flood must not take them all."""

FEWEST_DIFFERENT: Final = 5

_OBVIOUS: Final = (
    "password", "passwort", "contraseña", "letmein", "welcome", "changeme", "iloveyou", "monkey", "dragon", "football",
    "baseball", "sunshine", "princess", "administrator", "admin", "secret", "default", "habeas", "privacy", "qwerty",
)  # fmt: skip
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
)


def objection(password: str, known: Iterable[str] = ()) -> str:
    """What is wrong with a password, in words that follow the field's name; empty if nothing is.

    ``known`` is what a stranger would try first: the person's name and address, the owner's name.
    """
    if len(password) < SHORTEST:
        return f"must be at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"must be at most {LONGEST} characters"
    plain = _plain(password)
    if len(set(plain)) < FEWEST_DIFFERENT or _repeats(plain):
        return "repeats itself; mix it more"
    if any(word in plain for text in known for word in _words(text)):
        return "contains your name, your address or that of your organisation"
    if len(_without(plain, (*_OBVIOUS, *_runs(plain)))) < SHORTEST // 2:
        return "is among the first that anybody would try"
    return ""


class Passwords:
    """Hashes and checks, in threads. Tests hand in a hasher that costs nothing."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobodys = self._hasher.hash("nobody's password")
        self._places = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, stored: str, password: str) -> bool:
        """True if the password is the one. Takes as long where nothing is stored, and is then false."""
        too_long = len(password) > LONGEST
        async with self._places:
            found = await asyncio.to_thread(self._fits, stored or self._nobodys, "" if too_long else password)
        return found and bool(stored) and not too_long

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (Argon2Error, InvalidHashError):
            return False


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _words(text: str) -> list[str]:
    """The parts of a name or an address that are long enough to be missed."""
    return [word for word in re.split(r"[^\w]+|_", _plain(text)) if len(word) >= 4]


def _repeats(plain: str) -> bool:
    """True for a text that is one short piece over and over."""
    return any(plain == (plain[:n] * (len(plain) // n + 1))[: len(plain)] for n in range(1, len(plain) // 2 + 1))


def _runs(plain: str) -> list[str]:
    """Pieces of the alphabet, of the digits or of a keyboard's rows, forwards or backwards, of four and more."""
    rows = [line for row in _ROWS for line in (row, row[::-1])]
    found = []
    for start in range(len(plain) - 3):
        end = start + 4
        while end <= len(plain) and any(plain[start:end] in row for row in rows):
            end += 1
        if end > start + 4:
            found.append(plain[start : end - 1])
    return sorted(set(found), key=len, reverse=True)


def _without(plain: str, pieces: Iterable[str]) -> str:
    for piece in pieces:
        plain = plain.replace(piece, "")
    return re.sub(r"[\W\d_]", "", plain) if plain else plain
