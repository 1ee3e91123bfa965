"""Decides to whom a request goes, takes the owner's instruction, and closes it when every order has its result
(R01).
"""

from collections.abc import Iterable
from typing import Annotated, Final, Literal, assert_never

from pydantic import Field

from schemas.base import Fact, Slug
from schemas.cause import Cause, Effect, TimePassed, Wake
from schemas.envelope import derived_id
from schemas.executor import OrderCompleted
from schemas.request import Order, OrderResult, Proof, Request
from schemas.router import (
    Event,
    InstructionReturned,
    InstructRequest,
    OrderRecorded,
    OwnerInstructed,
    RequestClosed,
    RequestRouted,
)
from schemas.verifier import IdentityVerified, VerificationExpired, VerificationFailed
from schemas.vocabulary import Outcome
from services.router import deadlines
from services.router.instruction import missing_from

NOT_PROVED: Final = "not_enough_proof"
"""Why an order ends unverified beside others that were proved well enough; the verifier's own word for it."""


class Unrouted(Fact):
    """Nothing is known of the request yet."""

    phase: Literal["unrouted"] = "unrouted"


class Deciding(Fact):
    """The request lies with its owner; nothing is carried out (R11)."""

    phase: Literal["deciding"] = "deciding"
    request: Request
    proof: Proof
    products: tuple[Slug, ...]
    unproved: tuple[OrderResult, ...] = ()


class Executing(Fact):
    """The owner has instructed; ``results`` holds the orders that are settled, the refused ones from the start.
    ``unproved`` were never the owner's to decide.
    """

    phase: Literal["executing"] = "executing"
    request: Request
    results: tuple[OrderResult, ...]
    unproved: tuple[OrderResult, ...] = ()

    @property
    def complete(self) -> bool:
        """True when every order has its result."""
        return len(self.results) == len(self.request.orders)


class Closed(Fact):
    """Every order has its result; nothing that comes later changes it."""

    phase: Literal["closed"] = "closed"


State = Annotated[Unrouted | Deciding | Executing | Closed, Field(discriminator="phase")]


def decide(state: State, cause: Cause) -> Event | None:
    """The router's one answer to a cause, or silence."""
    match cause.body, state:
        case IdentityVerified() as verified, Unrouted():
            return route(verified, cause)
        case VerificationFailed(request=request, reason=reason), Unrouted():
            return close_unasked(request, Outcome.UNVERIFIED, cause, reason)
        case VerificationExpired(request=request), Unrouted():
            return close_unasked(request, Outcome.EXPIRED, cause)
        case InstructRequest() as command, Deciding() as open_:
            return instruct(command, open_, cause)
        case OrderCompleted(result=result), Executing() as open_ if not settled(open_, result):
            return record(open_, result, cause)
        case TimePassed(), Executing(complete=True) as open_:
            return closed(open_, open_.results, cause)
        case _:
            return None


def evolve(state: State, event: Event) -> State:
    """The state after an event of the router's own."""
    match event:
        case RequestRouted():
            unproved = tuple(unasked(order, Outcome.UNVERIFIED, NOT_PROVED) for order in event.unproved)
            return Deciding(request=event.request, proof=event.proof, products=event.products, unproved=unproved)
        case InstructionReturned():
            return state
        case OwnerInstructed():
            assert isinstance(state, Deciding)
            return Executing(request=event.request, results=refused(event), unproved=state.unproved)
        case OrderRecorded():
            assert isinstance(state, Executing)
            return state.model_copy(update={"results": (*state.results, event.result)})
        case RequestClosed():
            return Closed()
        case _:
            assert_never(event)


def due(state: State) -> Iterable[Effect]:
    """A request whose owner refused every order has nothing to wait for: it closes at once."""
    if isinstance(state, Executing) and state.complete:
        yield Wake(id=derived_id("close", state.request.id))


def route(verified: IdentityVerified, cause: Cause) -> RequestRouted:
    """The request goes to the owner it names, with the products that owner uses and both clocks' dates (R07)."""
    owner = cause.policies.owners[verified.request.owner]
    return RequestRouted(
        request=verified.request,
        proof=verified.proof,
        products=tuple(product.slug for product in cause.policies.products_of(owner.slug)),
        legal_due=deadlines.legal_due(verified.request, owner),
        instruct_by=deadlines.instruct_by(cause.time, owner),
        policies=cause.policies.version,
        unproved=verified.unproved,
    )


def instruct(command: InstructRequest, open_: Deciding, cause: Cause) -> Event:
    """The owner's instruction if it is whole; the list of what is missing if it is not (R04)."""
    missing = missing_from(command.instruction, open_.request, open_.products, cause.policies)
    if missing:
        return InstructionReturned(missing=missing)
    owner = cause.policies.owners[open_.request.owner]
    chosen = tuple(slug for slug in open_.products if slug in command.instruction.suites)
    return OwnerInstructed(
        request=open_.request,
        proof=open_.proof,
        instruction=command.instruction,
        products=chosen,
        contract_due=deadlines.contract_due(cause.time, open_.request, owner, chosen, cause.policies),
        policies=cause.policies.version,
    )


def refused(event: OwnerInstructed) -> tuple[OrderResult, ...]:
    """The orders the owner refused: settled from the start, each with its reason (R18)."""
    rights = {order.id: order.right for order in event.request.orders}
    return tuple(
        OrderResult(
            order_id=decision.order_id,
            right=rights[decision.order_id],
            closed_as=Outcome.REFUSED,
            reason=decision.exemption,
        )
        for decision in event.instruction.decisions
        if not decision.approved
    )


def settled(open_: Executing, result: OrderResult) -> bool:
    """True for an order that has its result already."""
    return any(known.order_id == result.order_id for known in open_.results)


def record(open_: Executing, result: OrderResult, cause: Cause) -> Event:
    """One more order is settled; with the last one the request closes."""
    results = (*open_.results, result)
    if len(results) == len(open_.request.orders):
        return closed(open_, results, cause)
    return OrderRecorded(result=result)


def closed(open_: Executing, results: tuple[OrderResult, ...], cause: Cause) -> RequestClosed:
    """Every order that the owner decided has its result; what was not proved well enough is told beside them."""
    return RequestClosed(request=open_.request, results=(*results, *open_.unproved), closed_at=cause.time)


def close_unasked(request: Request, outcome: Outcome, cause: Cause, reason: str | None = None) -> RequestClosed:
    """A request whose identity was not proved never reaches its owner (R28). ``reason`` is the verifier's."""
    results = tuple(unasked(order, outcome, reason) for order in request.orders)
    return RequestClosed(request=request, results=results, closed_at=cause.time)


def unasked(order: Order, outcome: Outcome, reason: str | None = None) -> OrderResult:
    """The end of an order that nobody was asked to decide."""
    return OrderResult(order_id=order.id, right=order.right, closed_as=outcome, reason=reason)
