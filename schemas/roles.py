"""Who may do what: the roles there are, and the one table of what each of them permits."""

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import Final

from schemas.catalogue import Account, Catalogue, Owner

CUSTODIAN: Final = "custodian"
"""The kind of owner that runs the system. What it decides, it decides for its own data only (R17)."""


class Role(StrEnum):
    """What somebody is to an owner. The last three are the custodian's, and mean nothing anywhere else."""

    ADMIN = "admin"
    HANDLER = "handler"
    READER = "reader"
    OPERATOR = "operator"
    PHONE_DESK = "phone-desk"
    PRIVACY = "privacy"


class Permission(StrEnum):
    """What a page or a door asks for. No page asks for a role."""

    SEE = "see"
    """The requests of one's own owner, and whose they are."""
    INSTRUCT = "instruct"
    """Decide on them, and fetch packages."""
    MANAGE = "manage"
    """Invite, change and deactivate people of one's own owner, and read what they did."""
    OPERATE = "operate"
    """The console: every owner's requests, without the people who ask."""
    OVERSEE = "oversee"
    """As MANAGE, for every owner."""
    ENTER = "enter"
    """Enter requests that came by telephone, letter or e-mail to one's own owner (R33)."""
    ENTER_FOR_ALL = "enter-for-all"
    """Enter them for every owner."""


PERMITS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.ADMIN: frozenset({Permission.SEE, Permission.INSTRUCT, Permission.MANAGE, Permission.ENTER}),
    Role.HANDLER: frozenset({Permission.SEE, Permission.INSTRUCT, Permission.ENTER}),
    Role.READER: frozenset({Permission.SEE}),
    Role.OPERATOR: frozenset({Permission.OPERATE, Permission.OVERSEE}),
    Role.PHONE_DESK: frozenset({Permission.ENTER, Permission.ENTER_FOR_ALL}),
    Role.PRIVACY: frozenset({Permission.SEE, Permission.INSTRUCT, Permission.ENTER, Permission.ENTER_FOR_ALL}),
}
"""The table."""

OF_THE_CUSTODIAN: Final = frozenset({Role.OPERATOR, Role.PHONE_DESK, Role.PRIVACY})

GRANTS: Final[Mapping[Permission, frozenset[Role]]] = {
    Permission.MANAGE: frozenset({Role.ADMIN, Role.HANDLER, Role.READER, Role.PRIVACY}),
    Permission.OVERSEE: frozenset(Role),
}
"""Which roles somebody who manages people may give, take away, or lay hands on."""

NEEDS_SECOND_STEP: Final = frozenset({Permission.MANAGE, Permission.OVERSEE})
"""Whoever may do one of these signs in with a second step."""


def permissions(account: Account, catalogue: Catalogue) -> frozenset[Permission]:
    """What the account may do, at its owner. Nothing, once it is deactivated or its owner is gone."""
    owner = catalogue.owners.get(account.owner)
    if owner is None or account.deactivated:
        return frozenset()
    return frozenset().union(*(PERMITS[role] for role in roles_at(owner) if role in account.roles))


def roles_at(owner: Owner) -> tuple[Role, ...]:
    """The roles that mean something at this owner."""
    return tuple(role for role in Role if owner.kind == CUSTODIAN or role not in OF_THE_CUSTODIAN)


def grantable(held: Set[Permission], owner: Owner) -> tuple[Role, ...]:
    """The roles that somebody with these permissions may give at this owner."""
    granted = frozenset[Role]().union(*(GRANTS[permission] for permission in held & GRANTS.keys()))
    return tuple(role for role in roles_at(owner) if role in granted)


def needs_second_step(account: Account, catalogue: Catalogue) -> bool:
    """True for an account that must sign in with a second step, and has none yet. Those of the demo may do without."""
    return account.totp is None and not account.demo and bool(NEEDS_SECOND_STEP & permissions(account, catalogue))


def enters_for(account: Account, catalogue: Catalogue) -> tuple[Owner, ...]:
    """The owners for whom the account may enter requests, in the order of their names."""
    held = permissions(account, catalogue)
    if Permission.ENTER_FOR_ALL in held:
        return tuple(sorted(catalogue.owners.values(), key=lambda owner: owner.name))
    return (catalogue.owners[account.owner],) if Permission.ENTER in held else ()
