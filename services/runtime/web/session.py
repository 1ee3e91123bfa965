"""Who is signed in: a signed cookie with two ends, an account looked up at every request, a token against forgery."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from fastapi import HTTPException, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from schemas.catalogue import Account, Catalogue
from schemas.roles import Permission, needs_second_step, permissions
from services.runtime.accounts.stamp import keyed, same, stamp
from services.runtime.web.pages import prefers_page
from services.runtime.web.problem import Problem
from services.runtime.web.state import floor_of

LIFETIME: Final = 8 * 60 * 60
"""Seconds from sign-in to the end, however busy the session."""

IDLE: Final = 30 * 60
"""Seconds without a request by a person, after which the session ends."""

RENEWED_AFTER: Final = 60
"""Seconds after which a request makes the cookie young again."""

LIVE_HEADER: Final = "Habeas-Live"
"""On what a page asks by itself: it keeps nobody signed in."""

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_PURPOSE: Final = "session"


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in that still holds. ``began`` and ``seen`` are seconds since 1970. ``csrf`` goes into every form;
    ``sign_out`` is the way out, and ``places`` are the account's own pages.
    """

    id: str
    account: Account
    csrf: str
    began: int = 0
    seen: int = 0
    sign_out: str = ""
    places: tuple[tuple[str, str], ...] = ()


class Sessions:
    """Makes and reads the cookies of one service. Those it ended early it remembers, in this process only."""

    def __init__(self, secret: bytes, service: str, *, secure: bool) -> None:
        self._secret, self._secure = secret, secure
        self._signer = URLSafeTimedSerializer(
            secret, salt=f"habeas-session-{service}", signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"}
        )
        self._ended: OrderedDict[str, float] = OrderedDict()
        self.cookie = f"habeas-{service}"

    def begin(self, response: Response, account: Account) -> Session:
        """Signs ``account`` in under a session id nobody has seen before."""
        session = self._session(secrets.token_urlsafe(16), account, int(time.time()), int(time.time()))
        self.renew(response, session)
        return session

    def renew(self, response: Response, session: Session) -> None:
        """The same session, used just now."""
        content = [session.account.id, session.id, stamp(self._secret, _PURPOSE, session.account), session.began]
        signed = self._signer.dumps(content)
        text = signed if isinstance(signed, str) else signed.decode()
        response.set_cookie(
            self.cookie, text, max_age=IDLE, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def read(self, cookie: str, catalogue: Catalogue) -> Session | None:
        """The session, unless the cookie is not ours, unused for too long, too old or ended; or the account is gone,
        deactivated, or has another password or second step.
        """
        try:
            content, seen_at = self._signer.loads(cookie, max_age=IDLE, return_timestamp=True)
            account_id, session_id, stamped, began = content
            seen = int(_instant(seen_at).timestamp())
            too_old = time.time() - began > LIFETIME
        except (BadSignature, ValueError, TypeError):
            return None
        account = catalogue.accounts.get(account_id)
        if account is None or account.deactivated or too_old or session_id in self._ended:
            return None
        if not same(stamped, stamp(self._secret, _PURPOSE, account)):
            return None
        return self._session(session_id, account, began, seen)

    def _session(self, session_id: str, account: Account, began: int, seen: int) -> Session:
        return Session(session_id, account, keyed(self._secret, "csrf", session_id), began, seen)

    def leave(self, response: Response) -> None:
        """Takes the cookie away from the browser."""
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    def end(self, session: Session) -> None:
        """From now on a copy of the session's cookie is worth nothing in this process."""
        now = time.monotonic()
        self._ended[session.id] = now + LIFETIME
        while self._ended and next(iter(self._ended.values())) < now:
            self._ended.popitem(last=False)


def sessions_of(request: Request) -> Sessions:
    """The sessions of this process."""
    known: Sessions | None = getattr(request.app.state, "sessions", None)
    if known is None:
        settings = floor_of(request).settings
        known = Sessions(
            settings.session_secret.get_secret_value(), request.app.state.service, secure=settings.secure_cookies
        )
        request.app.state.sessions = known
    return known


def session_of(request: Request) -> Session | None:
    """The session of this request, if any."""
    sessions = sessions_of(request)
    cookie = request.cookies.get(sessions.cookie)
    return sessions.read(cookie, floor_of(request).catalogue()) if cookie else None


async def csrf_protected(request: Request) -> None:
    """Dependency: refuses an unsafe request that does not carry the session's token, as form field or header."""
    session = session_of(request)
    if request.method in SAFE_METHODS:
        return
    token: Any = request.headers.get(CSRF_HEADER, "")
    if not token and request.headers.get("content-type", "").lower().startswith(_FORMS):
        token = (await request.form()).get(CSRF_FIELD, "")
    if session is None or not same(token, session.csrf):
        raise Problem(
            403,
            "This page had grown old",
            code="csrf",
            detail="For your protection nothing was done. Go back, reload the page and try again.",
        )


def signed_in(
    *wanted: Permission, at: str, before_second_step: bool = False, managing: bool = True
) -> Callable[[Request], Awaitable[Account]]:
    """Makes a dependency: the account signed in, with one of the permissions (any at all if none is named).

    ``at`` is the prefix of the :func:`signin_router` people are sent to; ``managing`` says that those who manage
    people find their pages there. Unsafe requests must carry the CSRF token.
    Who lacks the second step that its permissions ask for gets no further than to the page that sets it up, which
    says ``before_second_step``.
    """

    async def dependency(request: Request) -> Account:
        session = session_of(request)
        if session is None:
            raise _to_sign_in(request, at)
        account, catalogue = session.account, floor_of(request).catalogue()
        held = permissions(account, catalogue)
        lacks_step = needs_second_step(account, catalogue)
        places = () if lacks_step else _places(held, at, managing=managing)
        request.state.session = replace(session, sign_out=f"{at}/sign-out", places=places)
        _keep_young(request, session)
        if lacks_step and not before_second_step:
            raise _to_second_step(request, at)
        if wanted and not held.intersection(wanted):
            raise Problem(403, "This is not yours to open", code="forbidden", detail="Your role does not include it.")
        await csrf_protected(request)
        return account

    return dependency


def _places(held: frozenset[Permission], at: str, *, managing: bool) -> tuple[tuple[str, str], ...]:
    pages = ((f"{at}/people", "People"), (f"{at}/acts", "Who did what"))
    manages = managing and bool(held & {Permission.MANAGE, Permission.OVERSEE})
    return (*(pages if manages else ()), (f"{at}/account", "Your account"))


def _keep_young(request: Request, session: Session) -> None:
    """Hands a fresh cookie to :class:`Renewal`, unless nobody touched the page."""
    if time.time() - session.seen < RENEWED_AFTER or LIVE_HEADER in request.headers:
        return
    carrier = Response()
    sessions_of(request).renew(carrier, session)
    request.state.renewed_cookie = carrier.headers["set-cookie"]


def _to_second_step(request: Request, at: str) -> Exception:
    if not prefers_page(request):
        return Problem(
            403,
            "Set up your second step first",
            code="second-step-required",
            detail="Whoever manages people signs in with a second step. Sign in with a browser and set it up.",
        )
    return HTTPException(303, headers={"Location": f"{at}/account/second-step"})


def _to_sign_in(request: Request, at: str) -> Exception:
    if not prefers_page(request):
        return Problem(401, "Please sign in", code="sign-in-required")
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?next={quote(asked, safe='')}" if request.method == "GET" else ""
    return HTTPException(303, headers={"Location": f"{at}/sign-in{back}"})


def _instant(moment: Any) -> datetime:
    assert isinstance(moment, datetime)
    return moment
