"""Who stands at the counter, and for which owners they may hand letters over: the scope of everything else there."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request

from schemas.acts import Act
from schemas.catalogue import Account, Owner
from schemas.roles import Permission, enters_for
from services.notifier.reading import Queue, Stranded
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.desk import desk_of
from services.runtime.web.session import signed_in

PREFIX: Final = "/letters"


@dataclass(frozen=True, slots=True)
class Place:
    """An account at the counter. ``address`` is whence it acts, as a digest."""

    floor: Floor
    account: Account
    owners: tuple[Owner, ...]
    queue: Queue
    address: str

    @property
    def slugs(self) -> Iterable[str]:
        """The owners whose letters are here."""
        return [owner.slug for owner in self.owners]

    def owner(self, slug: str) -> Owner:
        """One of those owners."""
        return next(owner for owner in self.owners if owner.slug == slug)

    async def record(self, act: Act) -> None:
        """Puts on record what was done from here. Raises BusUnavailable."""
        await self.floor.record(act.model_copy(update={"who": self.account.id, "address": self.address}))


async def at_counter(
    request: Request,
    account: Annotated[Account, Depends(signed_in(Permission.ENTER, at=PREFIX, managing=False))],
    floor: Annotated[Floor, Depends(floor_of)],
) -> Place:
    """Dependency: the place of whoever is signed in."""
    owners = enters_for(account, floor.catalogue())
    return Place(floor, account, owners, _queue(request, floor), desk_of(request, floor).address_of(request))


AtCounter = Annotated[Place, Depends(at_counter)]


async def own_letter(letter_id: str, place: AtCounter) -> Stranded:
    """Dependency: a letter of an owner for whom the account may enter. Any other does not exist here: 404."""
    found = await asyncio.to_thread(place.queue.one, place.slugs, letter_id)
    if found is None:
        raise HTTPException(404)
    return found


OwnLetter = Annotated[Stranded, Depends(own_letter)]


def _queue(request: Request, floor: Floor) -> Queue:
    known: Queue | None = getattr(request.app.state, "queue", None)
    if known is None:
        known = request.app.state.queue = Queue(engine(floor.settings.database_of(floor.service)))
    return known
