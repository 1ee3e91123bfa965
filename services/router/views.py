"""The portal's read model: each case, its tasks, and what happened when; folded from two logs."""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, Column, Connection, Date, Index, Integer, MetaData, String, Table, select

from schemas import topics
from schemas.base import Fact
from schemas.executor import ExecutionPlanned, OrderBegun, OrderCompleted, TaskDeferred, TaskSettled
from schemas.request import Request, TaskResult
from schemas.router import (
    InstructionReturned,
    OrderRecorded,
    OwnerInstructed,
    RequestClosed,
    RequestRouted,
)
from schemas.vocabulary import Assurance, Right
from services.router import limits
from services.runtime.accounts.acts_view import ActsView
from services.runtime.chain import Accepted
from services.runtime.database import Instant, insert_once


class Phase(StrEnum):
    """Where a case stands. A returned one still waits for its owner's decision."""

    DECIDING = "deciding"
    RETURNED = "returned"
    EXECUTING = "executing"
    CLOSED = "closed"


AWAITING: Final = (Phase.DECIDING, Phase.RETURNED)
"""The owner has the ball."""

OPEN: Final = (*AWAITING, Phase.EXECUTING)

_METADATA = MetaData()

CASE_ROWS: Final = Table(
    "router_cases",
    _METADATA,
    Column("request_id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("person_key", String, nullable=False),
    Column("correlation", String, nullable=False),
    Column("number", String, nullable=False),
    Column("state", String, nullable=False),
    Column("rights", String, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("routed_at", Instant, nullable=False),
    Column("instructed_at", Instant),
    Column("closed_at", Instant),
    Column("legal_due", Date, nullable=False),
    Column("instruct_by", Date, nullable=False),
    Column("contract_due", Date),
    Column("products", JSON, nullable=False),
    Column("request", JSON, nullable=False),
    Column("proof", JSON, nullable=False),
    Column("instruction", JSON),
    Column("missing", JSON, nullable=False),
    Column("results", JSON, nullable=False),
    Column("answered", String, nullable=False),
    Column("policies", Integer, nullable=False),
    Column("unproved", JSON, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("links", JSON, nullable=False),
    Index("router_cases_by_time_left", "owner", "state", "legal_due"),
    Index("router_cases_by_person", "owner", "person_key"),
)
"""``answered`` is the id of the last instruction that got an answer; ``request`` keeps what is sealed as it is.

``flags`` and ``links`` are what :mod:`limits` says of the request when it reaches its owner. A person's requests lie in
one partition, in order: whenever the rows are made anew, they come out the same.
"""

TASK_ROWS: Final = Table(
    "router_tasks",
    _METADATA,
    Column("task_id", String, primary_key=True),
    Column("request_id", String, nullable=False, index=True),
    Column("order_id", String, nullable=False),
    Column("product", String, nullable=False),
    Column("retry_at", Instant),
    Column("result", JSON),
)

TIMELINE_ROWS: Final = Table(
    "router_timeline",
    _METADATA,
    Column("event_id", String, primary_key=True),
    Column("request_id", String, nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("about", String, nullable=False),
)
"""``rank`` orders what a single cause brought about in both services, and which therefore bears one time."""

TOLD: Final[tuple[type[Fact], ...]] = (
    RequestRouted,
    InstructionReturned,
    OwnerInstructed,
    ExecutionPlanned,
    OrderBegun,
    TaskDeferred,
    TaskSettled,
    OrderCompleted,
    RequestClosed,
)
"""What the timeline tells, in the order in which it can happen."""


class CaseView:
    """Every case that reached its owner. The two logs come in any order: what is kept of one never needs the other."""

    name = "router"
    metadata = _METADATA
    topics = (topics.events("router"), topics.events("executor"))

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """Folds one event. A request that ended before it reached its owner leaves nothing here (R28)."""
        match accepted.body:
            case RequestRouted() as routed:
                _open(connection, accepted, routed)
            case InstructionReturned(missing=missing):
                _change(connection, accepted, state=Phase.RETURNED, missing=list(missing), answered=_cause(accepted))
            case OwnerInstructed() as instructed:
                _instruct(connection, accepted, instructed)
            case OrderRecorded(result=result):
                _change(connection, accepted, results=[*_results(connection, accepted), _json(result)])
            case RequestClosed() as closed:
                results = [_json(result) for result in closed.results]
                _change(connection, accepted, state=Phase.CLOSED, results=results, closed_at=closed.closed_at)
            case ExecutionPlanned() as planned:
                _plan(connection, accepted, planned)
            case TaskDeferred(task_id=task_id, retry_at=retry_at):
                _task(connection, task_id, retry_at=retry_at)
            case TaskSettled(result=result):
                _settle(connection, result)
            case OrderCompleted(result=order):
                for result in order.tasks:
                    _settle(connection, result)
        if isinstance(accepted.body, TOLD):
            _tell(connection, accepted, accepted.body)


CASES: Final = CaseView()


def _open(connection: Connection, accepted: Accepted, routed: RequestRouted) -> None:
    request, envelope = routed.request, accepted.envelope
    asked = limits.Asked(
        request.id,
        frozenset(order.right for order in request.orders),
        request.received_at,
        routed.proof.level is not Assurance.NONE,
    )
    said = limits.noted(asked, _before(connection, request))
    insert_once(
        connection,
        CASE_ROWS,
        {
            "request_id": request.id,
            "owner": request.owner,
            "person_key": request.person,
            "correlation": envelope.correlationid,
            "number": request.number,
            "state": Phase.DECIDING,
            "rights": ",".join(order.right for order in request.orders),
            "received_at": request.received_at,
            "routed_at": envelope.time,
            "legal_due": routed.legal_due,
            "instruct_by": routed.instruct_by,
            "products": list(routed.products),
            "request": _json(request),
            "proof": _json(routed.proof),
            "missing": [],
            "results": [],
            "answered": "",
            "policies": routed.policies,
            "unproved": [_json(order) for order in routed.unproved],
            "flags": list(said.flags),
            "links": [[link.request_id, link.why] for link in said.links],
        },
    )


def _before(connection: Connection, request: Request) -> list[limits.Asked]:
    """What the same person asked of the same owner, as far as it reached it, in the order in which it did."""
    rows = CASE_ROWS.c
    theirs = (rows.owner == request.owner, rows.person_key == request.person, rows.request_id != request.id)
    wanted = select(CASE_ROWS).where(*theirs).order_by(rows.routed_at, rows.request_id)
    return [
        limits.Asked(
            row.request_id,
            frozenset(Right(right) for right in row.rights.split(",")),
            row.received_at,
            row.proof["level"] != Assurance.NONE,
            row.state != Phase.CLOSED,
        )
        for row in connection.execute(wanted)
    ]


def _instruct(connection: Connection, accepted: Accepted, instructed: OwnerInstructed) -> None:
    _change(
        connection,
        accepted,
        state=Phase.EXECUTING,
        missing=[],
        answered=_cause(accepted),
        instruction=_json(instructed.instruction),
        instructed_at=accepted.envelope.time,
        contract_due=instructed.contract_due,
        policies=instructed.policies,
    )


def _plan(connection: Connection, accepted: Accepted, planned: ExecutionPlanned) -> None:
    for order in planned.orders:
        for task in order.tasks:
            row = {"task_id": task.id, "request_id": accepted.envelope.subject, "order_id": order.order_id}
            insert_once(connection, TASK_ROWS, {**row, "product": task.product})


def _settle(connection: Connection, result: TaskResult) -> None:
    _task(connection, result.id, retry_at=None, result=_json(result))


def _task(connection: Connection, task_id: str, **values: Any) -> None:
    connection.execute(TASK_ROWS.update().where(TASK_ROWS.c.task_id == task_id).values(**values))


def _change(connection: Connection, accepted: Accepted, **values: Any) -> None:
    there = CASE_ROWS.c.request_id == accepted.envelope.subject
    connection.execute(CASE_ROWS.update().where(there).values(**values))


def _results(connection: Connection, accepted: Accepted) -> list[Any]:
    there = CASE_ROWS.c.request_id == accepted.envelope.subject
    return list(connection.execute(select(CASE_ROWS.c.results).where(there)).scalar() or ())


def _tell(connection: Connection, accepted: Accepted, body: Fact) -> None:
    envelope = accepted.envelope
    row = {"event_id": envelope.id, "request_id": envelope.subject, "at": envelope.time, "type": envelope.type}
    insert_once(connection, TIMELINE_ROWS, {**row, "rank": TOLD.index(type(body)), "about": _about(body)})


def _about(body: Fact) -> str:
    """The order or the task that an event is about, where it is not about the whole case."""
    match body:
        case OrderBegun(order_id=order_id):
            return order_id
        case OrderCompleted(result=order):
            return order.order_id
        case TaskDeferred(task_id=task_id):
            return task_id
        case TaskSettled(result=task):
            return task.id
        case _:
            return ""


def _cause(accepted: Accepted) -> str:
    return accepted.envelope.causationid


def _json(model: Fact) -> Any:
    return model.model_dump(mode="json", exclude_none=True)


ACTS = ActsView("router_acts")
