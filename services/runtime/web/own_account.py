"""What people do with their own account: set a password through a link, ask for a new one, set up the second step."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.background import BackgroundTask

from schemas.catalogue import Account
from schemas.roles import Permission, needs_second_step, permissions
from services.runtime.accounts import second_step
from services.runtime.accounts.changes import Refused
from services.runtime.accounts.office import Office
from services.runtime.accounts.passwords import objection
from services.runtime.bus import BusUnavailable
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten, Tampered
from services.runtime.web.desk import desk_of
from services.runtime.web.forms import Filled
from services.runtime.web.pages import render
from services.runtime.web.session import sessions_of, signed_in
from services.runtime.web.state import floor_of

WHY: Final = "own account"
ISSUER: Final = "Habeas"
SETTING_UP_SECONDS: Final = 15 * 60

log = structlog.get_logger("habeas.web")
OnFloor = Annotated[Floor, Depends(floor_of)]


def own_account_router(prefix: str, permission: Permission, *, managing: bool = True) -> APIRouter:
    """``prefix/forgot``, ``prefix/welcome/{token}``, ``prefix/account`` and ``prefix/account/second-step``.

    ``permission`` is what one needs at this door: nobody else is written to from here. ``managing`` as in
    :func:`signed_in`.
    """
    router = APIRouter(prefix=prefix, include_in_schema=False)
    mine = Annotated[Account, Depends(signed_in(at=prefix, managing=managing))]
    halfway = Annotated[Account, Depends(signed_in(at=prefix, before_second_step=True, managing=managing))]

    @router.get("/forgot")
    async def forgot(request: Request) -> Response:
        return render(request, "forgot.html", action=f"{prefix}/forgot", sign_in=f"{prefix}/sign-in")

    @router.post("/forgot")
    async def ask_reset(
        request: Request, floor: OnFloor, email: Annotated[str, Form(max_length=254)] = ""
    ) -> Response:  # fmt: skip
        """The same words for everybody, at once. Whether there is a letter to send is found out afterwards."""
        answer = render(request, "forgot-sent.html", sign_in=f"{prefix}/sign-in")
        answer.background = BackgroundTask(_write_if_known, request, floor, permission, email)
        return answer

    @router.get("/welcome/{token}")
    async def welcome(request: Request, token: str, floor: OnFloor) -> Response:
        """Opening the link changes nothing, however often a mail scanner does."""
        return await _welcome(request, floor, prefix, token, Filled())

    @router.post("/welcome/{token}")
    async def set_password(
        request: Request,
        token: str,
        floor: OnFloor,
        password: Annotated[str, Form()] = "",
        again: Annotated[str, Form()] = "",
    ) -> Response:
        desk = desk_of(request, floor)
        office = Office(floor, desk.address_of(request))
        account = office.links.account(token, floor.catalogue())
        if account is None:
            return _dead(request, prefix)
        wrong = await asyncio.to_thread(_objection, floor, account, password)
        field, message = ("password", wrong) if wrong else ("again", "is not the same as the first one")
        if wrong or password != again:
            filled = Filled(errors=[{"field": field, "message": message}])
            return await _welcome(request, floor, prefix, token, filled, 422)
        try:
            await office.set_password(account, await desk.passwords.hash(password))
        except Refused:
            return _dead(request, prefix)
        return RedirectResponse(f"{prefix}/sign-in?done=password", 303)

    @router.get("/account")
    async def own(request: Request, account: mine) -> Response:
        return render(
            request,
            "account.html",
            forgot=f"{prefix}/forgot",
            set_up=f"{prefix}/account/second-step",
            has_step=account.totp is not None,
            codes_left=len(account.recovery),
        )

    @router.get("/account/second-step")
    async def show_step(request: Request, account: halfway, floor: OnFloor) -> Response:
        return await _step_page(request, account, floor, prefix, second_step.new_secret(), Filled())

    @router.post("/account/second-step")
    async def set_up_step(
        request: Request,
        account: halfway,
        floor: OnFloor,
        setting_up: Annotated[str, Form(max_length=1024)] = "",
        code: Annotated[str, Form(max_length=40)] = "",
    ) -> Response:
        secret, desk = _opened(floor, account, setting_up), desk_of(request, floor)
        if secret is None or account.totp is not None:
            return RedirectResponse(f"{prefix}/account/second-step", 303)
        if not await asyncio.to_thread(desk.second_step.spend, account, secret, code, datetime.now(UTC)):
            filled = Filled(errors=[{"field": "code", "message": "does not fit; wait for the next one and try again"}])
            return await _step_page(request, account, floor, prefix, secret, filled, 422)
        sealed = await asyncio.to_thread(desk.second_step.seal, account, secret)
        codes, office = second_step.new_recovery_codes(), Office(floor, desk.address_of(request))
        try:
            now = await office.set_up_second_step(account, sealed, codes)
        except Refused:
            return RedirectResponse(f"{prefix}/account", 303)
        answer = render(request, "recovery-codes.html", codes=codes, on=prefix)
        sessions_of(request).begin(answer, now)
        return answer

    return router


async def _write_if_known(request: Request, floor: Floor, permission: Permission, email: str) -> None:
    desk = desk_of(request, floor)
    try:
        address = desk.address_of(request)
        if await asyncio.to_thread(desk.resets.begin, desk.login_of(email), address) > 0:
            return
        account = desk.accounts.known(email)
        if account is not None and permission in permissions(account, floor.catalogue()):
            await Office(floor, address).ask_reset(account)
    except BusUnavailable:
        log.warning("a letter for a new password could not be ordered")
    except Exception as error:  # noqa: BLE001 — the answer has gone out; it must not break off for some and not for others
        log.error("a letter for a new password could not be ordered", error=type(error).__name__)


async def _welcome(
    request: Request, floor: Floor, prefix: str, token: str, filled: Filled, status: int = 200
) -> Response:  # fmt: skip
    account = Office(floor).links.account(token, floor.catalogue())
    if account is None:
        return _dead(request, prefix)
    return render(
        request,
        "welcome.html",
        status=status,
        owner=floor.catalogue().owners.get(account.owner),
        form=filled,
        email=await asyncio.to_thread(_email, floor, account),
        first=not account.password_hash,
        action=f"{prefix}/welcome/{token}",
    )


def _dead(request: Request, prefix: str) -> Response:
    return render(request, "link-dead.html", status=410, forgot=f"{prefix}/forgot")


async def _step_page(
    request: Request, account: Account, floor: Floor, prefix: str, secret: str, filled: Filled, status: int = 200
) -> Response:  # fmt: skip
    if account.totp is not None:
        return RedirectResponse(f"{prefix}/account", 303)
    who = await asyncio.to_thread(_email, floor, account) or account.id[:8]
    return render(
        request,
        "second-step.html",
        status=status,
        form=filled,
        must=needs_second_step(account, floor.catalogue()),
        picture=second_step.picture(second_step.address_of(secret, who, ISSUER)),
        secret=" ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
        setting_up=_closed(floor, account, secret),
        action=f"{prefix}/account/second-step",
        on=prefix,
    )


def _closed(floor: Floor, account: Account, secret: str) -> str:
    """The secret on its way through the page and back, for this account only."""
    signed = _signer(floor).dumps([account.id, account.generation, secret])
    return signed if isinstance(signed, str) else signed.decode()


def _opened(floor: Floor, account: Account, text: str) -> str | None:
    try:
        account_id, generation, secret = _signer(floor).loads(text, max_age=SETTING_UP_SECONDS)
    except (BadSignature, ValueError, TypeError):
        return None
    return str(secret) if (account_id, generation) == (account.id, account.generation) else None


def _signer(floor: Floor) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(floor.settings.session_secret.get_secret_value(), salt="habeas-setting-up")


def _objection(floor: Floor, account: Account, password: str) -> str:
    owner = floor.catalogue().owners.get(account.owner)
    known = [_email(floor, account), _opened_field(floor, account, "name", account.name)]
    return objection(password, [*known, owner.name if owner else "", account.owner])


def _email(floor: Floor, account: Account) -> str:
    return _opened_field(floor, account, "email", account.email) if account.email else ""


def _opened_field(floor: Floor, account: Account, field: str, sealed: str) -> str:
    try:
        return floor.vault.open(account.shelf, field, sealed, by=account.id, why=WHY)
    except (Forgotten, Tampered):
        return ""
