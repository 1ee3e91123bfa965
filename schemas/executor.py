"""What the executor is told and what it says: the plan, the point of no return, each task's result."""

from typing import ClassVar

from schemas.base import Fact, Moment, Slug
from schemas.request import Leaf, OrderResult, Package, Request, TaskResult
from schemas.vocabulary import Right


class Task(Fact):
    """One order at one product. Its id is the key under which the product does it once, however often it is asked."""

    id: str
    product: Slug


class PlannedOrder(Fact):
    """An approved order with its tasks; ``after`` is the order that must be completed first (R08)."""

    order_id: str
    right: Right
    after: str | None = None
    tasks: tuple[Task, ...]


class ExecutionPlanned(Fact):
    """The owner's approval became tasks. ``approval`` is the id of the owner's instruction (R11)."""

    TYPE: ClassVar[str] = "dsr.executor.execution-planned.v1"

    request: Request
    approval: str
    affiliates: tuple[Slug, ...]
    orders: tuple[PlannedOrder, ...]


class OrderBegun(Fact):
    """The point of no return of an irreversible order: from here it is carried out, and cannot be withdrawn (R08)."""

    TYPE: ClassVar[str] = "dsr.executor.order-begun.v1"

    order_id: str


class TaskDeferred(Fact):
    """A product could not answer; the task is tried again at ``retry_at``."""

    TYPE: ClassVar[str] = "dsr.executor.task-deferred.v1"

    task_id: str
    attempt: int
    retry_at: Moment
    reason: str


class TaskSettled(Fact):
    """A task ended, and its order goes on."""

    TYPE: ClassVar[str] = "dsr.executor.task-settled.v1"

    order_id: str
    result: TaskResult


class OrderCompleted(Fact):
    """Every task of the order ended; the result holds them all, leaf by leaf."""

    TYPE: ClassVar[str] = "dsr.executor.order-completed.v1"

    result: OrderResult


class TaskReported(Fact):
    """Result: a product answered the task."""

    TYPE: ClassVar[str] = "dsr.executor.task-reported.v1"

    effect_id: str
    task_id: str
    attempt: int
    leaves: tuple[Leaf, ...]
    evidence: str = ""


class TaskFailed(Fact):
    """Result: a product did not answer the task, or refused it. ``reason`` is a code, never the product's own words."""

    TYPE: ClassVar[str] = "dsr.executor.task-failed.v1"

    effect_id: str
    task_id: str
    attempt: int
    reason: str
    retryable: bool


class PackageMade(Fact):
    """Result: the package of an order to know or to access was written and encrypted."""

    TYPE: ClassVar[str] = "dsr.executor.package-made.v1"

    effect_id: str
    order_id: str
    package: Package


Event = ExecutionPlanned | OrderBegun | TaskDeferred | TaskSettled | OrderCompleted
