"""Who sits at the portal, for which owner, and which case is theirs to open: the scope of everything else."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request

from schemas.catalogue import Account, Catalogue, Owner
from services.router.deadlines import local_date
from services.router.reading import Case, Cases
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.pages import CUSTODIAN
from services.runtime.web.problem import Problem
from services.runtime.web.session import signed_in

PREFIX: Final = "/portal"
ROLES: Final = frozenset({"handler", "admin", "reader", "privacy"})
DECIDING_ROLES: Final = frozenset({"handler", "admin"})


@dataclass(frozen=True, slots=True)
class Desk:
    """An account of an owner, at work. ``now`` is read once per request."""

    floor: Floor
    account: Account
    owner: Owner
    cases: Cases
    now: datetime

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue as it is now."""
        return self.floor.catalogue()

    @property
    def today(self) -> date:
        """The calendar day where the owner is."""
        return local_date(self.now, self.owner)

    @property
    def may_decide(self) -> bool:
        """True for those who may instruct and fetch packages; a reader only looks."""
        return decides(self.account, self.owner)

    @property
    def custodian(self) -> str:
        """The name of who carries out what is decided here."""
        owners = self.catalogue.owners.values()
        return next((owner.name for owner in owners if owner.kind == CUSTODIAN), "the custodian")


def decides(account: Account, owner: Owner) -> bool:
    """Handlers and admins decide for their owner; the privacy team for the custodian's own requests (R17)."""
    roles = set(account.roles)
    return bool(roles & DECIDING_ROLES) or ("privacy" in roles and owner.kind == CUSTODIAN)


def looks(account: Account, owner: Owner | None) -> bool:
    """True for an account that has business here at all."""
    return owner is not None and (decides(account, owner) or "reader" in account.roles)


async def at_desk(
    request: Request,
    account: Annotated[Account, Depends(signed_in(*ROLES, at=PREFIX))],
    floor: Annotated[Floor, Depends(floor_of)],
) -> Desk:
    """Dependency: the desk of whoever is signed in."""
    owner = floor.catalogue().owners.get(account.owner)
    if owner is None or not looks(account, owner):
        raise Problem(403, "This is not yours to open", code="forbidden", detail="Your role does not include it.")
    return Desk(floor, account, owner, _cases(request, floor), datetime.now(UTC))


async def own_case(request_id: str, desk: Annotated[Desk, Depends(at_desk)]) -> Case:
    """Dependency: a case of the desk's owner. Another owner's is as unknown as one that never was: 404."""
    found = await asyncio.to_thread(desk.cases.case, desk.owner.slug, request_id)
    if found is None:
        raise HTTPException(404)
    return found


async def deciding(desk: Annotated[Desk, Depends(at_desk)]) -> Desk:
    """Dependency: the desk of somebody who may decide."""
    if not desk.may_decide:
        raise Problem(
            403, "You can look, but not decide", code="forbidden", detail="Ask a handler or an Admin of your team."
        )
    return desk


def _cases(request: Request, floor: Floor) -> Cases:
    known: Cases | None = getattr(request.app.state, "cases", None)
    if known is None:
        known = request.app.state.cases = Cases(engine(floor.settings.database_of(floor.service)))
    return known


AtDesk = Annotated[Desk, Depends(at_desk)]
Deciding = Annotated[Desk, Depends(deciding)]
OwnCase = Annotated[Case, Depends(own_case)]
