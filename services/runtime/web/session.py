"""Who is signed in: a signed cookie with an end, an account looked up at every request, a token against forgery."""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from fastapi import HTTPException, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from schemas.catalogue import Account, Catalogue
from services.runtime.web.pages import prefers_page
from services.runtime.web.problem import Problem
from services.runtime.web.state import floor_of

LIFETIME: Final = 8 * 60 * 60
"""Seconds from sign-in to the end, however busy the session."""

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in that still holds. ``csrf`` goes into every form, ``sign_out`` is where the way out is."""

    id: str
    account: Account
    csrf: str
    sign_out: str = ""


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
        session_id = secrets.token_urlsafe(16)
        signed = self._signer.dumps([account.id, session_id, self._stamp(account)])
        text = signed if isinstance(signed, str) else signed.decode()
        response.set_cookie(
            self.cookie, text, max_age=LIFETIME, path="/", secure=self._secure, httponly=True, samesite="lax"
        )
        return self._session(session_id, account)

    def read(self, cookie: str, catalogue: Catalogue) -> Session | None:
        """The session, unless the cookie is not ours, too old or ended, the account gone or its password changed."""
        try:
            account_id, session_id, stamp = self._signer.loads(cookie, max_age=LIFETIME)
        except (BadSignature, ValueError, TypeError):
            return None
        account = catalogue.accounts.get(account_id)
        if account is None or session_id in self._ended or not hmac.compare_digest(stamp, self._stamp(account)):
            return None
        return self._session(session_id, account)

    def _session(self, session_id: str, account: Account) -> Session:
        return Session(session_id, account, self._keyed("csrf", session_id))

    def leave(self, response: Response) -> None:
        """Takes the cookie away from the browser."""
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    def end(self, session: Session) -> None:
        """From now on a copy of the session's cookie is worth nothing in this process."""
        now = time.monotonic()
        self._ended[session.id] = now + LIFETIME
        while self._ended and next(iter(self._ended.values())) < now:
            self._ended.popitem(last=False)

    def _stamp(self, account: Account) -> str:
        """Changes with the password, so that a new one ends the old one's sessions."""
        return self._keyed("password", account.password_hash)[:16]

    def _keyed(self, *parts: str) -> str:
        return hmac.new(self._secret, "\x1f".join(parts).encode(), sha256).hexdigest()


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
    if session is None or not isinstance(token, str) or not _same(token, session.csrf):
        raise Problem(
            403,
            "This page had grown old",
            code="csrf",
            detail="For your protection nothing was done. Go back, reload the page and try again.",
        )


def signed_in(*roles: str, at: str) -> Callable[[Request], Awaitable[Account]]:
    """Makes a dependency: the account signed in, with one of ``roles`` (any role if none is named).

    ``at`` is the prefix of the :func:`signin_router` people are sent to. Unsafe requests must carry the CSRF token.
    """

    async def dependency(request: Request) -> Account:
        session = session_of(request)
        if session is None:
            raise _to_sign_in(request, at)
        request.state.session = Session(session.id, session.account, session.csrf, f"{at}/sign-out")
        if roles and not set(roles) & set(session.account.roles):
            raise Problem(403, "This is not yours to open", code="forbidden", detail="Your role does not include it.")
        await csrf_protected(request)
        return session.account

    return dependency


def _to_sign_in(request: Request, at: str) -> Exception:
    if not prefers_page(request):
        return Problem(401, "Please sign in", code="sign-in-required")
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?next={quote(asked, safe='')}" if request.method == "GET" else ""
    return HTTPException(303, headers={"Location": f"{at}/sign-in{back}"})


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
