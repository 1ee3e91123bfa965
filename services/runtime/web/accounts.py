"""Whether an e-mail address and a password belong to an account. OpenID Connect may take this interface's place."""

import asyncio
import hmac
from collections.abc import Callable
from typing import Final, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from schemas.catalogue import Account, Catalogue
from services.runtime.person import login_key

PASSWORD_LIMIT: Final = 256
"""Characters; a longer password is refused without being hashed."""

AT_ONCE: Final = 2
"""Passwords checked at the same time: each takes 64 MiB, and a flood must not take them all."""


class IdentityProvider(Protocol):
    """Somebody who knows who people are."""

    async def authenticate(self, email: str, password: str) -> Account | None:
        """The account, or None: which of the two was wrong is not told."""


class LocalAccounts:
    """The accounts of the catalogue, with argon2id password hashes. An unknown address takes as long as a known one."""

    def __init__(self, catalogue: Callable[[], Catalogue], secret: bytes, hasher: PasswordHasher | None = None) -> None:
        self._catalogue, self._secret = catalogue, secret
        self._hasher = hasher or PasswordHasher()
        self._dummy = self._hasher.hash("nobody's password")
        self._places = asyncio.Semaphore(AT_ONCE)

    async def authenticate(self, email: str, password: str) -> Account | None:
        """The account whose login and password these are."""
        account = self._known(email)
        if len(password) > PASSWORD_LIMIT:
            account, password = None, ""
        stored = account.password_hash if account else self._dummy
        async with self._places:
            fits = await asyncio.to_thread(self._fits, stored, password)
        return account if fits else None

    def _known(self, email: str) -> Account | None:
        try:
            login = login_key(self._secret, email)
        except ValueError:
            return None
        found = None
        for account in self._catalogue().accounts.values():
            if hmac.compare_digest(account.login.encode(), login.encode()):
                found = account
        return found

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (Argon2Error, InvalidHashError):
            return False
