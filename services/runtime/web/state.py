"""What a web process keeps beside its requests: the floor, once there is one."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request

from services.runtime.web.language import mark
from services.runtime.web.problem import Problem

if TYPE_CHECKING:
    from services.runtime.floor import Floor


def keep(app: FastAPI, floor: "Callable[[], Floor]") -> None:
    """Remembers where the floor comes from. ``floor`` raises LookupError while the process is still starting."""
    app.state.floor_holder = floor


def lent(app: FastAPI) -> "Floor | None":
    """The floor, or None while the process is still starting."""
    known: Floor | None = getattr(app.state, "floor", None)
    if known is None:
        try:
            known = app.state.floor_holder()
        except LookupError:
            return None
        app.state.floor = known
    return known


def floor_of(request: Request) -> "Floor":
    """Dependency: the floor under this request. Raises a 503 problem while the process is still starting."""
    floor = lent(request.app)
    if floor is None:
        raise Problem(503, mark("The service is still starting"), code="starting", headers={"Retry-After": "2"})
    return floor
