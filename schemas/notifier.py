"""What the notifier is told and what it says: which letters are owed, sent, or could not be."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Fact, Moment, Sealed, Slug
from schemas.intake import Challenge
from schemas.request import OrderResult, Request
from schemas.router import Decision
from schemas.vocabulary import Method, Right


class LetterKind(StrEnum):
    """The letters there are; each has one template per language."""

    RECEIPT = "receipt"
    OPT_OUT_RECEIPT = "opt_out_receipt"
    """The receipt of what goes ahead at once, for it needs no proof (11 CCR 7026, 7027)."""
    VERIFICATION = "verification"
    REMINDER = "reminder"
    CODE = "code"
    """A text message with six digits; the only letter that goes to a telephone."""
    EVIDENCE_NEEDED = "evidence_needed"
    """The link was used, and more is wanted before the request can go on."""
    UNVERIFIED = "unverified"
    """Specific pieces are refused for want of proof, and categories are told instead (11 CCR 7024(a))."""
    AGENT_RECEIPT = "agent_receipt"
    AGENT_CONFIRMATION = "agent_confirmation"
    """The person is asked whether the agent really acts for them (11 CCR 7063(a))."""
    AGENT_COMPLETION = "agent_completion"
    OWNER_NOTICE = "owner_notice"
    DECISION = "decision"
    COMPLETION = "completion"
    OWNER_COMPLETION = "owner_completion"


class Audience(StrEnum):
    """Who a letter is for."""

    PERSON = "person"
    AGENT = "agent"
    OWNER = "owner"


SECRET = frozenset(
    {
        LetterKind.VERIFICATION,
        LetterKind.REMINDER,
        LetterKind.CODE,
        LetterKind.EVIDENCE_NEEDED,
        LetterKind.AGENT_CONFIRMATION,
    }
)
"""Letters that hold a secret. Nobody but whom they are for may see them, or the secret would prove nothing (R34)."""


class Letter(Fact):
    """One letter, with the facts it may tell and no more. Its id is also its Message-ID, on every attempt.

    ``challenge`` is the secret it carries; after ``expires_at`` that opens nothing. ``wanted`` is what more is asked;
    ``unproved`` are rights that end for want of proof while the rest goes on.
    """

    id: str
    kind: LetterKind
    audience: Audience
    challenge: Challenge | None = None
    expires_at: Moment | None = None
    decisions: tuple[Decision, ...] = ()
    results: tuple[OrderResult, ...] = ()
    wanted: tuple[Method, ...] = ()
    unproved: tuple[Right, ...] = ()


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


class Way(StrEnum):
    """How a letter that no server took reached somebody after all."""

    POST = "post"
    TELEPHONE = "telephone"


class HandOverLetter(Fact):
    """Command: staff printed a letter that could not be delivered and posted it, or read it out on the telephone.
    ``by`` is their account.
    """

    TYPE: ClassVar[str] = "dsr.notifier.hand-over-letter.v1"

    letter_id: str
    way: Way
    by: str


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
    """The mail server, or the gateway for text messages, accepted the letter."""

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
    """The letter was refused for good. Staff must find another way: most can be printed and posted."""

    TYPE: ClassVar[str] = "dsr.notifier.letter-undeliverable.v1"

    letter_id: str
    attempt: int
    reason: str


class LetterHandedOver(Fact):
    """A letter that could not be delivered reached the person in another ``way``, by the hand of the account ``by``."""

    TYPE: ClassVar[str] = "dsr.notifier.letter-handed-over.v1"

    letter_id: str
    way: Way
    by: str


class LetterAccepted(Fact):
    """Result: the mail server took the letter."""

    TYPE: ClassVar[str] = "dsr.notifier.letter-accepted.v1"

    effect_id: str
    letter_id: str
    attempt: int


class LetterRefused(Fact):
    """Result: nobody took the letter. ``reason`` is an SMTP status or a code, never an address. ``retry_at`` is there
    where it is known before when another try makes no sense.
    """

    TYPE: ClassVar[str] = "dsr.notifier.letter-refused.v1"

    effect_id: str
    letter_id: str
    attempt: int
    reason: str
    permanent: bool
    retry_at: Moment | None = None


Event = LettersOrdered | AccountLetterOrdered | LetterSent | LetterDeferred | LetterUndeliverable | LetterHandedOver
