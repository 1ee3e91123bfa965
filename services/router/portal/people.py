"""Opens what a case says about a person, in the name of who looks; the vault records each opening."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.request import Attachment, Contact, Correction
from services.router.portal.desk import Desk
from services.router.reading import Case
from services.runtime.vault import Forgotten, Tampered

WHY: Final = "portal case"

FILE_NAME: Final = "attachment"
"""The field under which the door seals the names of a request's files."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with the request. ``name`` is empty where it can no longer be read."""

    at: int
    name: str
    media: str
    size: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What the vault gave. ``forgotten``: a key was destroyed; ``unreadable``: what was sealed does not fit."""

    contact: Contact | None = None
    corrections: tuple[Correction, ...] = ()
    details: str = ""
    child: str = ""
    agent: Contact | None = None
    declaration: str = ""
    files: tuple[File, ...] = ()
    instructed_by: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    forgotten: bool = False
    unreadable: bool = False


async def opened(desk: Desk, case: Case) -> Opened:
    """Everything personal in a case, and the owner's own notes."""
    return await asyncio.to_thread(_opened, desk, case)


class Reader:
    """Opens sealed fields of one case. What does not open is None, and is remembered."""

    def __init__(self, desk: Desk, case: Case) -> None:
        self._vault, self._by, self._request_id = desk.floor.vault, desk.account.id, case.id
        self.forgotten = self.unreadable = False

    def text(self, name: str, sealed: str | None) -> str | None:
        """The text sealed as ``name``."""
        found: str | None = self._tried(
            lambda: self._vault.open(self._request_id, name, sealed or "", by=self._by, why=WHY), sealed
        )
        return found

    def model(self, name: str, sealed: str | None, model: Any) -> Any:
        """The model sealed as ``name``."""
        return self._tried(
            lambda: self._vault.open_model(self._request_id, name, sealed or "", model, by=self._by, why=WHY), sealed
        )

    def _tried(self, look: Any, sealed: str | None) -> Any:
        if sealed is None:
            return None
        try:
            return look()
        except Forgotten:
            self.forgotten = True
        except Tampered:
            self.unreadable = True
        return None


def _opened(desk: Desk, case: Case) -> Opened:
    request, reader = case.request, Reader(desk, case)
    agent = request.agent.contact if request.agent else None
    return Opened(
        contact=reader.model("contact", request.contact, Contact),
        corrections=tuple(reader.model("corrections", request.corrections, list[Correction]) or ()),
        details=reader.text("details", request.details) or "",
        child=reader.text("child", request.child) or "",
        agent=reader.model("agent", agent, Contact),
        declaration=reader.text("declaration", request.declaration) or "",
        files=tuple(_file(reader, at, each) for at, each in enumerate(request.attachments)),
        instructed_by=_name(desk, case),
        notes=_notes(desk, case),
        forgotten=reader.forgotten,
        unreadable=reader.unreadable,
    )


def _file(reader: Reader, at: int, attachment: Attachment) -> File:
    name = reader.text(FILE_NAME, attachment.name) or ""
    return File(at, name, attachment.media, attachment.size)


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
