"""Does what is asked about accounts: changes the catalogue, puts it on record, and has the letter sent. In that order.

Each of the three is a step of its own. What stops between two of them is seen by whoever asked, and asked again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.acts import (
    Act,
    PasswordSet,
    PersonDeactivated,
    PersonInvited,
    PersonReactivated,
    ResetAsked,
    RolesChanged,
    SecondStepRemoved,
    SecondStepSetUp,
)
from schemas.catalogue import SHELF, Account, Catalogue, Owner
from schemas.envelope import derived_id
from schemas.notifier import AccountLetter, AccountLetterKind, SendAccountLetter
from schemas.roles import Permission, permissions
from services.runtime.accounts import changes
from services.runtime.accounts.links import LASTS, Links
from services.runtime.accounts.second_step import recovery_digests
from services.runtime.bus import new_cause_id
from services.runtime.floor import Floor
from services.runtime.person import login_key, normal_email


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who is to have an account."""

    email: str
    name: str
    roles: tuple[str, ...]


class Office:
    """One service's. ``address`` is whence somebody acts. A link leads to the pages that the account is for, whoever
    had it sent.
    """

    def __init__(self, floor: Floor, address: str = "") -> None:
        self._floor, self._address = floor, address
        self._secret = floor.settings.person_secret.get_secret_value()
        self.links = Links(floor.settings.session_secret.get_secret_value())

    async def invite(self, by: Account, owner: Owner, new: Newcomer) -> Account:
        """A new account without a password, and a letter to it. Raises changes.Refused, BusUnavailable."""
        account = await asyncio.to_thread(self._account, by, owner, new)
        await self._floor.amend(lambda catalogue: changes.invite(catalogue, account))
        await self.send_invitation(by, account)
        return account

    async def send_invitation(self, by: Account, account: Account) -> None:
        """The invitation, for the first time or once more."""
        await self._record(PersonInvited(who=by.id, owner=account.owner, person=account.id, roles=account.roles))
        await self._write(AccountLetterKind.INVITATION, account)

    async def ask_reset(self, account: Account) -> None:
        """A letter with a link for a new password, to the account's own address."""
        await self._record(ResetAsked(who=account.id, owner=account.owner))
        await self._write(AccountLetterKind.RESET, account)

    async def set_password(self, account: Account, password_hash: str) -> None:
        """``account`` is as its link found it. Raises changes.Refused."""
        await self._floor.amend(lambda catalogue: changes.set_password(catalogue, account, password_hash))
        first = not account.password_hash
        await self._record(PasswordSet(who=account.id, owner=account.owner, first=first))

    async def deactivate(self, by: Account, account: Account) -> None:
        """Raises changes.Refused for the last one who manages."""
        await self._floor.amend(lambda catalogue: changes.deactivate(catalogue, account.id, by.id))
        await self._record(PersonDeactivated(who=by.id, owner=account.owner, person=account.id))

    async def reactivate(self, by: Account, account: Account) -> None:
        """The inverse."""
        await self._floor.amend(lambda catalogue: changes.reactivate(catalogue, account.id, by.id))
        await self._record(PersonReactivated(who=by.id, owner=account.owner, person=account.id))

    async def change_roles(self, by: Account, account: Account, roles: tuple[str, ...]) -> None:
        """Raises changes.Refused for the last one who manages."""
        await self._floor.amend(lambda catalogue: changes.change_roles(catalogue, account.id, roles, by.id))
        await self._record(RolesChanged(who=by.id, owner=account.owner, person=account.id, roles=roles))

    async def set_up_second_step(self, account: Account, totp: str, codes: Sequence[str]) -> Account:
        """The account as it is then: its sessions have ended, the one in use begins anew. Raises changes.Refused."""
        kept = recovery_digests(self._secret, account.id, codes)
        await self._floor.amend(lambda catalogue: changes.set_up_second_step(catalogue, account, totp, kept))
        await self._record(SecondStepSetUp(who=account.id, owner=account.owner))
        return self._floor.catalogue().accounts[account.id]

    async def remove_second_step(self, by: Account, account: Account) -> None:
        """For somebody who lost it."""
        await self._floor.amend(lambda catalogue: changes.remove_second_step(catalogue, account.id, by.id))
        await self._record(SecondStepRemoved(who=by.id, owner=account.owner, person=account.id))

    async def _record(self, act: Act) -> None:
        await self._floor.record(act.model_copy(update={"address": self._address}))

    def _account(self, by: Account, owner: Owner, new: Newcomer) -> Account:
        """Its id follows from address and owner, so that inviting twice makes one account."""
        login = login_key(self._secret, new.email)
        identity = derived_id("account", login, owner.slug)
        shelf, vault = f"{SHELF}{identity}", self._floor.vault
        vault.prepare(shelf, ("record",))
        return Account(
            id=identity,
            login=login,
            owner=owner.slug,
            roles=new.roles,
            name=vault.seal(shelf, "record", "name", new.name),
            email=vault.seal(shelf, "record", "email", normal_email(new.email)),
            password_hash="",
            invited_by=by.id,
            changed_by=by.id,
        )

    async def _write(self, kind: AccountLetterKind, account: Account) -> None:
        """An account of the catalogue's file that is older than sealed addresses gets no letter: it has none."""
        if account.email is None:
            return
        cause_id = new_cause_id()
        command = await asyncio.to_thread(self._letter, kind, account, account.email, cause_id)
        await self._floor.bus.send(
            command, to="notifier", subject=account.shelf, owner=account.owner, person_key=account.id, id=cause_id
        )

    def _letter(self, kind: AccountLetterKind, account: Account, email: str, cause_id: str) -> SendAccountLetter:
        letter_id, vault = derived_id("letter", cause_id, kind), self._floor.vault
        vault.prepare(account.shelf, ("verification",))
        token = self.links.make(kind, account)
        return SendAccountLetter(
            letter=AccountLetter(
                id=letter_id,
                kind=kind,
                account=account.id,
                owner=account.owner,
                door=door_of(account, self._floor.catalogue()),
                email=email,
                name=account.name,
                token=vault.seal(account.shelf, "verification", f"token:{letter_id}", token),
                expires_at=datetime.now(UTC) + LASTS[kind],
            )
        )


def door_of(account: Account, catalogue: Catalogue) -> str:
    """The pages on which the account signs in."""
    held = permissions(account, catalogue)
    if Permission.OPERATE in held:
        return "console"
    return "desk" if Permission.ENTER in held and Permission.SEE not in held else "portal"
