"""Who sits at the portal, for which owner, and which case is theirs to open: the scope of everything else."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request
from sqlalchemy import Engine

from schemas.catalogue import Account, Catalogue, Owner
from schemas.roles import CUSTODIAN, Permission, permissions
from services.router.consents import Register
from services.router.deadlines import local_date
from services.router.reading import Case, Cases
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.problem import Problem
from services.runtime.web.session import signed_in

PREFIX: Final = "/portal"


@dataclass(frozen=True, slots=True)
class Desk:
    """An account of an owner, at work. ``now`` is read once per request."""

    floor: Floor
    account: Account
    owner: Owner
    cases: Cases
    register: Register
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
        return Permission.INSTRUCT in permissions(self.account, self.catalogue)

    @property
    def custodian(self) -> str:
        """The name of who carries out what is decided here."""
        owners = self.catalogue.owners.values()
        return next((owner.name for owner in owners if owner.kind == CUSTODIAN), "the custodian")


async def at_desk(
    request: Request,
    account: Annotated[Account, Depends(signed_in(Permission.SEE, at=PREFIX))],
    floor: Annotated[Floor, Depends(floor_of)],
) -> Desk:
    """Dependency: the desk of whoever is signed in."""
    owner = floor.catalogue().owners[account.owner]  # without an owner there is no permission
    database = _database(request, floor)
    return Desk(floor, account, owner, Cases(database), Register(database), datetime.now(UTC))


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


def _database(request: Request, floor: Floor) -> Engine:
    known: Engine | None = getattr(request.app.state, "portal_database", None)
    if known is None:
        known = request.app.state.portal_database = engine(floor.settings.database_of(floor.service))
    return known


AtDesk = Annotated[Desk, Depends(at_desk)]
Deciding = Annotated[Desk, Depends(deciding)]
OwnCase = Annotated[Case, Depends(own_case)]
