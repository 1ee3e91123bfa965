"""What the floor lends to a service's effects and pages while the process runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from schemas.catalogue import Catalogue
from services.runtime.settings import Settings

if TYPE_CHECKING:
    from services.runtime.blobs import Blobs
    from services.runtime.bus import Bus
    from services.runtime.projection import Projector
    from services.runtime.vault import Vault


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
