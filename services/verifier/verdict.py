"""What becomes of each order, given what is proved: it goes ahead, it becomes one for categories, or it is unproved."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from schemas.request import Order, Proof, Request
from schemas.verifier import Need
from schemas.vocabulary import Assurance, Method, Right
from services.verifier.case import Case
from services.verifier.levels import STRENGTH, level_met, meets, points

SOMEBODYS_WORD: Final = (Method.ATTESTATION, Method.REAUTHENTICATION)

ASKED_FOR: Final = frozenset({Method.DECLARATION, Method.SMS_CODE, *SOMEBODYS_WORD})
"""What is worth waiting for before data points are compared, or it is decided without."""

COMPARED: Final = 99
"""More data points than anybody gives: to see whether comparing them could make a difference."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The orders that are proved well enough, and those that are not."""

    orders: tuple[Order, ...]
    unproved: tuple[Order, ...]


def verdict(case: Case, methods: Collection[Method], matched: int = 0) -> Verdict:
    """Order by order: each right needs what the owner's policy says of it."""
    asked = {order.right for order in case.request.orders}
    kept: list[Order] = []
    unproved: list[Order] = []
    for order in case.request.orders:
        if satisfied(case.need(order.right), methods, matched):
            kept.append(order)
        elif (
            order.right is Right.ACCESS
            and Right.KNOW not in asked
            and satisfied(case.need(Right.KNOW), methods, matched)
        ):
            kept.append(order.model_copy(update={"right": Right.KNOW, "instead_of": Right.ACCESS}))
        else:
            unproved.append(order)
    return Verdict(_chained(kept, case.request), tuple(unproved))


def satisfied(need: Need, methods: Collection[Method], matched: int) -> bool:
    """True if what of this counts towards the need meets it."""
    counted = [method for method in methods if not need.methods or method in need.methods]
    return meets(need.level, counted, matched if not need.methods or Method.KNOWLEDGE in need.methods else 0)


def complete(case: Case, methods: Collection[Method], matched: int = 0) -> bool:
    """True if everything that was asked for may go ahead as asked."""
    return all(satisfied(case.need(order.right), methods, matched) for order in case.request.orders)


def wanted(case: Case, methods: Collection[Method]) -> tuple[Method, ...]:
    """What could still be given that may count towards what is not proved yet: by the person, or, where the owner's
    policy names it, by somebody's word for them.
    """
    unmet = [
        need
        for order in case.request.orders
        if not satisfied(need := case.need(order.right), methods, 0) and need.level is not Assurance.NONE
    ]

    def counts(method: Method) -> bool:
        return method not in methods and any(not need.methods or method in need.methods for need in unmet)

    signs = any(need.level is Assurance.REASONABLY_HIGH for need in unmet)
    found = (
        (Method.DECLARATION, signs and counts(Method.DECLARATION)),
        (Method.SMS_CODE, case.code is not None and counts(Method.SMS_CODE)),
        (Method.KNOWLEDGE, counts(Method.KNOWLEDGE)),
        *((word, any(word in need.methods for need in unmet)) for word in SOMEBODYS_WORD),
    )
    return tuple(method for method, yes in found if yes)


def worth_comparing(case: Case, methods: Collection[Method]) -> bool:
    """True if data points that match could change what becomes of any order."""
    return verdict(case, methods, COMPARED) != verdict(case, methods)


def proof_of(orders: Collection[Order], case: Case, methods: Collection[Method], matched: int) -> Proof:
    """How well identity is proved. Where nothing that goes ahead needs it, it is not said to be proved at all."""
    used = {*methods, *((Method.KNOWLEDGE,) if matched else ())}
    ranked = tuple(method for method in STRENGTH if method in used)
    if all(case.need(order.right).level is Assurance.NONE for order in orders):
        return Proof(level=Assurance.NONE, method=Method.NOT_NEEDED, methods=ranked)
    return Proof(
        level=level_met(ranked, matched), method=ranked[0], methods=ranked, points=points(ranked, matched)
    )  # fmt: skip


def _chained(orders: list[Order], request: Request) -> tuple[Order, ...]:
    """The orders with each one's predecessor: where that fell away, the one before it (R08)."""
    before = {order.id: order.after for order in request.orders}
    kept = {order.id for order in orders}

    def after(order: Order) -> str | None:
        earlier = order.after
        while earlier is not None and earlier not in kept:
            earlier = before.get(earlier)
        return earlier

    return tuple(order.model_copy(update={"after": after(order)}) for order in orders)
