"""One order while it is carried out: its open tasks, its results, and the effects it may owe."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.backoff import Backoff
from schemas.base import Fact, Moment, Slug
from schemas.cause import Effect
from schemas.envelope import derived_id
from schemas.executor import PlannedOrder
from schemas.request import OrderResult, Package, Request, TaskResult
from schemas.vocabulary import IRREVERSIBLE, Outcome, Right

LAST_ATTEMPT = 12
"""After so many tries, about a day in all, a product that cannot answer is told as failed."""

ANSWERED = frozenset({Right.KNOW, Right.ACCESS})
"""Rights whose answer is a package."""

PATIENCE = Backoff(first=timedelta(seconds=1), factor=4, longest=timedelta(hours=4))


class OpenTask(Fact):
    """A task that has no result yet; ``attempt`` is the one that counts now."""

    id: str
    product: Slug
    attempt: int = 1
    not_before: Moment | None = None


class OrderState(Fact):
    """An approved order. A reversible one has begun from the start; an irreversible one when an event says so."""

    id: str
    right: Right
    begun: bool
    open_tasks: tuple[OpenTask, ...]
    results: tuple[TaskResult, ...] = ()
    after: str | None = None
    complete: bool = False
    failed: bool = False

    @classmethod
    def of(cls, planned: PlannedOrder) -> "OrderState":
        """The order as it stands right after planning."""
        return cls(
            id=planned.order_id,
            right=planned.right,
            begun=planned.right not in IRREVERSIBLE,
            open_tasks=tuple(OpenTask(id=task.id, product=task.product) for task in planned.tasks),
            after=planned.after,
        )

    @property
    def wake(self) -> str:
        """The id of the effect that lets the order begin."""
        return derived_id("begin", self.id)

    @property
    def owes_package(self) -> bool:
        """True when all the data is there and only the package is missing."""
        return self.right in ANSWERED and not self.open_tasks and not self.complete

    def task(self, task_id: str) -> OpenTask | None:
        """The open task of that id."""
        return next((task for task in self.open_tasks if task.id == task_id), None)

    def settled(self, result: TaskResult) -> "OrderState":
        """The order after one of its tasks ended."""
        return self.model_copy(
            update={
                "open_tasks": tuple(task for task in self.open_tasks if task.id != result.id),
                "results": (*self.results, result),
            }
        )

    def deferred(self, task_id: str, attempt: int, not_before: datetime) -> "OrderState":
        """The order with one task to be tried again later."""
        later = {"attempt": attempt, "not_before": not_before}
        return self.model_copy(
            update={
                "open_tasks": tuple(
                    task.model_copy(update=later) if task.id == task_id else task for task in self.open_tasks
                )
            }
        )

    def completed(self, result: OrderResult) -> "OrderState":
        """The order when nothing of it is left to do. What came of it is in the event; the state keeps the gist."""
        gist = {"complete": True, "failed": Outcome.FAILED in result.outcomes}
        return self.model_copy(update={"open_tasks": (), "results": (), **gist})

    def result(self, package: Package | None = None) -> OrderResult:
        """What came of the order, task by task."""
        return OrderResult(order_id=self.id, right=self.right, tasks=self.results, package=package)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallProduct(Effect):
    """One task is to be done at one product. The task's id is the product's idempotency key, on every attempt."""

    request: Request
    right: Right
    task: OpenTask
    affiliates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePackage(Effect):
    """The answer to an order to know or to access is to be put together from what its tasks brought."""

    request: Request
    order: OrderState
