"""The way in and out of the pages that need an account."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from schemas.acts import SignedOut
from schemas.base import Form as EntryForm
from schemas.catalogue import Account
from schemas.roles import Permission
from services.runtime.floor import Floor
from services.runtime.web.desk import Came, Desk, TooOften, desk_of
from services.runtime.web.pages import render
from services.runtime.web.problem import Problem
from services.runtime.web.session import csrf_protected, session_of, sessions_of
from services.runtime.web.state import floor_of

WRONG: Final = "That e-mail address and password do not go together."
WRONG_CODE: Final = "That code does not fit, or was used before. Wait for the next one and try again."
TOO_SLOW: Final = "That took too long. Please sign in again."
_CHARACTER = r"[A-Za-z0-9._~%!$&'()*+,;=:@-]"
_OWN_PATH = re.compile(rf"/(?:{_CHARACTER}+/)*{_CHARACTER}*(?:\?(?:{_CHARACTER}|[/?])*)?")


def own_path(path: str, home: str) -> str:
    """``path`` if it is a path of ours, else ``home``: nobody is sent to another site from here."""
    return path if len(path) <= 2000 and _OWN_PATH.fullmatch(path) else home


class Credentials(EntryForm):
    """What somebody signs in with. ``code`` is that of the second step, for those who have one."""

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=1024, repr=False)]
    code: Annotated[str, Field(max_length=40, repr=False)] = ""


class SignedIn(BaseModel):
    """``csrf`` goes into the header X-CSRF-Token of every unsafe request."""

    csrf: str


def signin_router(prefix: str, title: str, permission: Permission, home: str) -> APIRouter:
    """For accounts with the permission: ``prefix/sign-in`` and ``prefix/sign-in/code`` (GET, POST) and
    ``prefix/sign-out`` (POST) for people, ``prefix/api/session`` (POST) for programs.
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
            forgot=f"{prefix}/forgot",
            back=back,
            email=email,
            error=error,
            done=request.query_params.get("done") == "password",
        )

    def code_page(request: Request, status: int, back: str, half: str, error: str = "", wait: int = 0) -> Response:
        headers = {"Retry-After": str(wait)} if wait else {}
        return render(
            request, "sign-in-code.html", status=status, headers=headers, title=title, again=f"{prefix}/sign-in",
            action=f"{prefix}/sign-in/code", back=back, half=half, error=error,
        )  # fmt: skip

    async def enter(request: Request, desk: Desk, came: Came, back: str) -> Response:
        answer = RedirectResponse(back, 303)
        await desk.enter(request, answer, came)
        return answer

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
        back, desk = own_path(next, home), desk_of(request, floor)
        try:
            account = await desk.first(request, email, password, permission)
        except TooOften as often:
            return page(request, 429, back, email=email, error=often.words, wait=often.wait)
        if account is None:
            return page(request, 401, back, email=email, error=WRONG)
        if account.totp is not None:
            return code_page(request, 200, back, desk.halfway(account))
        return await enter(request, desk, Came(account), back)

    @router.post("/sign-in/code", include_in_schema=False)
    async def sign_in_with_code(
        request: Request,
        floor: Annotated[Floor, Depends(floor_of)],
        half: Annotated[str, Form(max_length=1024)] = "",
        code: Annotated[str, Form(max_length=40)] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 — the field's name
    ) -> Response:
        back, desk = own_path(next, home), desk_of(request, floor)
        account = desk.came_halfway(half)
        if account is None:
            return page(request, 401, back, error=TOO_SLOW)
        try:
            came = await desk.second(request, account, code)
        except TooOften as often:
            return code_page(request, 429, back, half, often.words, often.wait)
        if came is None:
            return code_page(request, 401, back, half, WRONG_CODE)
        return await enter(request, desk, came, back)

    @router.post("/sign-out", include_in_schema=False)
    async def sign_out(request: Request, floor: Annotated[Floor, Depends(floor_of)]) -> Response:
        if session := session_of(request):
            await csrf_protected(request)
            sessions_of(request).end(session)
            address = desk_of(request, floor).address_of(request)
            await floor.record(SignedOut(who=session.account.id, owner=session.account.owner, address=address))
        answer = RedirectResponse(f"{prefix}/sign-in", 303)
        sessions_of(request).leave(answer)
        return answer

    @router.post("/api/session")
    async def sign_in_program(
        request: Request, response: Response, who: Credentials, floor: Annotated[Floor, Depends(floor_of)]
    ) -> SignedIn:
        """Signs in: the session's cookie, and the token for unsafe requests. 401 does not tell what was wrong, but
        that ``code`` is missing.
        """
        desk = desk_of(request, floor)
        try:
            account = await desk.first(request, who.email, who.password, permission)
            came = await _with_code(request, desk, account, who.code)
        except TooOften as often:
            retry = {"Retry-After": str(often.wait)}
            raise Problem(429, "Too many attempts", code="too-many-attempts", headers=retry) from None
        return SignedIn(csrf=(await desk.enter(request, response, came)).csrf)

    return router


async def _with_code(request: Request, desk: Desk, account: Account | None, code: str) -> Came:
    if account is None:
        raise Problem(401, WRONG, code="sign-in-refused")
    if account.totp is None:
        return Came(account)
    if not code:
        raise Problem(401, "The code of your second step is missing", code="second-step-required")
    came = await desk.second(request, account, code)
    if came is None:
        raise Problem(401, WRONG_CODE, code="second-step-refused")
    return came
