"""A request's journey as one thing: its events in causal order, what led to what, whose turn it was, how it ended."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from heapq import heappop, heappush

from schemas.executor import OrderCompleted, TaskSettled
from schemas.request import Leaf, OrderResult, Request, TaskResult
from schemas.router import OrderRecorded, OwnerInstructed, RequestClosed, RequestRouted
from schemas.topics import SERVICES
from schemas.vocabulary import Outcome
from services.console import words
from services.console.causes import parents
from services.console.standing import Ball, Standing, evolve
from services.console.step import Step


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as it is shown. ``since`` is the time since the event before it, ``after`` since its cause."""

    number: int
    step: Step
    what: str
    kind: str
    cause: int | None
    began_with: str
    since: timedelta
    after: timedelta | None
    waited_for: Ball


@dataclass(frozen=True, slots=True)
class Branch:
    """An event and what it led to."""

    happening: Happening
    branches: tuple["Branch", ...]


@dataclass(frozen=True, slots=True)
class LeafLine:
    """One data set of one product, and what became of it (R47)."""

    right: str
    product: str
    leaf: Leaf


class Journey:
    """Everything that is known of one request. Raises ValueError without a single event."""

    def __init__(self, steps: Iterable[Step]) -> None:
        found = list(steps)
        if not found:
            raise ValueError("a journey begins with an event")
        self._parents = parents(found)
        self.steps = in_order(found, self._parents)
        self.names = words.named(step.body for step in self.steps)

    @property
    def request_id(self) -> str:
        """The request's id."""
        return self.steps[0].request_id

    @cached_property
    def request(self) -> Request | None:
        """What was asked; None while no event that carries it has come."""
        carried = (getattr(step.body, "request", None) for step in self.steps)
        return next((request for request in carried if isinstance(request, Request)), None)

    @cached_property
    def standing(self) -> Standing:
        """Where the request stands after all these events."""
        return list(self._standings())[-1]

    @cached_property
    def happenings(self) -> tuple[Happening, ...]:
        """The events in causal order, each told in words."""
        numbers = {step.id: number for number, step in enumerate(self.steps, 1)}
        by_id = {step.id: step for step in self.steps}
        turns = [Standing(), *self._standings()]
        previous = self.steps[0]
        told = []
        for number, step in enumerate(self.steps, 1):
            parent = by_id.get(self._parents.get(step.id, ""))
            told.append(
                Happening(
                    number=number,
                    step=step,
                    what=words.sentence(step.body, self.names),
                    kind=words.kind(step.body),
                    cause=numbers[parent.id] if parent else None,
                    began_with="" if parent else words.began_with(step.type),
                    since=step.recorded_at - previous.recorded_at,
                    after=step.recorded_at - parent.recorded_at if parent else None,
                    waited_for=turns[number - 1].ball,
                )
            )
            previous = step
        return tuple(told)

    @cached_property
    def causes(self) -> tuple[Branch, ...]:
        """The tree of causes: one root for each time a person did something."""
        children: dict[int | None, list[Happening]] = {}
        for happening in self.happenings:
            children.setdefault(happening.cause, []).append(happening)
        return tuple(_branch(root, children) for root in children.get(None, ()))

    @cached_property
    def results(self) -> tuple[OrderResult, ...]:
        """How each order ended; of orders still under way, what their settled tasks brought so far."""
        ended: dict[str, OrderResult] = {}
        under_way: dict[str, list[TaskResult]] = {}
        for step in self.steps:
            match step.body:
                case TaskSettled(order_id=order_id, result=result):
                    under_way.setdefault(order_id, []).append(result)
                case OrderCompleted(result=result) | OrderRecorded(result=result):
                    ended[result.order_id] = result
                case RequestClosed(results=results):
                    ended |= {result.order_id: result for result in results}
        asked = [order.id for order in self.request.orders] if self.request else [*ended, *under_way]
        return tuple(found for order in dict.fromkeys(asked) if (found := self._result(order, ended, under_way)))

    @property
    def outcomes(self) -> list[Outcome]:
        """Every outcome there is to tell."""
        return [outcome for result in self.results for outcome in result.outcomes]

    @property
    def leaves(self) -> Iterator[LeafLine]:
        """The results, leaf by leaf."""
        for result in self.results:
            for task in result.tasks:
                yield from (LeafLine(words.plain(result.right), task.product, leaf) for leaf in task.leaves)

    @cached_property
    def routed(self) -> RequestRouted | None:
        """The routing, with the law's date; None before it."""
        return next((step.body for step in self.steps if isinstance(step.body, RequestRouted)), None)

    @cached_property
    def instructed(self) -> OwnerInstructed | None:
        """The owner's instruction, with the contract's date; None before it."""
        return next((step.body for step in self.steps if isinstance(step.body, OwnerInstructed)), None)

    @property
    def traces(self) -> tuple[str, ...]:
        """The traces the journey runs through, in order: one begins with each act of a person."""
        return tuple(dict.fromkeys(step.trace_id for step in self.steps if step.trace_id))

    def _standings(self) -> Iterator[Standing]:
        standing = Standing()
        for step in self.steps:
            standing = evolve(standing, step.body) if step.body else standing
            yield standing

    def _result(
        self, order_id: str, ended: Mapping[str, OrderResult], under_way: Mapping[str, list[TaskResult]]
    ) -> OrderResult | None:
        if order_id in ended:
            return ended[order_id]
        orders = {order.id: order for order in self.request.orders} if self.request else {}
        if order_id in under_way and order_id in orders:
            return OrderResult(order_id=order_id, right=orders[order_id].right, tasks=tuple(under_way[order_id]))
        return None


def in_order(steps: Iterable[Step], parents: Mapping[str, str]) -> list[Step]:
    """By the time they were recorded, but never before what led to them: clocks of two brokers may differ."""
    children: dict[str, list[Step]] = {}
    ready: list[tuple[float, int, int, int, str]] = []
    by_id = {step.id: step for step in steps}
    for step in by_id.values():
        if parents.get(step.id) in by_id:
            children.setdefault(parents[step.id], []).append(step)
        else:
            heappush(ready, _rank(step))
    ordered = []
    while ready:
        step = by_id[heappop(ready)[-1]]
        ordered.append(step)
        for child in children.get(step.id, ()):
            heappush(ready, _rank(child))
    return ordered


def _rank(step: Step) -> tuple[float, int, int, int, str]:
    lane = SERVICES.index(step.service) if step.service in SERVICES else len(SERVICES)
    return step.recorded_at.timestamp(), lane, step.partition, step.offset, step.id


def _branch(root: Happening, children: Mapping[int | None, list[Happening]]) -> Branch:
    return Branch(root, tuple(_branch(child, children) for child in children.get(root.number, ())))
