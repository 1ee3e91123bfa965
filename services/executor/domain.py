"""Decides what is to be done at which product, in which order, and when it is done (R08, R11).

An approved order becomes a task per product. An irreversible order begins only after an event that says so, and only
when the order before it is complete. A product that cannot answer is asked again later, until its tries are used up.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, assert_never

from pydantic import Field

from schemas.base import Fact, Slug
from schemas.cause import Cause, Effect, TimePassed, Wake
from schemas.envelope import derived_id
from schemas.executor import (
    Event,
    ExecutionPlanned,
    OrderBegun,
    OrderCompleted,
    PackageMade,
    PlannedOrder,
    Task,
    TaskDeferred,
    TaskFailed,
    TaskReported,
    TaskSettled,
)
from schemas.request import Leaf, OrderResult, Request, TaskResult
from schemas.router import OwnerInstructed
from schemas.vocabulary import Outcome
from services.executor.orders import (
    LAST_ATTEMPT,
    PATIENCE,
    CallProduct,
    MakePackage,
    OrderState,
)


class Idle(Fact):
    """Nothing was approved yet."""

    phase: Literal["idle"] = "idle"


class Planned(Fact):
    """Approved and under way; ``orders`` in the order they are carried out."""

    phase: Literal["planned"] = "planned"
    request: Request
    affiliates: tuple[Slug, ...]
    orders: tuple[OrderState, ...]

    def order_of(self, task_id: str) -> OrderState | None:
        """The order an open task belongs to; None when the task is settled or unknown."""
        return next((order for order in self.orders if order.task(task_id)), None)

    def with_order(self, changed: OrderState) -> "Planned":
        """The same plan with one order changed."""
        return self.model_copy(
            update={"orders": tuple(changed if order.id == changed.id else order for order in self.orders)}
        )

    def next_order(self) -> OrderState | None:
        """The first order that is not complete: one at a time, as the request asks (R08)."""
        return next((order for order in self.orders if not order.complete), None)


State = Annotated[Idle | Planned, Field(discriminator="phase")]


def decide(state: State, cause: Cause) -> Event | None:
    """The executor's one answer to a cause, or silence. A result counts only while the very attempt it names is
    open.
    """
    match cause.body, state:
        case OwnerInstructed() as approval, Idle() if approved(approval):
            return plan(approval, cause)
        case TimePassed(effect_id=effect_id), Planned() as open_:
            return begin(open_, effect_id)
        case TaskReported() as reported, Planned() as open_ if is_open(open_, reported):
            return settle(open_, reported.task_id, reported.attempt, reported.leaves, reported.evidence)
        case TaskFailed() as failed, Planned() as open_ if is_open(open_, failed):
            return defer_or_give_up(open_, failed, cause)
        case PackageMade() as made, Planned() as open_:
            current = open_.next_order()
            waits = current is not None and current.id == made.order_id and current.owes_package
            return OrderCompleted(result=current.result(made.package)) if current and waits else None
        case _:
            return None


def evolve(state: State, event: Event) -> State:
    """The state after an event of the executor's own."""
    if isinstance(event, ExecutionPlanned):
        return Planned(
            request=event.request,
            affiliates=event.affiliates,
            orders=tuple(OrderState.of(order) for order in event.orders),
        )
    assert isinstance(state, Planned)
    match event:
        case OrderBegun():
            return state.with_order(order(state, event.order_id).model_copy(update={"begun": True}))
        case TaskDeferred():
            found = state.order_of(event.task_id)
            assert found is not None
            return state.with_order(found.deferred(event.task_id, event.attempt + 1, event.retry_at))
        case TaskSettled():
            return state.with_order(order(state, event.order_id).settled(event.result))
        case OrderCompleted():
            return state.with_order(order(state, event.result.order_id).completed(event.result))
        case _:
            assert_never(event)


def due(state: State) -> Iterable[Effect]:
    """What the plan owes now: the open tasks of the order whose turn it is, its beginning, or its package."""
    if not isinstance(state, Planned) or (order := state.next_order()) is None:
        return
    if not order.begun:
        yield Wake(id=order.wake)
        return
    for task in order.open_tasks:
        yield CallProduct(
            id=f"{task.id}:{task.attempt}",
            not_before=task.not_before,
            request=state.request,
            right=order.right,
            task=task,
            affiliates=state.affiliates,
        )
    if order.owes_package:
        yield MakePackage(id=derived_id("package", order.id), request=state.request, order=order)


def approved(approval: OwnerInstructed) -> bool:
    """True if the owner approved anything at all."""
    return any(decision.approved for decision in approval.instruction.decisions)


def plan(approval: OwnerInstructed, cause: Cause) -> ExecutionPlanned:
    """A task per approved order and product. Task ids follow from order and product: the same on every replay."""
    wanted = {decision.order_id for decision in approval.instruction.decisions if decision.approved}
    return ExecutionPlanned(
        request=approval.request,
        approval=cause.id,
        affiliates=approval.instruction.affiliates,
        orders=tuple(
            PlannedOrder(
                order_id=order.id,
                right=order.right,
                after=order.after if order.after in wanted else None,
                tasks=tuple(
                    Task(id=derived_id("task", order.id, product), product=product) for product in approval.products
                ),
            )
            for order in approval.request.orders
            if order.id in wanted
        ),
    )


def begin(open_: Planned, effect_id: str) -> OrderBegun | OrderCompleted | None:
    """The point of no return, unless what had to come first did not succeed: then nothing is destroyed (R08)."""
    current = open_.next_order()
    if current is None or current.begun or effect_id != current.wake:
        return None
    if current.after is not None and order(open_, current.after).failed:
        result = OrderResult(
            order_id=current.id, right=current.right, closed_as=Outcome.FAILED, reason="earlier_order_failed"
        )
        return OrderCompleted(result=result)
    return OrderBegun(order_id=current.id)


def is_open(open_: Planned, result: TaskReported | TaskFailed) -> bool:
    """True while the task is open, on this attempt, in the order whose turn it is."""
    current = open_.next_order()
    task = current.task(result.task_id) if current and current.begun else None
    return task is not None and task.attempt == result.attempt


def settle(
    open_: Planned, task_id: str, attempt: int, leaves: tuple[Leaf, ...], evidence: str
) -> TaskSettled | OrderCompleted:
    """The task ended. With its last task an order is complete, unless a package is still to be made of it."""
    current = open_.order_of(task_id)
    assert current is not None
    task = current.task(task_id)
    assert task is not None
    result = TaskResult(id=task.id, product=task.product, attempt=attempt, leaves=leaves, evidence=evidence)
    after = current.settled(result)
    if after.open_tasks or after.owes_package:
        return TaskSettled(order_id=current.id, result=result)
    return OrderCompleted(result=after.result())


def defer_or_give_up(open_: Planned, failed: TaskFailed, cause: Cause) -> TaskDeferred | TaskSettled | OrderCompleted:
    """Another try later, while there is hope; then the honest outcome: failed."""
    if failed.retryable and failed.attempt < LAST_ATTEMPT:
        return TaskDeferred(
            task_id=failed.task_id,
            attempt=failed.attempt,
            retry_at=PATIENCE.after(cause.time, failed.task_id, failed.attempt),
            reason=failed.reason,
        )
    leaf = Leaf(data_set="*", outcome=Outcome.FAILED)
    return settle(open_, failed.task_id, failed.attempt, (leaf,), failed.reason)


def order(state: Planned, order_id: str) -> OrderState:
    """The order of that id. Raises StopIteration for one that is not part of the plan."""
    return next(order for order in state.orders if order.id == order_id)
