"""The portal for programs: the same cases, the same scope, the same instruction, as JSON."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from schemas.request import Leaf, OrderResult, Period
from schemas.router import Flag
from schemas.vocabulary import Assurance, Basis, Method
from services.router.portal import progress
from services.router.portal.desk import PREFIX, AtDesk, Deciding, Desk, OwnCase
from services.router.portal.entry import InstructionForm
from services.router.portal.inbox import SHELVES, Shelf
from services.router.portal.instruct import Answer, give
from services.router.portal.patience import AwaitedCase
from services.router.reading import Case, Linked
from services.router.views import Phase
from services.runtime.bus import new_cause_id
from services.runtime.web.problem import Problem

ROUTER = APIRouter(prefix=f"{PREFIX}/api", tags=["portal"])


class Listed(BaseModel):
    """A case as its line in a list. Nothing here tells who the person is."""

    id: str
    number: str
    state: Phase
    rights: list[str]
    received_at: datetime
    legal_due: date
    instruct_by: date
    contract_due: date | None
    holder: str
    flags: list[Flag]


class Listing(BaseModel):
    """One page of cases; ``total`` counts all that the filter lets through."""

    total: int
    requests: list[Listed]


class PackageThere(BaseModel):
    """A package that can be fetched at ``href``."""

    href: str
    sha256: str
    size: int


class TaskView(BaseModel):
    """One order at one product: its leaves once it has answered."""

    id: str
    product: str
    settled: bool
    retry_at: datetime | None = None
    leaves: list[Leaf] = []


class OrderView(BaseModel):
    """One order: what was decided, and what came of it, leaf by leaf."""

    id: str
    right: str
    scope: str
    after: str | None
    approved: bool | None
    exemption: str | None
    settled: bool
    closed_as: str | None
    reason: str | None
    tasks: list[TaskView]
    package: PackageThere | None


class Happened(BaseModel):
    """One line of the timeline."""

    at: datetime
    words: str


class Identity(BaseModel):
    """How well identity was proved, and by what; ``points`` are reliable data points."""

    level: Assurance
    method: Method
    methods: list[Method]
    points: int


class LinkedView(BaseModel):
    """Another request of the same person, with a proof of its own; ``why`` is empty for one of the same submission."""

    id: str
    number: str
    state: Phase
    rights: list[str]
    level: Assurance
    why: list[Flag]


class CaseView(Listed):
    """A case with all that is known of it but the person."""

    identity: Identity
    period: Period
    agent: Basis | None
    about_child: bool
    files: int
    entered_by: str
    unproved: list[str]
    linked: list[LinkedView]
    instructed_at: datetime | None
    closed_at: datetime | None
    products: list[str]
    affiliates: list[str]
    missing: list[str]
    orders: list[OrderView]
    timeline: list[Happened]


class Instructed(BaseModel):
    """What the router answered: the event's type, and what was missing if the instruction came back."""

    event: str
    state: Phase
    missing: list[str]


@ROUTER.get("/requests")
async def listing(
    desk: AtDesk,
    state: Shelf = Shelf.OPEN,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Listing:
    """The owner's requests, as in the inbox."""
    states = SHELVES[state][1]
    found = await asyncio.to_thread(desk.cases.inbox, desk.owner.slug, states, limit=limit, offset=(page - 1) * limit)
    return Listing(
        total=found.total(states), requests=[Listed.model_validate(_listed(desk, case)) for case in found.cases]
    )


@ROUTER.get("/requests/{request_id}")
async def one(desk: AtDesk, case: AwaitedCase) -> CaseView:
    """One request, leaf by leaf; with ``until`` and ``Prefer: wait=20`` as soon as it is in that state."""
    return _view(desk, case, await asyncio.to_thread(desk.cases.linked, desk.owner.slug, case))


@ROUTER.post("/requests/{request_id}/instruction", responses={202: {"description": "Taken; no answer yet."}})
async def instruct(
    case: OwnCase,
    desk: Deciding,
    form: InstructionForm,
    idempotency_key: Annotated[str | None, Header(max_length=64)] = None,
) -> Any:
    """Instructs, once per ``Idempotency-Key``. 409 if the case does not wait for an instruction."""
    answer = await give(desk, case, form, idempotency_key or new_cause_id())
    if answer is Answer.ALREADY:
        raise Problem(
            409,
            "This request does not wait for an instruction",
            code="not-awaiting-instruction",
            detail="It was instructed before. Nothing was changed.",
        )
    if answer is Answer.PENDING:
        return JSONResponse({"state": "pending"}, 202, headers={"Retry-After": "1"})
    now = await asyncio.to_thread(desk.cases.case, desk.owner.slug, case.id) or case
    return Instructed(event=answer.value, state=now.state, missing=list(now.missing))


def _listed(desk: Desk, case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "number": case.request.number,
        "state": case.state,
        "rights": [order.right.value for order in case.request.orders],
        "received_at": case.request.received_at,
        "legal_due": case.legal_due,
        "instruct_by": case.instruct_by,
        "contract_due": case.contract_due,
        "holder": progress.holder(case, desk.catalogue, desk.custodian),
        "flags": list(case.flags),
    }


def _linked(other: Linked) -> LinkedView:
    case = other.case
    return LinkedView(
        id=case.id,
        number=case.request.number,
        state=case.state,
        rights=[order.right for order in case.request.orders],
        level=case.proof.level,
        why=list(other.why),
    )


def _view(desk: Desk, case: Case, linked: Sequence[Linked]) -> CaseView:
    proof, request = case.proof, case.request
    return CaseView.model_validate(
        _listed(desk, case)
        | {
            "identity": Identity(
                level=proof.level,
                method=proof.method,
                methods=list(proof.methods or (proof.method,)),
                points=proof.points,
            ),
            "period": request.period,
            "agent": request.agent.basis if request.agent else None,
            "about_child": request.child is not None,
            "files": len(request.attachments),
            "entered_by": request.entered_by,
            "unproved": [order.right for order in case.unproved],
            "linked": [_linked(other) for other in linked],
            "instructed_at": case.instructed_at,
            "closed_at": case.closed_at,
            "products": list(case.products),
            "affiliates": [affiliate.slug for affiliate in desk.owner.affiliates],
            "missing": list(case.missing),
            "orders": [_order(case, order.id) for order in case.request.orders],
            "timeline": [Happened(at=told.at, words=told.words) for told in progress.timeline(case, desk.catalogue)],
        }
    )


def _order(case: Case, order_id: str) -> OrderView:
    order, result, decision = case.order(order_id), case.result(order_id), case.decision(order_id)
    assert order is not None
    return OrderView(
        id=order.id,
        right=order.right,
        scope=order.scope,
        after=order.after,
        approved=decision.approved if decision else None,
        exemption=decision.exemption if decision else None,
        settled=result is not None,
        closed_as=result.closed_as if result else None,
        reason=result.reason if result else None,
        tasks=_tasks(case, order_id, result),
        package=_package(case, result),
    )


def _tasks(case: Case, order_id: str, result: OrderResult | None) -> list[TaskView]:
    if result is not None:
        return [
            TaskView(id=task.id, product=task.product, settled=True, leaves=list(task.leaves)) for task in result.tasks
        ]
    return [
        TaskView(
            id=task.id,
            product=task.product,
            settled=task.result is not None,
            retry_at=task.retry_at,
            leaves=list(task.result.leaves) if task.result else [],
        )
        for task in case.tasks
        if task.order_id == order_id
    ]


def _package(case: Case, result: OrderResult | None) -> PackageThere | None:
    if result is None or result.package is None:
        return None
    package = result.package
    href = f"{PREFIX}/requests/{case.id}/package/{result.order_id}"
    return PackageThere(href=href, sha256=package.sha256, size=package.size)
