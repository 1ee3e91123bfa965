"""What the floor lends to a service's effects and pages while the process runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import httpx

from schemas.acts import Act
from schemas.catalogue import Catalogue
from services.runtime.settings import Settings

if TYPE_CHECKING:
    from services.runtime.blobs import Blobs
    from services.runtime.bus import Bus
    from services.runtime.catalogue import Change
    from services.runtime.projection import Projector
    from services.runtime.vault import Vault


async def _not_lent(_asked: object) -> NoReturn:
    raise RuntimeError("this floor lends no way to change the catalogue and to record acts")


@dataclass(slots=True, kw_only=True)
class Floor:
    """Handed to every effect, and to every page as ``request.app.state.floor``."""

    settings: Settings
    service: str
    bus: "Bus"
    vault: "Vault"
    blobs: "Blobs"
    views: "Projector"
    http: httpx.AsyncClient
    catalogue: Callable[[], Catalogue]
    unready: Callable[[], list[str]]
    """What still stands between this process and serving; empty when it is ready."""
    amend: "Callable[[Change], Awaitable[int]]" = _not_lent
    """Changes the catalogue; see :meth:`services.runtime.catalogue.Replica.amend`."""
    record: "Callable[[Act], Awaitable[None]]" = _not_lent
    """Writes down what somebody did; see :meth:`services.runtime.acts.Recorder.record`."""
