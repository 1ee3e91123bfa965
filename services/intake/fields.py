"""Which entries a submission accepts: one-line texts, addresses that can be reached, the rights offered today."""

import base64
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

from schemas.vocabulary import Right
from services.runtime.person import normal_phone, written_email
from services.runtime.web.wording import wrong

OFFERED: Final = (Right.KNOW, Right.ACCESS, Right.CORRECT, Right.DELETE, Right.OPT_OUT, Right.LIMIT)
"""The rights that can be asked for, in the order in which they are carried out (R08)."""

SMALL_FILE: Final = 180 << 10
"""Bytes of a file that travels within a message: with all the rest, a message stays below the bus's limit."""

_FORBIDDEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """``text``, unless it holds control characters, line breaks or marks that turn the direction of reading.

    Those could add a line to a letter or show a reader something else than what is written.
    """
    if any(char in _BIDI or unicodedata.category(char) in _FORBIDDEN for char in text):
        raise wrong("must be one line, without control characters or direction marks")
    return text


def _named(text: str) -> str:
    if not any(char.isalpha() for char in text):
        raise wrong("must hold at least one letter")
    return text


def _reachable(text: str) -> str:
    try:
        return written_email(text)
    except ValueError:
        raise wrong("must look like name@example.com") from None


def _callable(text: str) -> str:
    try:
        return normal_phone(text)
    except ValueError:
        raise wrong("is not a telephone number we could call") from None


def paragraphs(text: str) -> str:
    """``text``, unless it holds control characters other than line breaks, or direction marks."""
    for line in text.splitlines():
        one_line(line)
    return text


def _in_order(rights: tuple[Right, ...]) -> tuple[Right, ...]:
    return tuple(right for right in OFFERED if right in rights)


def _decoded(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise wrong("must be base64") from None


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


Line = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(one_line)]
Paragraphs = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(paragraphs)]
"""A text in the person's own words, line breaks and all."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line), AfterValidator(_named)]
Email = Annotated[str, StringConstraints(min_length=1, max_length=254), AfterValidator(_reachable)]
"""An e-mail address as its owner writes it; its domain in Unicode. Whether mail arrives there is not asked."""

Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(_callable)]
"""A telephone number in E.164."""

Content = Annotated[
    bytes,
    Field(min_length=1, max_length=SMALL_FILE),
    BeforeValidator(_decoded),
    PlainSerializer(_encoded),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "maxLength": SMALL_FILE * 4 // 3}),
]
"""A file within a message, in base64."""

Rights = Annotated[tuple[Right, ...], Field(min_length=1, max_length=12), AfterValidator(_in_order)]
"""A set, in the order in which it is carried out; naming a right twice means nothing more than naming it once."""
