"""A request as it travels: who asks which owner for what, order by order, with everything personal sealed."""

from hashlib import sha256

from schemas.base import Fact, Moment, Sealed, Slug
from schemas.vocabulary import Assurance, Channel, Method, Outcome, Right, Scope

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is taken for another on the telephone."""


def short_number(request_id: str) -> str:
    """The request's number as a person can spell it: 40 bits of the id's digest, such as ``HB-7K4M-Q2ZD``."""
    bits = int.from_bytes(sha256(request_id.encode()).digest()[:5], "big")
    letters = "".join(ALPHABET[(bits >> shift) & 31] for shift in range(35, -5, -5))
    return f"HB-{letters[:4]}-{letters[4:]}"


class Order(Fact):
    """One right asked for. ``after`` names the order that must be completed first (R08)."""

    id: str
    right: Right
    scope: Scope = Scope.PRODUCT
    after: str | None = None


class Request(Fact):
    """What was asked, as every service needs to know it.

    ``person`` is the person key, ``contact`` a sealed :class:`Contact`, ``corrections`` a sealed list of
    :class:`Correction`. ``received_at`` starts the statutory clock (11 CCR 7021(b)).
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

    @property
    def number(self) -> str:
        """The number a person can spell on the phone."""
        return short_number(self.id)


class Contact(Fact):
    """Who asks and how to reach them. Travels only inside a sealed field."""

    name: str
    email: str
    phone: str | None = None


class Correction(Fact):
    """One value the person wants corrected. Travels only inside a sealed field."""

    field: str
    value: str


class Proof(Fact):
    """How well identity was proved, and by what."""

    level: Assurance
    method: Method


class Leaf(Fact):
    """What happened to one data set of one product: the smallest truth a letter may tell (R47).

    ``found``, ``done`` and ``retained`` count records; ``law`` names the rule that keeps what was retained (R21);
    ``withheld`` names kinds of data that are held but never disclosed (R23).
    """

    data_set: str
    outcome: Outcome
    found: int = 0
    done: int = 0
    retained: int = 0
    law: str | None = None
    withheld: tuple[str, ...] = ()


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
    """Where the answer to an access order lies: encrypted at rest, found by ``ref``, known by its digest."""

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
