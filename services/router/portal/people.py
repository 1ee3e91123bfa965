"""Opens what a case says about a person, in the name of who looks; the vault records each opening."""

import asyncio
from dataclasses import dataclass
from typing import Final

from schemas.request import Contact, Correction
from services.router.portal.desk import Desk
from services.router.reading import Case
from services.runtime.vault import Forgotten, Tampered

WHY: Final = "portal case"


@dataclass(frozen=True, slots=True)
class Opened:
    """What the vault gave. ``forgotten``: the key was destroyed; ``unreadable``: what was sealed does not fit."""

    contact: Contact | None = None
    corrections: tuple[Correction, ...] = ()
    instructed_by: str = ""
    notes: dict[str, str] | None = None
    forgotten: bool = False
    unreadable: bool = False


async def opened(desk: Desk, case: Case) -> Opened:
    """The person behind a case, what they want corrected, and the owner's own notes."""
    return await asyncio.to_thread(_opened, desk, case)


def _opened(desk: Desk, case: Case) -> Opened:
    vault, by = desk.floor.vault, desk.account.id
    request = case.request
    corrections: tuple[Correction, ...] = ()
    try:
        contact = vault.open_model(request.id, "contact", request.contact, Contact, by=by, why=WHY)
        if request.corrections:
            sealed = request.corrections
            corrections = tuple(vault.open_model(request.id, "corrections", sealed, list[Correction], by=by, why=WHY))
    except Forgotten:
        return Opened(forgotten=True, instructed_by=_name(desk, case), notes=_notes(desk, case))
    except Tampered:
        return Opened(unreadable=True, instructed_by=_name(desk, case), notes=_notes(desk, case))
    return Opened(contact, corrections, _name(desk, case), _notes(desk, case))


def _name(desk: Desk, case: Case) -> str:
    """Who gave the instruction: ``you``, or a colleague's name."""
    by = case.instruction.by if case.instruction else ""
    if by == desk.account.id:
        return "you"
    account = desk.catalogue.accounts.get(by)
    if account is None or account.owner != desk.owner.slug:
        return "a former colleague"
    try:
        return desk.floor.vault.open(f"account:{by}", "name", account.name, by=desk.account.id, why=WHY)
    except (Forgotten, Tampered):
        return "a colleague"


def _notes(desk: Desk, case: Case) -> dict[str, str]:
    notes = {}
    for decision in case.instruction.decisions if case.instruction else ():
        if decision.note:
            try:
                notes[decision.order_id] = desk.floor.vault.open(
                    case.id, f"note:{decision.order_id}", decision.note, by=desk.account.id, why=WHY
                )
            except (Forgotten, Tampered):
                notes[decision.order_id] = "This note can no longer be read."
    return notes
