"""Where people and programs sign in to one service: who they are, how often they tried, and the word on record."""

import asyncio
import math
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from argon2 import PasswordHasher
from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from schemas.acts import SignedIn, SignInLocked
from schemas.catalogue import Account
from schemas.roles import Permission, permissions
from services.runtime.accounts import changes
from services.runtime.accounts.passwords import Passwords
from services.runtime.accounts.second_step import SecondStep, recovery_digest
from services.runtime.accounts.stamp import same, stamp
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.person import content_digest, login_key
from services.runtime.web.accounts import IdentityProvider, LocalAccounts
from services.runtime.web.attempts import PER_ADDRESS, PER_LOGIN, Attempts, Limits
from services.runtime.web.session import Session, session_of, sessions_of

HALFWAY_SECONDS: Final = 5 * 60
"""From the right password to the right code."""

RESETS: Final = Limits("reset", per_login=3, per_address=20, window=3600.0)
"""How many letters with a link somebody may cause."""

_HALFWAY: Final = "halfway"


class TooOften(Exception):  # noqa: N818 — a state
    """Too many attempts; ``wait`` seconds until the next one counts."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait

    @property
    def words(self) -> str:
        """For a page."""
        return f"Too many attempts. Please wait {max(1, round(self.wait / 60))} min and try again."


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody who may enter, and by what second step."""

    account: Account
    second_step: str = "none"


class Desk:
    """One count of attempts for both doors of a service."""

    def __init__(self, floor: Floor, hasher: PasswordHasher | None = None) -> None:
        settings = floor.settings
        database = engine(settings.database_of(floor.service))
        self._floor = floor
        self._secret = settings.person_secret.get_secret_value()
        self._session_secret = settings.session_secret.get_secret_value()
        self._signer = URLSafeTimedSerializer(
            self._session_secret,
            salt=f"habeas-halfway-{floor.service}",
            signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
        )
        self.passwords = Passwords(hasher)
        self.accounts = LocalAccounts(floor.catalogue, self._secret, self.passwords, demo=settings.is_demo)
        self.provider: IdentityProvider = self.accounts
        self.attempts, self.resets = Attempts(database), Attempts(database, RESETS)
        self.second_step = SecondStep(database, floor.vault)

    def address_of(self, request: Request) -> str:
        """Where a request came from, as it is counted and recorded: a keyed digest."""
        host = request.client.host if request.client else ""
        return content_digest(self._secret, "network address", host)[:32] if host else ""

    def login_of(self, email: str) -> str:
        """What attempts are counted under: never the address itself."""
        try:
            return login_key(self._secret, email)
        except ValueError:
            return "malformed"

    async def first(self, request: Request, email: str, password: str, permission: Permission) -> Account | None:
        """The account, if the password is its own and it has the permission. Raises TooOften.

        Its attempt stays counted until it has entered.
        """
        login = self.login_of(email)
        await self._begin(login, request)
        account = await self.provider.authenticate(email, password)
        if account is None or permission not in permissions(account, self._floor.catalogue()):
            await self._failed(login, request)
            return None
        return account

    def halfway(self, account: Account) -> str:
        """What somebody with the right password brings along to the second step."""
        signed = self._signer.dumps([account.id, stamp(self._session_secret, _HALFWAY, account)])
        return signed if isinstance(signed, str) else signed.decode()

    def came_halfway(self, text: str) -> Account | None:
        """Whose password was right, some minutes ago at most."""
        try:
            account_id, stamped = self._signer.loads(text, max_age=HALFWAY_SECONDS)
        except (BadSignature, ValueError, TypeError):
            return None
        account = self._floor.catalogue().accounts.get(account_id)
        if account is None or account.deactivated:
            return None
        return account if same(stamped, stamp(self._session_secret, _HALFWAY, account)) else None

    async def second(self, request: Request, account: Account, code: str) -> Came | None:
        """Whether it is the code of now, or one of the recovery codes, which then is spent. Raises TooOften."""
        await self._begin(account.login, request)
        if await self.second_step.fits(account, code):
            return Came(account, "code")
        digest = recovery_digest(self._secret, account.id, code)
        if digest in account.recovery:
            try:
                await self._floor.amend(lambda catalogue: changes.spend_recovery(catalogue, account.id, digest))
            except changes.Refused:
                return None
            return Came(account, "recovery-code")
        await self._failed(account.login, request)
        return None

    async def enter(self, request: Request, response: Response, came: Came) -> Session:
        """Begins a session, once it is on record. Raises BusUnavailable: then nobody is signed in."""
        account, address = came.account, self.address_of(request)
        await self._floor.record(
            SignedIn(who=account.id, owner=account.owner, address=address, second_step=came.second_step)
        )
        await asyncio.to_thread(self.attempts.succeeded, account.login, address)
        if earlier := session_of(request):
            sessions_of(request).end(earlier)
        return sessions_of(request).begin(response, account)

    async def _begin(self, login: str, request: Request) -> None:
        wait = math.ceil(await asyncio.to_thread(self.attempts.begin, login, self.address_of(request)))
        if wait > 0:
            raise TooOften(wait)

    async def _failed(self, login: str, request: Request) -> None:
        """A single failure is counted, not recorded; that the last one was used up is recorded, whether or not
        anybody is known by that login: the time it takes must not tell.
        """
        address = self.address_of(request)
        of_login, of_address = await asyncio.to_thread(self.attempts.used_up, login, address)
        if of_login:
            account = next((one for one in self._floor.catalogue().accounts.values() if one.login == login), None)
            who, owner = (account.id, account.owner) if account else ("", "")
            await self._floor.record(SignInLocked(who=who, owner=owner, address=address, attempts=PER_LOGIN))
        if of_address:
            await self._floor.record(SignInLocked(address=address, attempts=PER_ADDRESS))


def desk_of(request: Request, floor: Floor) -> Desk:
    """The application's desk; made at the first use, when there is a floor."""
    state = request.app.state
    if not hasattr(state, "sign_in_desk"):
        state.sign_in_desk = Desk(floor)
    desk: Desk = state.sign_in_desk
    return desk
