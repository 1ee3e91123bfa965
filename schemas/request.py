"""A request as it travels: who asks which owner for what, order by order, with everything personal sealed."""

from datetime import date
from hashlib import sha256

from schemas.base import Fact, Moment, Sealed, Slug
from schemas.vocabulary import Assurance, Basis, Channel, Method, Outcome, PointKind, Right, Scope, Span

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is taken for another on the telephone."""


def short_number(request_id: str) -> str:
    """The request's number as a person can spell it: 40 bits of the id's digest, such as ``HB-7K4M-Q2ZD``."""
    bits = int.from_bytes(sha256(request_id.encode()).digest()[:5], "big")
    letters = "".join(ALPHABET[(bits >> shift) & 31] for shift in range(35, -5, -5))
    return f"HB-{letters[:4]}-{letters[4:]}"


class Order(Fact):
    """One right asked for. ``after`` names the order that must be completed first (R08).

    ``instead_of`` is the right that was asked for where it could not be granted as asked: specific pieces of someone
    whose identity could not be proved well enough become categories (11 CCR 7024(a)).
    """

    id: str
    right: Right
    scope: Scope = Scope.PRODUCT
    after: str | None = None
    instead_of: Right | None = None


class Period(Fact):
    """How far back the person asks (R15). ``since`` is the first day, for :attr:`Span.SINCE` alone."""

    span: Span = Span.TWELVE_MONTHS
    since: date | None = None


class Attachment(Fact):
    """A file that came with a request: encrypted at rest under ``ref``, its name sealed, ``sha256`` of its content."""

    ref: str
    name: Sealed
    media: str
    size: int
    sha256: str


class Agent(Fact):
    """Somebody asks on the person's behalf. ``contact`` is the agent's, a sealed :class:`Contact`."""

    contact: Sealed
    basis: Basis


class Ticket(Fact):
    """The ticket in somebody's support system that a request came from, and that is answered there (R42)."""

    client: Slug
    id: str


class Request(Fact):
    """What was asked, as every service needs to know it.

    ``person`` is the person key, ``contact`` a sealed :class:`Contact`, ``corrections`` a sealed list of
    :class:`Correction`, ``details`` a sealed text in the person's words, ``points`` a sealed list of
    :class:`DataPoint`, ``declaration`` the sealed name under a declaration under penalty of perjury (11 CCR 7062(c)),
    ``child`` the sealed name of the child the request is about (R19). ``received_at`` starts the statutory clock
    (11 CCR 7021(b)). ``entered_by`` is the account or client that entered it for the person; empty for the person's
    own hand. ``linked`` names requests of the same person that it belongs with: none vouches for another.
    """

    id: str
    owner: Slug
    client: str
    channel: Channel
    received_at: Moment
    person: str
    orders: tuple[Order, ...]
    contact: Sealed
    corrections: Sealed | None = None
    locale: str = "en"
    period: Period = Period()
    details: Sealed | None = None
    points: Sealed | None = None
    declaration: Sealed | None = None
    child: Sealed | None = None
    attachments: tuple[Attachment, ...] = ()
    agent: Agent | None = None
    ticket: Ticket | None = None
    entered_by: str = ""
    linked: tuple[str, ...] = ()
    by_mail: bool = True

    @property
    def number(self) -> str:
        """The number a person can spell on the phone."""
        return short_number(self.id)


class Contact(Fact):
    """Who asks and how to reach them. Travels only inside a sealed field.

    ``email`` is empty for somebody who has none: they are reached by telephone, or by a letter that staff prints and
    posts to ``address``.
    """

    name: str
    email: str = ""
    phone: str | None = None
    address: str = ""


class DataPoint(Fact):
    """Something the person says of themselves, to be compared with what is held. Travels only inside a sealed field."""

    kind: PointKind
    value: str


class Correction(Fact):
    """One value the person wants corrected. Travels only inside a sealed field."""

    field: str
    value: str


class Proof(Fact):
    """How well identity was proved, and by what. ``methods`` names all that counted, ``method`` the first of them;
    ``points`` is the number of reliable data points they make (11 CCR 7062).
    """

    level: Assurance
    method: Method
    methods: tuple[Method, ...] = ()
    points: int = 0


class Leaf(Fact):
    """What happened to one data set of one product: the smallest truth a letter may tell (R47).

    ``found``, ``done`` and ``retained`` count records; ``law`` names the rule that keeps what was retained (R21);
    ``withheld`` names kinds of data that are held but never disclosed (R23); ``forwarded`` the third parties that
    were told to do the same, and acknowledged it (R31, R50).
    """

    data_set: str
    outcome: Outcome
    found: int = 0
    done: int = 0
    retained: int = 0
    law: str | None = None
    withheld: tuple[str, ...] = ()
    forwarded: tuple[str, ...] = ()


class TaskResult(Fact):
    """How one task (an order at one product) ended. ``evidence`` is a digest or a count that shows it, never a
    value.
    """

    id: str
    product: Slug
    attempt: int
    leaves: tuple[Leaf, ...]
    evidence: str = ""


class Package(Fact):
    """Where the answer to an order lies: encrypted at rest, found by ``ref``, known by its digest."""

    ref: str
    sha256: str
    size: int


class OrderResult(Fact):
    """How one order ended, leaf by leaf. ``reason`` is an exemption when it was refused (R18)."""

    order_id: str
    right: Right
    tasks: tuple[TaskResult, ...] = ()
    package: Package | None = None
    closed_as: Outcome | None = None
    reason: str | None = None

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Every outcome there is to tell, in order; one alone where the order never reached a product."""
        if self.closed_as is not None:
            return (self.closed_as,)
        return tuple(leaf.outcome for task in self.tasks for leaf in task.leaves)
