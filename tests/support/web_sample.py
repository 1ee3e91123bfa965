"""A small service with a page, a form, an API and a sign-in, for tests of the web floor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Annotated, Any, cast
from weakref import finalize

import httpx
from argon2 import PasswordHasher
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import EmailStr, Field, SecretBytes, TypeAdapter

from schemas.acts import Act
from schemas.base import Form
from schemas.catalogue import Account, Catalogue, Owner, PrivacyContact
from schemas.roles import Permission
from schemas.vocabulary import Right
from services.runtime.bus import BusUnavailable
from services.runtime.floor import Floor
from services.runtime.person import login_key
from services.runtime.service import Service
from services.runtime.settings import Settings
from services.runtime.web.app import create
from services.runtime.web.desk import Desk
from services.runtime.web.forms import Filled, submitted
from services.runtime.web.pages import pending, render
from services.runtime.web.session import signed_in
from services.runtime.web.signin import signin_router

PERSON_SECRET = b"p" * 32
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ORIGIN = "http://habeas.test"


class Part(Form):
    """A nested part."""

    name: str = Field(min_length=1, max_length=20)
    count: int = Field(default=1, ge=1, le=9)


class Ask(Form):
    """A strict form with one field of most kinds."""

    right: Right
    rights: tuple[Right, ...] = ()
    email: EmailStr
    note: str = Field(default="", max_length=20)
    part: Part | None = None
    tags: list[str] = Field(default_factory=list, max_length=3)
    by_name: dict[str, int] = Field(default_factory=dict)


def owner(slug: str, kind: str = "city") -> Owner:
    """An owner whose privacy mailbox carries its slug."""
    contact = PrivacyContact(email=f"privacy@{slug}.example", phone="+1 555 010 0100")
    return Owner(
        slug=slug,
        name=f"City of {slug.title()}",
        kind=kind,
        zone="America/Denver",
        regime="ccpa",
        locale="en",
        privacy_contact=contact,
        suites=(),
    )


def account(name: str, *roles: str, password: str = "right horse") -> Account:
    """An account of Riverton; its e-mail address is ``name@riverton.example``."""
    return Account(
        id=f"account-{name}",
        login=login_key(PERSON_SECRET, f"{name}@riverton.example"),
        owner="riverton",
        roles=roles,
        name="sealed:v1:record:AAAA",
        password_hash=QUICK.hash(password),
        demo=True,
    )


class World:
    """The floor a sample stands on; tests change it between requests."""

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        for entry in (
            owner("riverton"),
            owner("civic", "custodian"),
            account("ana", "admin"),
            account("bob", "reader"),
            account("eve", "phone-desk"),
        ):
            self.catalogue = self.catalogue.with_entry(entry)
        self.started = True
        self.unready: list[str] = []
        folder = Path(mkdtemp(prefix="habeas-sample-"))
        finalize(self, rmtree, folder, ignore_errors=True)
        self.acts: list[Act] = []
        self.settings = Settings.model_construct(
            home=folder,
            environment="demo",
            session_secret=SecretBytes(b"s" * 32),
            person_secret=SecretBytes(PERSON_SECRET),
            secure_cookies=False,
            database_url="",
        )

    def floor(self) -> Floor:
        """Raises LookupError while not started."""
        if not self.started:
            raise LookupError
        nothing = cast(Any, None)
        return Floor(
            settings=self.settings,
            service="sample",
            bus=nothing,
            vault=nothing,
            blobs=nothing,
            views=nothing,
            http=nothing,
            catalogue=lambda: self.catalogue,
            amend=nothing,
            record=self.record,
            unready=lambda: self.unready,
        )

    async def record(self, act: Act) -> None:
        """As the recorder does."""
        self.acts.append(act)

    def app(self) -> FastAPI:
        """A fresh application on this floor, with a sign-in that costs no time."""
        app = create(sample(), self.floor)
        if self.started:
            app.state.sign_in_desk = Desk(self.floor(), QUICK)
        return app

    @asynccontextmanager
    async def client(self, app: FastAPI | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody who asks the application."""
        transport = httpx.ASGITransport(app or self.app())
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as asking:
            yield asking


def sample() -> Service:
    """The service, declared; it answers no cause."""
    return Service(
        name="sample",
        meaning="for tests",
        sources=(),
        consumes=(),
        emits=(),
        state=TypeAdapter(int),
        initial=0,
        decide=lambda _state, _cause: None,
        evolve=lambda state, _event: state,
        routers=(
            _api(),
            _pages(),
            signin_router("/desk", "Staff", Permission.SEE, "/desk"),
        ),
    )


def _api() -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.post("/asks")
    async def ask(body: Ask) -> dict[str, str]:
        return {"right": body.right}

    @router.post("/raw")
    async def raw(request: Request) -> dict[str, int]:
        return {"length": len(await request.body())}

    @router.get("/things/{token}")
    async def thing(token: str, count: int = 1) -> dict[str, int]:
        return {"length": len(token), "count": count}

    @router.get("/broken")
    async def broken() -> None:
        raise ValueError("planted-secret")

    @router.get("/half", include_in_schema=False)
    async def half() -> Response:
        async def parts() -> AsyncIterator[str]:
            yield "the first half"
            raise ValueError("planted-secret")

        return StreamingResponse(parts())

    @router.get("/no-bus")
    async def no_bus() -> None:
        raise BusUnavailable("planted-secret")

    return router


def _pages() -> APIRouter:
    router = APIRouter(include_in_schema=False)
    admin = Depends(signed_in(Permission.MANAGE, at="/desk"))

    @router.post("/form")
    async def form(request: Request) -> Response:
        filled = await submitted(request, Ask)
        if isinstance(filled, Filled):
            return Response(repr(filled), 422)
        return pending(request, to="/status", what="Your request is being opened")

    @router.get("/desk")
    async def desk(request: Request, who: Annotated[Account, admin]) -> Response:
        return render(request, "pending.html", to="/desk", what=f"Welcome {who.id}")

    @router.post("/desk/act")
    async def act(who: Annotated[Account, admin]) -> dict[str, str]:
        return {"by": who.id}

    @router.post("/desk/form")
    async def desk_form(request: Request, who: Annotated[Account, admin]) -> dict[str, object]:
        filled = await submitted(request, Part)
        return {"by": who.id, "name": filled.name if isinstance(filled, Part) else ""}

    return router
