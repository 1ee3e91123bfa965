"""Carries an owner's instruction to the router's inbox, and waits for the answer in the read model."""

import asyncio
from enum import Enum
from typing import Final

from schemas.envelope import derived_id
from schemas.router import Decision, Instruction, InstructionReturned, InstructRequest, OwnerInstructed
from services.router.portal.desk import Desk
from services.router.portal.entry import DecisionForm, InstructionForm
from services.router.reading import Case
from services.router.views import Phase
from services.runtime.person import content_digest

PATIENCE: Final = 2.0
"""Seconds a page waits for its own event before it answers that it is pending."""


class Answer(Enum):
    """What became of an instruction."""

    INSTRUCTED = OwnerInstructed.TYPE
    RETURNED = InstructionReturned.TYPE
    ALREADY = "already"
    PENDING = "pending"


async def give(desk: Desk, case: Case, form: InstructionForm, key: str) -> Answer:
    """Gives the instruction once, however often the same form is sent with the same ``key``.

    Raises BusUnavailable when the broker does not take it: then nothing was instructed.
    """
    cause_id = _id(desk, case, form, key)
    if case.answered == cause_id:
        return Answer.RETURNED if case.state is Phase.RETURNED else Answer.INSTRUCTED
    if not case.awaits_instruction:
        return Answer.ALREADY
    command = InstructRequest(instruction=await asyncio.to_thread(_instruction, desk, case, form))
    waiter = desk.floor.views.expect(cause_id)
    await desk.floor.bus.send(
        command,
        to="router",
        subject=case.id,
        owner=case.request.owner,
        person_key=case.request.person,
        id=cause_id,
        correlation=case.correlation,
    )
    accepted = await waiter.wait(PATIENCE)
    if accepted is not None:
        return Answer.RETURNED if isinstance(accepted.body, InstructionReturned) else Answer.INSTRUCTED
    return await _looked_again(desk, case, cause_id)


async def _looked_again(desk: Desk, case: Case, cause_id: str) -> Answer:
    """A colleague may have been quicker: then the router stays silent, and the case shows another's instruction."""
    now = await asyncio.to_thread(desk.cases.case, desk.owner.slug, case.id)
    if now is None or (now.awaits_instruction and now.answered != cause_id):
        return Answer.PENDING
    if now.answered == cause_id:
        return Answer.RETURNED if now.state is Phase.RETURNED else Answer.INSTRUCTED
    return Answer.ALREADY


def _id(desk: Desk, case: Case, form: InstructionForm, key: str) -> str:
    """The command's id: the same form again is the same command, a corrected one under the same key is another."""
    secret = desk.floor.settings.person_secret.get_secret_value()
    return derived_id("instruct", case.id, desk.account.id, key, content_digest(secret, form.model_dump_json()))


def _instruction(desk: Desk, case: Case, form: InstructionForm) -> Instruction:
    return Instruction(
        must_comply=form.must_comply,
        law_limits=form.law_limits,
        identity_confirmed=form.identity_confirmed,
        by=desk.account.id,
        suites=form.suites,
        affiliates=form.affiliates,
        decisions=tuple(_decision(desk, case, decision) for decision in form.decisions),
        flags=case.flags,
    )


def _decision(desk: Desk, case: Case, said: DecisionForm) -> Decision:
    """The decision with its note sealed: from here on nobody but the owner reads it."""
    note = None
    if said.note and case.order(said.order_id):
        vault = desk.floor.vault
        vault.prepare(case.id, ("record",))
        note = vault.seal(case.id, "record", f"note:{said.order_id}", said.note)
    return Decision(order_id=said.order_id, approved=said.approved, exemption=said.exemption, note=note)
