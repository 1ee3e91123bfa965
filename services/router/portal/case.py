"""The case: who asks for what, what would happen, the owner's decision, and what came of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from schemas.vocabulary import NEEDS_NO_PROOF, Exemption, Right
from services.router.portal import clocks, entry, progress, told, words
from services.router.portal.desk import PREFIX, AtDesk, Deciding, Desk, OwnCase
from services.router.portal.instruct import Answer, give
from services.router.portal.people import opened
from services.router.reading import Case
from services.router.views import Phase
from services.runtime.web.forms import Filled
from services.runtime.web.live import stream
from services.runtime.web.pages import pending, render
from services.runtime.web.problem import Problem

ROUTER = APIRouter(prefix=f"{PREFIX}/requests/{{request_id}}", include_in_schema=False)

KEY_LENGTH: Final = 64


@ROUTER.get("")
async def show(request: Request, desk: AtDesk, case: OwnCase) -> Response:
    """The case."""
    return await _page(request, desk, case)


@ROUTER.post("/instruction")
async def instruct(request: Request, case: OwnCase, desk: Deciding) -> Response:
    """Takes the owner's instruction from the page."""
    filled_in = await request.form()
    key = filled_in.get(entry.KEY, "")
    if not isinstance(key, str) or not 0 < len(key) <= KEY_LENGTH:
        raise Problem(422, "This page was not complete", code="invalid", detail="Reload the page and try again.")
    form, filled = entry.entered(filled_in, case.request.orders)
    if form is None:
        return await _page(request, desk, case, status=422, form=filled)
    match await give(desk, case, form, key):
        case Answer.INSTRUCTED:
            return RedirectResponse(_address(case), 303)
        case Answer.RETURNED:
            return await _again(request, desk, case, filled)
        case Answer.ALREADY:
            now = await asyncio.to_thread(desk.cases.case, desk.owner.slug, case.id)
            return await _page(request, desk, now or case, status=409, already=True)
        case Answer.PENDING:
            return pending(request, to=_address(case), what="Your instruction is on its way")


@ROUTER.get("/progress")
async def fragment(request: Request, desk: AtDesk, case: OwnCase) -> Response:
    """The part of the case that moves while it is carried out. Opens nothing sealed."""
    return render(request, "progress.html", **_moving(desk, case))


@ROUTER.get("/changes")
async def changes(desk: AtDesk, case: OwnCase) -> Response:
    """Tells an open page that this case has changed, and nothing of any other."""
    return stream(changes_of(desk, case))


async def changes_of(desk: Desk, case: Case) -> AsyncIterator[None]:
    """One item each time this case is another than it was."""
    shown: Case | None = case
    async for _ in desk.floor.views.changes():
        now = await asyncio.to_thread(desk.cases.case, desk.owner.slug, case.id)
        if now != shown:
            shown = now
            yield None


async def _again(request: Request, desk: Desk, case: Case, filled: Filled) -> Response:
    """The form as it was filled in, with what is missing marked; nothing entered is lost."""
    now = await asyncio.to_thread(desk.cases.case, desk.owner.slug, case.id) or case
    return await _page(request, desk, now, status=422, form=Filled(filled.entries, _errors(now.missing)))


async def _page(
    request: Request,
    desk: Desk,
    case: Case,
    *,
    status: int = 200,
    form: Filled | None = None,
    already: bool = False,
) -> Response:
    fresh = Filled({"suites": list(case.products)}, _errors(case.missing))
    kind, state = words.STATES[case.state]
    degree, how = words.proved(case.proof)
    return render(
        request,
        "case.html",
        status=status,
        form=form or fresh,
        already=already,
        kind=kind,
        state=state,
        person=await opened(desk, case),
        asked=words.asked(case.request),
        channel=words.CHANNELS[case.request.channel],
        rights=words.RIGHTS,
        scopes=words.SCOPES,
        degree=degree,
        how=how,
        needs_proof=any(order.right not in NEEDS_NO_PROOF for order in case.request.orders),
        told_then=[words.FLAGS[flag][0] for flag in case.instruction.flags] if case.instruction else [],
        **await told.about(desk, case),
        clocks=(
            clocks.law(case, desk.owner, desk.today),
            clocks.contract(case, desk.owner, desk.catalogue, desk.today),
        ),
        instruct_left=clocks.left_in_words(case.instruct_by, desk.today),
        suites=_suites(desk, case),
        affiliates=[(one.slug, one.name, "") for one in desk.owner.affiliates],
        exemptions=[("", "Choose a reason"), *((one.value, words.EXEMPTIONS[Exemption(one)]) for one in Exemption)],
        exemption_words=words.EXEMPTIONS,
        consequence=words.consequence(case.request),
        key=str(uuid4()),
        may_decide=desk.may_decide,
        missing=[words.MISSING.get(name, ("", name)) for name in _unanswered(case, form)],
        product_names={slug: progress.product_name(slug, desk.catalogue) for slug in case.products},
        to_notify=_to_notify(desk, case),
        **_moving(desk, case),
    )


def _moving(desk: Desk, case: Case) -> dict[str, Any]:
    return {
        "case": case,
        "now": datetime.now(UTC),
        "holder": progress.holder(case, desk.catalogue, desk.custodian),
        "custodian": desk.custodian,
        "orders": progress.orders(case, desk.catalogue),
        "timeline": progress.timeline(case, desk.catalogue),
        "may_fetch": desk.may_decide,
        "closed": case.state is Phase.CLOSED,
        "address": _address(case),
    }


def _suites(desk: Desk, case: Case) -> list[tuple[str, str, str]]:
    """Where data may be: each product with what rests on somebody else (R09)."""
    known = desk.catalogue.products
    return [
        (
            slug,
            progress.product_name(slug, desk.catalogue),
            f"Rests on {known[slug].vendor}, a third-party provider."
            if slug in known and known[slug].third_party_backed and known[slug].vendor
            else "",
        )
        for slug in case.products
    ]


def _to_notify(desk: Desk, case: Case) -> list[tuple[str, str]]:
    """Third parties behind the suites instructed, where what was approved changes data (R09)."""
    changing = {order.id for order in case.request.orders if order.right not in (Right.KNOW, Right.ACCESS)}
    said = case.instruction
    if said is None or not any(one.approved and one.order_id in changing for one in said.decisions):
        return []
    known = [desk.catalogue.products[slug] for slug in said.suites if slug in desk.catalogue.products]
    return [(one.vendor, one.name) for one in known if one.third_party_backed and one.vendor]


def _unanswered(case: Case, form: Filled | None) -> Sequence[str]:
    """What the last instruction lacked; silent while other errors of a form are shown."""
    mistaken = form is not None and any(error["message"] != _LACKS for error in form.errors)
    return () if mistaken or not case.awaits_instruction else case.missing


_LACKS: Final = "is still needed"


def _errors(missing: Sequence[str]) -> list[Any]:
    fields = [words.MISSING[name][0] for name in missing if name in words.MISSING]
    return [{"field": field, "message": _LACKS} for field in fields if field]


def _address(case: Case) -> str:
    return f"{PREFIX}/requests/{case.id}"
