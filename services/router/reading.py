"""What the portal reads: one owner's cases, and never another's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, Row, case, func, select

from schemas.request import Order, OrderResult, Proof, Request, TaskResult
from schemas.router import Decision, Flag, Instruction
from services.router.limits import Link
from services.router.views import AWAITING, CASE_ROWS, OPEN, TASK_ROWS, TIMELINE_ROWS, Phase


@dataclass(frozen=True, slots=True)
class TaskState:
    """One order at one product: settled when it has a result, put off when it has a time."""

    id: str
    order_id: str
    product: str
    retry_at: datetime | None
    result: TaskResult | None


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline. ``about`` is an order's or a task's id, or empty."""

    at: datetime
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class Case:
    """A request as it lies with its owner."""

    request: Request
    proof: Proof
    state: Phase
    correlation: str
    routed_at: datetime
    instructed_at: datetime | None
    closed_at: datetime | None
    legal_due: date
    instruct_by: date
    contract_due: date | None
    products: tuple[str, ...]
    instruction: Instruction | None
    missing: tuple[str, ...]
    results: tuple[OrderResult, ...]
    answered: str
    unproved: tuple[Order, ...]
    flags: tuple[Flag, ...]
    links: tuple[Link, ...]
    tasks: tuple[TaskState, ...] = ()
    timeline: tuple[Happening, ...] = field(default=())

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request.id

    @property
    def awaits_instruction(self) -> bool:
        """True while the owner has the ball."""
        return self.state in AWAITING

    def order(self, order_id: str) -> Order | None:
        """The order of that id."""
        return next((order for order in self.request.orders if order.id == order_id), None)

    def decision(self, order_id: str) -> Decision | None:
        """What the owner said to an order."""
        said = self.instruction.decisions if self.instruction else ()
        return next((decision for decision in said if decision.order_id == order_id), None)

    def result(self, order_id: str) -> OrderResult | None:
        """How an order ended."""
        return next((result for result in self.results if result.order_id == order_id), None)


@dataclass(frozen=True, slots=True)
class Linked:
    """Another request of the same person, with a proof of its own. ``why`` is empty for one of the same submission."""

    case: Case
    why: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of cases, and how many there are in each state."""

    cases: tuple[Case, ...]
    counts: Mapping[Phase, int]

    def total(self, states: Iterable[Phase]) -> int:
        """How many cases are in any of these states."""
        return sum(self.counts.get(state, 0) for state in states)


class Cases:
    """The read model, asked in one owner's name. Methods block on the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def inbox(self, owner: str, states: Sequence[Phase] = OPEN, *, limit: int = 25, offset: int = 0) -> Inbox:
        """Those that need a decision first, then by the time the law leaves; closed ones by when they closed."""
        rows = CASE_ROWS.c
        needs_no_decision = case((rows.state.in_(AWAITING), 0), (rows.state == Phase.EXECUTING, 1), else_=2)
        wanted = (
            select(CASE_ROWS)
            .where(rows.owner == owner, rows.state.in_(states))
            .order_by(needs_no_decision, rows.closed_at.desc(), rows.legal_due, rows.received_at, rows.request_id)
            .limit(limit)
            .offset(offset)
        )
        counted = select(rows.state, func.count()).where(rows.owner == owner).group_by(rows.state)
        with self._engine.connect() as connection:
            found = [_case(row) for row in connection.execute(wanted)]
            counts = {Phase(state): count for state, count in connection.execute(counted)}
            of_these = TASK_ROWS.c.request_id.in_([known.id for known in found])
            tasks = connection.execute(select(TASK_ROWS).where(of_these)).all()
        return Inbox(tuple(replace(known, tasks=_tasks(tasks, known.id)) for known in found), counts)

    def state(self, owner: str, request_id: str) -> Phase | None:
        """Where one case stands: cheap enough to be asked after each event."""
        there = (CASE_ROWS.c.request_id == request_id, CASE_ROWS.c.owner == owner)
        with self._engine.connect() as connection:
            found = connection.execute(select(CASE_ROWS.c.state).where(*there)).scalar_one_or_none()
        return Phase(found) if found is not None else None

    def case(self, owner: str, request_id: str) -> Case | None:
        """One case with all that is known of it; None if there is none, or if it is another owner's."""
        there = (CASE_ROWS.c.request_id == request_id, CASE_ROWS.c.owner == owner)
        with self._engine.connect() as connection:
            row = connection.execute(select(CASE_ROWS).where(*there)).one_or_none()
            if row is None:
                return None
            tasks = connection.execute(select(TASK_ROWS).where(TASK_ROWS.c.request_id == request_id)).all()
            times = TIMELINE_ROWS.c
            told = connection.execute(
                select(times.at, times.type, times.about)
                .where(times.request_id == request_id)
                .order_by(times.at, times.rank, times.event_id)
            ).all()
        timeline = tuple(Happening(at, type_, about) for at, type_, about in told)
        return replace(_case(row), tasks=_tasks(tasks, request_id), timeline=timeline)

    def linked(self, owner: str, case: Case) -> tuple[Linked, ...]:
        """The other requests of the same person that a case names, and those of its own submission; only the owner's
        own, and only such as reached it.
        """
        why: dict[str, list[Flag]] = {request_id: [] for request_id in case.request.linked}
        for link in case.links:
            why.setdefault(link.request_id, []).append(link.why)
        rows = CASE_ROWS.c
        wanted = (
            select(CASE_ROWS)
            .where(rows.owner == owner, rows.person_key == case.request.person, rows.request_id.in_(list(why)))
            .order_by(rows.received_at.desc(), rows.request_id)
        )
        with self._engine.connect() as connection:
            return tuple(Linked(_case(row), tuple(why[row.request_id])) for row in connection.execute(wanted))


def _case(row: Row[Any]) -> Case:
    return Case(
        request=Request.model_validate(row.request),
        proof=Proof.model_validate(row.proof),
        state=Phase(row.state),
        correlation=row.correlation,
        routed_at=row.routed_at,
        instructed_at=row.instructed_at,
        closed_at=row.closed_at,
        legal_due=row.legal_due,
        instruct_by=row.instruct_by,
        contract_due=row.contract_due,
        products=tuple(row.products),
        instruction=Instruction.model_validate(row.instruction) if row.instruction else None,
        missing=tuple(row.missing),
        results=tuple(OrderResult.model_validate(result) for result in row.results),
        answered=row.answered,
        unproved=tuple(Order.model_validate(order) for order in row.unproved),
        flags=tuple(Flag(flag) for flag in row.flags),
        links=tuple(Link(request_id, Flag(why)) for request_id, why in row.links),
    )


def _tasks(rows: Iterable[Row[Any]], request_id: str) -> tuple[TaskState, ...]:
    return tuple(
        TaskState(
            row.task_id,
            row.order_id,
            row.product,
            row.retry_at,
            TaskResult.model_validate(row.result) if row.result else None,
        )
        for row in rows
        if row.request_id == request_id
    )
