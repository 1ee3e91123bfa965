"""Who sits at the desk, and for which owners they may enter: the scope of everything else there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request

from schemas.acts import Act
from schemas.catalogue import Account, Owner
from schemas.roles import Permission, enters_for
from services.intake.desk import following
from services.intake.desk.following import Followed
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.desk import desk_of
from services.runtime.web.session import signed_in

PREFIX: Final = "/desk"


@dataclass(frozen=True, slots=True)
class Place:
    """An account at the desk, with the owners for whom it may enter. ``address`` is whence it acts, as a digest."""

    floor: Floor
    account: Account
    owners: tuple[Owner, ...]
    address: str
    now: datetime

    def owner(self, slug: str) -> Owner | None:
        """One of those owners. Any other is as unknown as one that never was."""
        return next((owner for owner in self.owners if owner.slug == slug), None)

    async def record(self, act: Act) -> None:
        """Puts on record what was done from here. Raises BusUnavailable."""
        await self.floor.record(act.model_copy(update={"who": self.account.id, "address": self.address}))


async def at_desk(
    request: Request,
    account: Annotated[Account, Depends(signed_in(Permission.ENTER, at=PREFIX, managing=False))],
    floor: Annotated[Floor, Depends(floor_of)],
) -> Place:
    """Dependency: the place of whoever is signed in."""
    address = desk_of(request, floor).address_of(request)
    return Place(floor, account, enters_for(account, floor.catalogue()), address, datetime.now(UTC))


AtDesk = Annotated[Place, Depends(at_desk)]


async def own_request(request_id: str, place: AtDesk) -> Followed:
    """Dependency: a request of an owner for whom the account may enter. Any other does not exist here: 404."""
    found = await following.by_id(place.floor, request_id)
    if found is None or place.owner(found.owner) is None:
        raise HTTPException(404)
    return found


OwnRequest = Annotated[Followed, Depends(own_request)]
