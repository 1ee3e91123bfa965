"""The product protocol over HTTP: one application per suite, that serves the owners who use it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from sqlalchemy import Connection, text
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.demo import actions, effects, lookup
from infra.demo.actions import Work
from infra.demo.declare import Suite
from infra.demo.lookup import Place
from infra.demo.problems import RefusalError, problem, speak_problems
from infra.demo.protocol import Correction, Leaving, People, Search, TaskId
from infra.demo.store import Store
from infra.demo.world import Owner, owners_of

Reply = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Product:
    suite: Suite
    store: Store
    owners: Mapping[str, Owner]


def create(suite: Suite, store: Store, token: str) -> FastAPI:
    """The application of a suite whose database is ready. The caller closes the store."""
    app = FastAPI(title=f"{suite.name} (demo product)", docs_url=None, redoc_url=None)
    app.state.product = Product(suite, store, owners_of(suite.slug))
    app.add_middleware(_Guard, token=token)
    speak_problems(app)
    app.include_router(_router)
    return app


class _Guard:
    """Lets nothing but /health and /ready through without the bearer token, before any body is read."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in ("/health", "/ready"):
            shown = dict(scope["headers"]).get(b"authorization", b"")
            if not secrets.compare_digest(shown, self._expected):
                asked = {"WWW-Authenticate": "Bearer"}
                await problem(401, "A valid bearer token is needed.", headers=asked)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _product(request: Request) -> Product:
    product: Product = request.app.state.product
    return product


Here = Annotated[Product, Depends(_product)]


def _known_owner(owner: str, product: Here) -> Owner:
    if owner not in product.owners:
        raise RefusalError(404, "No such owner uses this product.")
    return product.owners[owner]


KnownOwner = Annotated[Owner, Depends(_known_owner)]
Key = Annotated[TaskId, Header(alias="Idempotency-Key")]
_router = APIRouter()


@_router.post("/v1/{owner}/find")
def find(product: Here, owner: KnownOwner, body: Search) -> Reply:
    given = body.identifiers.given()
    if not given.keys() & {"email", "phone"}:
        raise RefusalError(422, "An e-mail address or a phone number is needed.", "identifiers")
    with product.store.reading() as connection:
        return {"candidates": lookup.find(connection, _place(product, owner, body), given)}


@_router.post("/v1/{owner}/match")
def match(product: Here, owner: KnownOwner, body: Search) -> Reply:
    given = body.identifiers.given()
    with product.store.reading() as connection:
        return {"match": lookup.matches(connection, _place(product, owner, body), given)}


@_router.post("/v1/{owner}/access")
def access(product: Here, owner: KnownOwner, key: Key, body: People) -> Reply:
    return _once(product, owner, key, body, actions.access, action="access")


@_router.post("/v1/{owner}/erase")
def erase(product: Here, owner: KnownOwner, key: Key, body: People) -> Reply:
    return _once(product, owner, key, body, actions.erase, action="erase")


@_router.post("/v1/{owner}/opt-out")
def opt_out(product: Here, owner: KnownOwner, key: Key, body: Leaving) -> Reply:
    act = actions.limit if body.kind == "sensitive" else actions.opt_out
    return _once(product, owner, key, body, act, action="opt-out")


@_router.post("/v1/{owner}/correct")
def correct(product: Here, owner: KnownOwner, key: Key, body: Correction) -> Reply:
    changes = {change.field: change.value for change in body.changes}

    def put(connection: Connection, work: Work) -> Reply:
        return actions.correct(connection, work, changes)

    return _once(product, owner, key, body, put, action="correct")


@_router.get("/_effects")
def performed(product: Here, task_id: str | None = None) -> list[Reply]:
    return effects.ledger(product.store, task_id)


@_router.get("/health")
def health(product: Here) -> Reply:
    return {"status": "alive", "product": product.suite.slug}


@_router.get("/ready")
def ready(product: Here) -> Reply:
    with product.store.reading() as connection:
        connection.execute(text("SELECT 1 FROM effects LIMIT 1"))
    return {"status": "ready", "product": product.suite.slug}


def _place(product: Product, owner: Owner, body: Search) -> Place:
    """Where to search: the owner's own people, and those of an affiliate only if it is named."""
    if not set(body.affiliates) <= set(owner.affiliates):
        raise RefusalError(422, "An affiliate is named that is none of this owner's.", "affiliates")
    return Place(product.suite, owner.slug, (owner.slug, *body.affiliates))


def _once(
    product: Product, owner: Owner, key: str, body: People, act: Callable[[Connection, Work], Reply], *, action: str
) -> Reply:
    now = datetime.now(UTC)
    task = effects.Task(key, action, owner.slug, body.refs, effects.canonical(body.model_dump(exclude_defaults=True)))
    work = Work(product.suite, owner, body.refs, now)
    return effects.once(product.store, task, now, lambda connection: act(connection, work))
