"""Whether an e-mail address and a password belong to an account. OpenID Connect may take this interface's place."""

import hmac
from collections.abc import Callable
from typing import Protocol

from schemas.catalogue import Account, Catalogue
from services.runtime.accounts.passwords import Passwords
from services.runtime.person import login_key


class IdentityProvider(Protocol):
    """Somebody who knows who people are."""

    async def authenticate(self, email: str, password: str) -> Account | None:
        """The account, or None: which of the two was wrong is not told."""


class LocalAccounts:
    """The accounts of the catalogue, with argon2id password hashes. An unknown address takes as long as a known one.

    Outside the demo the demo's accounts are nobody's.
    """

    def __init__(
        self, catalogue: Callable[[], Catalogue], secret: bytes, passwords: Passwords, *, demo: bool = False
    ) -> None:
        self._catalogue, self._secret, self._passwords, self._demo = catalogue, secret, passwords, demo

    async def authenticate(self, email: str, password: str) -> Account | None:
        """The account whose login and password these are."""
        account = self.known(email)
        fits = await self._passwords.fits(account.password_hash if account else "", password)
        return account if fits else None

    def known(self, email: str) -> Account | None:
        """The account of that address: the one with a password, where several owners invited it."""
        try:
            login = login_key(self._secret, email)
        except ValueError:
            return None
        found = None
        for account in self._catalogue().accounts.values():
            if hmac.compare_digest(account.login.encode(), login.encode()) and self._alive(account):
                found = account if found is None or account.password_hash else found
        return found

    def _alive(self, account: Account) -> bool:
        return not account.deactivated and (self._demo or not account.demo)
