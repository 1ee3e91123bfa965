"""What the notifier is told and what it says: which letters are owed, sent, or could not be."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Fact, Moment, Sealed, Slug
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


class AccountLetterKind(StrEnum):
    """The letters to people who have an account, or are to have one."""

    INVITATION = "invitation"
    RESET = "reset"


class AccountLetter(Fact):
    """One letter with a link for one account. ``door`` is the pages the link leads to, such as ``portal``; after
    ``expires_at`` it leads nowhere. ``email`` and ``name`` are sealed as in the catalogue, ``token`` for this letter.
    """

    id: str
    kind: AccountLetterKind
    account: str
    owner: Slug
    door: Slug
    email: Sealed
    name: Sealed
    token: Sealed
    expires_at: Moment


class SendAccountLetter(Fact):
    """Command: somebody was invited, or asked for a new password."""

    TYPE: ClassVar[str] = "dsr.notifier.send-account-letter.v1"

    letter: AccountLetter


class LettersOrdered(Fact):
    """Something happened that people are told about (R44). ``request`` is there where the notifier learns it."""

    TYPE: ClassVar[str] = "dsr.notifier.letters-ordered.v1"

    request: Request
    letters: tuple[Letter, ...]


class AccountLetterOrdered(Fact):
    """A letter is owed to somebody who has an account, or is to have one."""

    TYPE: ClassVar[str] = "dsr.notifier.account-letter-ordered.v1"

    letter: AccountLetter


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


Event = LettersOrdered | AccountLetterOrdered | LetterSent | LetterDeferred | LetterUndeliverable
