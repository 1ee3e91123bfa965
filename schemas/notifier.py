"""What the notifier is told and what it says: which letters are owed, sent, or could not be."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Fact, Moment
from schemas.intake import Challenge
from schemas.request import OrderResult, Request
from schemas.router import Decision


class LetterKind(StrEnum):
    """The letters there are; each has one template per language."""

    RECEIPT = "receipt"
    VERIFICATION = "verification"
    OWNER_NOTICE = "owner_notice"
    DECISION = "decision"
    COMPLETION = "completion"
    OWNER_COMPLETION = "owner_completion"


class Audience(StrEnum):
    """Who a letter is for."""

    PERSON = "person"
    OWNER = "owner"


class Letter(Fact):
    """One letter, with the facts it may tell and no more. Its id is also its Message-ID, on every attempt."""

    id: str
    kind: LetterKind
    audience: Audience
    challenge: Challenge | None = None
    expires_at: Moment | None = None
    decisions: tuple[Decision, ...] = ()
    results: tuple[OrderResult, ...] = ()


class LettersOrdered(Fact):
    """Something happened that people are told about (R44). ``request`` is there where the notifier learns it."""

    TYPE: ClassVar[str] = "dsr.notifier.letters-ordered.v1"

    request: Request
    letters: tuple[Letter, ...]


class LetterSent(Fact):
    """The mail server accepted the letter."""

    TYPE: ClassVar[str] = "dsr.notifier.letter-sent.v1"

    letter_id: str
    attempt: int


class LetterDeferred(Fact):
    """The mail server did not accept the letter; it is tried again at ``retry_at``."""

    TYPE: ClassVar[str] = "dsr.notifier.letter-deferred.v1"

    letter_id: str
    attempt: int
    retry_at: Moment
    reason: str


class LetterUndeliverable(Fact):
    """The letter was refused for good. An operator must find another way."""

    TYPE: ClassVar[str] = "dsr.notifier.letter-undeliverable.v1"

    letter_id: str
    attempt: int
    reason: str


class LetterAccepted(Fact):
    """Result: the mail server took the letter."""

    TYPE: ClassVar[str] = "dsr.notifier.letter-accepted.v1"

    effect_id: str
    letter_id: str
    attempt: int


class LetterRefused(Fact):
    """Result: the mail server did not take the letter. ``reason`` is an SMTP status or a code, never an address."""

    TYPE: ClassVar[str] = "dsr.notifier.letter-refused.v1"

    effect_id: str
    letter_id: str
    attempt: int
    reason: str
    permanent: bool


Event = LettersOrdered | LetterSent | LetterDeferred | LetterUndeliverable
