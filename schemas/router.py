"""What the router is told and what it says: to whom a request goes, what the owner instructs, how it ends."""

from datetime import date
from enum import StrEnum
from typing import ClassVar

from schemas.base import Fact, Moment, Sealed, Slug
from schemas.request import Order, OrderResult, Proof, Request
from schemas.vocabulary import Exemption


class Flag(StrEnum):
    """What the handler is told about a request's place among others of the same person (R13). It refuses nothing."""

    MORE_THAN_FREE = "more_than_free"
    """More right-to-know requests within twelve months than are free (Cal. Civ. Code 1798.130(b))."""
    DUPLICATE = "duplicate"
    """The same is asked in another request that was open when this one arrived."""
    REPEATED = "repeated"
    """The same deletion or correction, again and again within twelve months (Cal. Civ. Code 1798.145(h)(3))."""


class Decision(Fact):
    """The owner's word on one order: approved, or refused for a reason of the fixed list (R18)."""

    order_id: str
    approved: bool
    exemption: Exemption | None = None
    note: Sealed | None = None


class Instruction(Fact):
    """The owner's instruction with what R04 demands; R02's three questions are its first three fields.

    ``by`` is the account that gave it. ``suites`` and ``affiliates`` say where to look. The subject's name and
    e-mail address are the request's sealed contact, shown to the owner when it decides. ``flags`` is what else it was
    told then.
    """

    must_comply: bool | None = None
    law_limits: bool | None = None
    identity_confirmed: bool | None = None
    by: str = ""
    suites: tuple[Slug, ...] = ()
    affiliates: tuple[Slug, ...] = ()
    decisions: tuple[Decision, ...] = ()
    flags: tuple[Flag, ...] = ()


class InstructRequest(Fact):
    """Command: a representative of the owner instructs."""

    TYPE: ClassVar[str] = "dsr.router.instruct-request.v1"

    instruction: Instruction


class RequestRouted(Fact):
    """The request lies with its owner. ``products`` are where data may be; ``legal_due`` is the statutory date
    (R07). ``unproved`` are orders that were asked for without enough proof: nobody decides them, they end as such.
    """

    TYPE: ClassVar[str] = "dsr.router.request-routed.v1"

    request: Request
    proof: Proof
    products: tuple[Slug, ...]
    legal_due: date
    instruct_by: date
    policies: int
    unproved: tuple[Order, ...] = ()


class InstructionReturned(Fact):
    """The instruction lacked something; ``missing`` names each field (R04). Nothing was approved."""

    TYPE: ClassVar[str] = "dsr.router.instruction-returned.v1"

    missing: tuple[str, ...]


class OwnerInstructed(Fact):
    """The owner's specific decision on this very request: the approval that every execution must have (R11)."""

    TYPE: ClassVar[str] = "dsr.router.owner-instructed.v1"

    request: Request
    proof: Proof
    instruction: Instruction
    products: tuple[Slug, ...]
    contract_due: date
    policies: int


class OrderRecorded(Fact):
    """One order of several is settled; the request stays open for the others."""

    TYPE: ClassVar[str] = "dsr.router.order-recorded.v1"

    result: OrderResult


class RequestClosed(Fact):
    """Every order is settled, each with its own result. There is no summary that could say more than these."""

    TYPE: ClassVar[str] = "dsr.router.request-closed.v1"

    request: Request
    results: tuple[OrderResult, ...]
    closed_at: Moment


Event = RequestRouted | InstructionReturned | OwnerInstructed | OrderRecorded | RequestClosed
