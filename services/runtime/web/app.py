"""The web application of one service: its routes, on the floor's defaults."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.runtime.service import Service
from services.runtime.web import pages, problem
from services.runtime.web.direct import Direct
from services.runtime.web.guard import Dress, Limit
from services.runtime.web.hearing import Hear
from services.runtime.web.language import texts_of
from services.runtime.web.problem import Problem
from services.runtime.web.renewal import Renewal
from services.runtime.web.state import floor_of, keep, lent
from services.runtime.web.watch import Watch

if TYPE_CHECKING:
    from services.runtime.floor import Floor

__all__ = ["create", "floor_of"]

FOR_EVER = "public, max-age=31536000, immutable"
OURS_ALONE: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's own spans tell the path, and a path may hold a secret. What operators see is for :mod:`watch` to say."""


def create(service: Service, floor: "Callable[[], Floor]") -> FastAPI:
    """The FastAPI application of ``service``. ``floor`` raises LookupError until the process has one."""
    app = FastAPI(
        title=f"Habeas {service.name}",
        description=service.meaning,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=problem.SCHEMA,
        telemetry=OURS_ALONE,
    )
    app.state.service = service.name
    app.state.pages = pages.environment(service.templates)
    keep(app, floor)
    problem.install(app)
    app.include_router(_signs_of_life())
    for router in service.routers:
        app.include_router(router)
    app.mount("/static", _Static(directory=pages.STATIC), name="static")
    app.add_middleware(Direct, endpoints=service.direct)
    app.add_middleware(Renewal)
    # the last one added is the outermost
    app.add_middleware(Limit, feeds=service.feeds, uploads=service.uploads, streams=service.streams)
    app.add_middleware(Watch, service=service.name, quiet=frozenset(service.feeds))
    app.add_middleware(Hear, texts=texts_of(service.templates), is_page=pages.prefers_page, secure=_secure)
    app.add_middleware(Dress)
    return app


def _secure(request: Request) -> bool:
    floor = lent(request.app)
    return floor is not None and floor.settings.secure_cookies


def _signs_of_life() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/health")
    async def health() -> dict[str, bool]:
        """The process lives."""
        return {"alive": True}

    @router.get("/ready")
    async def ready(request: Request) -> dict[str, bool]:
        """The service can serve; otherwise a 503 problem that lists what it still waits for."""
        floor = lent(request.app)
        waits_for = ["the process is still starting"] if floor is None else floor.unready()
        if waits_for:
            raise Problem(
                503,
                "Not ready yet",
                code="not-ready",
                headers={"Retry-After": "1"},
                more={"unready": waits_for},
            )
        return {"ready": True}

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        """What Prometheus collects; with ``name[]``, only those metrics, as its own servers answer."""
        names = request.query_params.getlist("name[]")
        found = REGISTRY.restricted_registry(names) if names else REGISTRY
        return Response(generate_latest(found), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


class _Static(StaticFiles):
    """Our stylesheet and script: kept for ever under an address with the right digest, checked again otherwise."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        scope: Scope = kwargs["scope"] if "scope" in kwargs else args[2]
        name = scope["path"].removeprefix("/static/")
        current = scope["query_string"].decode("latin-1") == f"v={pages.version(name)}"
        answer.headers["Cache-Control"] = FOR_EVER if current else "no-cache"
        return answer
