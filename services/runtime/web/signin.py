"""The way in and out of the pages that need an account."""

import math
import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from schemas.base import Form as EntryForm
from schemas.catalogue import Account
from services.runtime.floor import Floor
from services.runtime.person import login_key
from services.runtime.web.accounts import IdentityProvider, LocalAccounts
from services.runtime.web.attempts import Attempts
from services.runtime.web.pages import render
from services.runtime.web.problem import Problem
from services.runtime.web.session import csrf_protected, session_of, sessions_of
from services.runtime.web.state import floor_of

WRONG: Final = "That e-mail address and password do not go together."
_CHARACTER = r"[A-Za-z0-9._~%!$&'()*+,;=:@-]"
_OWN_PATH = re.compile(rf"/(?:{_CHARACTER}+/)*{_CHARACTER}*(?:\?(?:{_CHARACTER}|[/?])*)?")

Provide = Callable[[Floor], IdentityProvider]


def local_accounts(floor: Floor) -> IdentityProvider:
    """The accounts of the catalogue."""
    return LocalAccounts(floor.catalogue, floor.settings.person_secret.get_secret_value())


def own_path(path: str, home: str) -> str:
    """``path`` if it is a path of ours, else ``home``: nobody is sent to another site from here."""
    return path if len(path) <= 2000 and _OWN_PATH.fullmatch(path) else home


class TooOften(Exception):  # noqa: N818 — a state
    """Too many attempts; ``wait`` seconds until the next one counts."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


class Credentials(EntryForm):
    """What somebody signs in with."""

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=1024, repr=False)]


class SignedIn(BaseModel):
    """``csrf`` goes into the header X-CSRF-Token of every unsafe request."""

    csrf: str


@dataclass(slots=True)
class Desk:
    """Where people and programs sign in to one service: one count of attempts for both doors."""

    provider: IdentityProvider
    attempts: Attempts

    async def admit(self, request: Request, floor: Floor, email: str, password: str, roles: Set[str]) -> Account | None:
        """The account, if the password is its own and it has one of ``roles``. Raises TooOften."""
        address = request.client.host if request.client else ""
        login = _login(floor, email)
        wait = math.ceil(self.attempts.begin(login, address))
        if wait > 0:
            raise TooOften(wait)
        account = await self.provider.authenticate(email, password)
        if account is None or not roles & set(account.roles):
            return None
        self.attempts.succeeded(login, address)
        if earlier := session_of(request):
            sessions_of(request).end(earlier)
        return account


def desk_of(request: Request, floor: Floor, provide: Provide) -> Desk:
    """The application's desk; made at the first use, when there is a floor."""
    state = request.app.state
    if not hasattr(state, "sign_in_desk"):
        state.sign_in_desk = Desk(provide(floor), Attempts())
    desk: Desk = state.sign_in_desk
    return desk


def signin_router(
    prefix: str, title: str, roles: Set[str], home: str, *, provide: Provide = local_accounts
) -> APIRouter:
    """For accounts with one of ``roles``: ``prefix/sign-in`` (GET, POST) and ``prefix/sign-out`` (POST) for people,
    ``prefix/api/session`` (POST) for programs.
    """
    router = APIRouter(prefix=prefix)

    def page(request: Request, status: int, back: str, *, email: str = "", error: str = "", wait: int = 0) -> Response:
        return render(
            request,
            "sign-in.html",
            status=status,
            headers={"Retry-After": str(wait)} if wait else {},
            title=title,
            action=f"{prefix}/sign-in",
            back=back,
            email=email,
            error=error,
        )

    @router.get("/sign-in", include_in_schema=False)
    async def ask(request: Request, next: str = "") -> Response:  # noqa: A002 — the query's name
        return page(request, 200, own_path(next, home))

    @router.post("/sign-in", include_in_schema=False)
    async def sign_in(
        request: Request,
        floor: Annotated[Floor, Depends(floor_of)],
        email: Annotated[str, Form(max_length=254)] = "",
        password: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 — the field's name
    ) -> Response:
        back = own_path(next, home)
        try:
            account = await desk_of(request, floor, provide).admit(request, floor, email, password, roles)
        except TooOften as often:
            error = f"Too many attempts. Please wait {max(1, round(often.wait / 60))} min and try again."
            return page(request, 429, back, email=email, error=error, wait=often.wait)
        if account is None:
            return page(request, 401, back, email=email, error=WRONG)
        answer = RedirectResponse(back, 303)
        sessions_of(request).begin(answer, account)
        return answer

    @router.post("/sign-out", include_in_schema=False)
    async def sign_out(request: Request) -> Response:
        if session := session_of(request):
            await csrf_protected(request)
            sessions_of(request).end(session)
        answer = RedirectResponse(f"{prefix}/sign-in", 303)
        sessions_of(request).leave(answer)
        return answer

    @router.post("/api/session")
    async def sign_in_program(
        request: Request, response: Response, who: Credentials, floor: Annotated[Floor, Depends(floor_of)]
    ) -> SignedIn:
        """Signs in: the session's cookie, and the token for unsafe requests. 401 does not tell what was wrong."""
        try:
            account = await desk_of(request, floor, provide).admit(request, floor, who.email, who.password, roles)
        except TooOften as often:
            retry = {"Retry-After": str(often.wait)}
            raise Problem(429, "Too many attempts", code="too-many-attempts", headers=retry) from None
        if account is None:
            raise Problem(401, WRONG, code="sign-in-refused")
        return SignedIn(csrf=sessions_of(request).begin(response, account).csrf)

    return router


def _login(floor: Floor, email: str) -> str:
    """What attempts are counted under: never the address itself."""
    try:
        return login_key(floor.settings.person_secret.get_secret_value(), email)
    except ValueError:
        return "malformed"
