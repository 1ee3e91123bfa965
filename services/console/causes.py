"""Finds the event behind each event: directly, or through what the event before it had put on order.

An event's ``causationid`` names an event of another service, or a record of its own service's inbox: a command of a
person, or the result of an effect. Inboxes are soon deleted, but a result's id follows from the effect's, and the
effect's from the event that made it due (laws 1 and 4). So the logs alone tell the whole story.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from schemas.envelope import derived_id
from schemas.executor import ExecutionPlanned, OrderBegun, OrderCompleted, PlannedOrder, TaskDeferred, TaskSettled
from schemas.notifier import LetterDeferred, LettersOrdered
from schemas.router import OwnerInstructed
from schemas.verifier import (
    ChallengeIssued,
    EvidenceNeeded,
    EvidenceTaken,
    IdentityVerified,
    VerificationExpired,
    VerificationFailed,
)
from services.console.step import Step


def parents(steps: Iterable[Step]) -> dict[str, str]:
    """Event id → the id of the event that led to it. Left out is what began with a person's act."""
    known = sorted(steps, key=lambda step: (step.service, step.partition, step.offset))
    ids = {step.id for step in known}
    owed_by: dict[str, str] = {}
    plan: Sequence[PlannedOrder] = ()
    found = {}
    for step in known:
        if step.causation_id in ids:
            found[step.id] = step.causation_id
        elif step.causation_id in owed_by:
            found[step.id] = owed_by[step.causation_id]
        if isinstance(step.body, ExecutionPlanned):
            plan = step.body.orders
        owed_by |= {derived_id(step.service, effect, "result"): step.id for effect in owed(step, plan)}
    return found


def owed(step: Step, plan: Sequence[PlannedOrder]) -> Iterator[str]:
    """The ids of the effects that may have become due with this event. Some of them were due before it already."""
    match step.body:
        case ChallengeIssued() | EvidenceNeeded():
            yield from (derived_id(kind, step.request_id) for kind in ("expire", "remind", "release"))
        case EvidenceTaken():
            yield from (derived_id(kind, step.request_id) for kind in ("expire", "compare"))
        case IdentityVerified() | VerificationFailed() | VerificationExpired():
            yield derived_id("forget", step.request_id, "verification")
            yield derived_id("forget", step.request_id, "fulfilment", "record")
        case OwnerInstructed():
            yield derived_id("close", step.request_id)
        case ExecutionPlanned():
            yield from _opening(plan[:1])
        case OrderBegun(order_id=order_id):
            yield from _first_tries(order for order in plan if order.order_id == order_id)
        case TaskDeferred(task_id=task_id, attempt=attempt):
            yield f"{task_id}:{attempt + 1}"
        case TaskSettled(order_id=order_id):
            yield derived_id("package", order_id)
        case OrderCompleted(result=result):
            done = next((at for at, order in enumerate(plan) if order.order_id == result.order_id), len(plan))
            yield from _opening(plan[done + 1 : done + 2])
        case LettersOrdered(letters=letters):
            yield from (f"{letter.id}:1" for letter in letters)
        case LetterDeferred(letter_id=letter_id, attempt=attempt):
            yield f"{letter_id}:{attempt + 1}"


def _opening(orders: Sequence[PlannedOrder]) -> Iterator[str]:
    """What an order whose turn has come may owe: its beginning, its tasks, or its package at once."""
    beginnings = ((derived_id("begin", order.order_id), derived_id("package", order.order_id)) for order in orders)
    yield from chain.from_iterable(beginnings)
    yield from _first_tries(orders)


def _first_tries(orders: Iterable[PlannedOrder]) -> Iterator[str]:
    yield from (f"{task.id}:1" for order in orders for task in order.tasks)
