"""What may become of an account: pure changes of the catalogue, each decided on what stands when it is written."""

from enum import StrEnum

from schemas.catalogue import Account, Catalogue
from schemas.roles import NEEDS_SECOND_STEP, Permission, permissions, roles_at


class Why(StrEnum):
    """Why a change was refused."""

    UNKNOWN = "unknown"
    ALREADY_HERE = "already-here"
    TAKEN = "taken"
    USED = "used"
    LAST = "last"
    NO_ROLE = "no-role"


class Refused(Exception):  # noqa: N818 — it names what became of the change
    """The change was not made. ``why`` is for words on a page."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


def invite(catalogue: Catalogue, new: Account) -> list[Account]:
    """Somebody new at an owner. An address may be invited by several owners; its first password settles whose it is.

    So nobody learns from inviting whether an address has an account elsewhere: its own mailbox does.
    """
    if new.id in catalogue.accounts or any(
        account.login == new.login and account.owner == new.owner for account in catalogue.accounts.values()
    ):
        raise Refused(Why.ALREADY_HERE)
    _check_roles(catalogue, new.owner, new.roles)
    return [new]


def set_password(catalogue: Catalogue, seen: Account, password_hash: str) -> list[Account]:
    """A password through a link. ``seen`` is the account as the link found it: a link counts once."""
    account = _alive(catalogue, seen.id)
    if (account.generation, account.password_hash) != (seen.generation, seen.password_hash):
        raise Refused(Why.USED)
    if any(
        other.login == account.login and other.id != account.id and other.password_hash
        for other in catalogue.accounts.values()
    ):
        raise Refused(Why.TAKEN)
    return [_next(account, account.id, password_hash=password_hash)]


def deactivate(catalogue: Catalogue, account_id: str, by: str) -> list[Account]:
    """Ends every session and link. The last one who manages the owner's people stays."""
    account = _known(catalogue, account_id)
    if account.deactivated:
        return []
    _check_not_last(catalogue, account, frozenset())
    return [_next(account, by, deactivated=True)]


def reactivate(catalogue: Catalogue, account_id: str, by: str) -> list[Account]:
    """The password is as it was."""
    account = _known(catalogue, account_id)
    return [_next(account, by, deactivated=False)] if account.deactivated else []


def change_roles(catalogue: Catalogue, account_id: str, roles: tuple[str, ...], by: str) -> list[Account]:
    """Other roles, from the next request on. Sessions go on."""
    account = _known(catalogue, account_id)
    _check_roles(catalogue, account.owner, roles)
    changed = account.model_copy(update={"roles": roles, "changed_by": by})
    _check_not_last(catalogue, account, permissions(changed, catalogue))
    return [changed] if set(roles) != set(account.roles) else []


def set_up_second_step(catalogue: Catalogue, seen: Account, totp: str, recovery: tuple[str, ...]) -> list[Account]:
    """From now on a code is asked for. One that is there must be taken away first."""
    account = _alive(catalogue, seen.id)
    if account.totp is not None or account.generation != seen.generation:
        raise Refused(Why.USED)
    return [_next(account, account.id, totp=totp, recovery=recovery)]


def remove_second_step(catalogue: Catalogue, account_id: str, by: str) -> list[Account]:
    """For somebody who lost it; they sign in with the password, and set up a new one."""
    account = _known(catalogue, account_id)
    return [_next(account, by, totp=None, recovery=())] if account.totp is not None else []


def spend_recovery(catalogue: Catalogue, account_id: str, digest: str) -> list[Account]:
    """A recovery code counts once, at whichever replica."""
    account = _alive(catalogue, account_id)
    if digest not in account.recovery:
        raise Refused(Why.USED)
    left = tuple(one for one in account.recovery if one != digest)
    return [account.model_copy(update={"recovery": left, "changed_by": account.id})]


def _next(account: Account, by: str, **changes: object) -> Account:
    return account.model_copy(update={**changes, "generation": account.generation + 1, "changed_by": by})


def _known(catalogue: Catalogue, account_id: str) -> Account:
    account = catalogue.accounts.get(account_id)
    if account is None:
        raise Refused(Why.UNKNOWN)
    return account


def _alive(catalogue: Catalogue, account_id: str) -> Account:
    account = _known(catalogue, account_id)
    if account.deactivated:
        raise Refused(Why.UNKNOWN)
    return account


def _check_roles(catalogue: Catalogue, owner: str, roles: tuple[str, ...]) -> None:
    known = catalogue.owners.get(owner)
    if known is None or not roles or not set(roles) <= set(map(str, roles_at(known))):
        raise Refused(Why.NO_ROLE)


def _check_not_last(catalogue: Catalogue, account: Account, keeps: frozenset[Permission]) -> None:
    """Somebody else who can sign in must be left for each kind of managing that the account would give up."""
    for lost in (permissions(account, catalogue) & NEEDS_SECOND_STEP) - keeps:
        others = (other for other in catalogue.accounts.values() if other.owner == account.owner)
        if account.password_hash and not any(
            other.id != account.id and other.password_hash and lost in permissions(other, catalogue) for other in others
        ):
            raise Refused(Why.LAST)
