"""The way in and out of the pages that need an account."""

import math
import re
from collections.abc import Callable, Set
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.runtime.floor import Floor
from services.runtime.person import login_key
from services.runtime.web.accounts import IdentityProvider, LocalAccounts
from services.runtime.web.attempts import Attempts
from services.runtime.web.pages import render
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


class _Desk:
    """What one sign-in page remembers between requests; made at the first one, when there is a floor."""

    def __init__(self, provide: Provide) -> None:
        self._provide = provide
        self._provider: IdentityProvider | None = None
        self.attempts = Attempts()

    def provider(self, floor: Floor) -> IdentityProvider:
        if self._provider is None:
            self._provider = self._provide(floor)
        return self._provider


def signin_router(
    prefix: str, title: str, roles: Set[str], home: str, *, provide: Provide = local_accounts
) -> APIRouter:
    """``prefix/sign-in`` (GET, POST) and ``prefix/sign-out`` (POST), for accounts with one of ``roles``."""
    router = APIRouter(prefix=prefix, include_in_schema=False)
    desk = _Desk(provide)

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

    @router.get("/sign-in")
    async def ask(request: Request, next: str = "") -> Response:  # noqa: A002 — the query's name
        return page(request, 200, own_path(next, home))

    @router.post("/sign-in")
    async def sign_in(
        request: Request,
        floor: Annotated[Floor, Depends(floor_of)],
        email: Annotated[str, Form(max_length=254)] = "",
        password: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 — the field's name
    ) -> Response:
        back = own_path(next, home)
        address = request.client.host if request.client else ""
        login = _login(floor, email)
        wait = math.ceil(desk.attempts.begin(login, address))
        if wait > 0:
            error = f"Too many attempts. Please wait {max(1, round(wait / 60))} min and try again."
            return page(request, 429, back, email=email, error=error, wait=wait)
        account = await desk.provider(floor).authenticate(email, password)
        if account is None or not roles & set(account.roles):
            return page(request, 401, back, email=email, error=WRONG)
        desk.attempts.succeeded(login, address)
        if earlier := session_of(request):
            sessions_of(request).end(earlier)
        answer = RedirectResponse(back, 303)
        sessions_of(request).begin(answer, account)
        return answer

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        if session := session_of(request):
            await csrf_protected(request)
            sessions_of(request).end(session)
        answer = RedirectResponse(f"{prefix}/sign-in", 303)
        sessions_of(request).leave(answer)
        return answer

    return router


def _login(floor: Floor, email: str) -> str:
    """What attempts are counted under: never the address itself."""
    try:
        return login_key(floor.settings.person_secret.get_secret_value(), email)
    except ValueError:
        return "malformed"
