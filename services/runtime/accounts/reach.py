"""Whose accounts somebody may see and lay hands on: those of their own owner, or, for operators, everybody's."""

from schemas.catalogue import Account, Catalogue, Owner
from schemas.roles import Permission, grantable, permissions, roles_at


def owners(by: Account, catalogue: Catalogue) -> tuple[Owner, ...]:
    """The owners whose people ``by`` manages, in the order of their names."""
    held = permissions(by, catalogue)
    if Permission.OVERSEE in held:
        return tuple(sorted(catalogue.owners.values(), key=lambda owner: owner.name))
    own = catalogue.owners.get(by.owner)
    return (own,) if own is not None and Permission.MANAGE in held else ()


def reaches(by: Account, account: Account, catalogue: Catalogue) -> bool:
    """True if ``by`` manages ``account``: it has no role that ``by`` could not give."""
    owner = catalogue.owners.get(account.owner)
    if owner is None or owner not in owners(by, catalogue):
        return False
    held = {role for role in roles_at(owner) if role in account.roles}
    return held <= set(grantable(permissions(by, catalogue), owner))


def people(by: Account, catalogue: Catalogue) -> tuple[Account, ...]:
    """Every account within reach."""
    return tuple(account for account in catalogue.accounts.values() if reaches(by, account, catalogue))


def person(by: Account, account_id: str, catalogue: Catalogue) -> Account | None:
    """One account within reach. Any other is as unknown as one that never was."""
    account = catalogue.accounts.get(account_id)
    return account if account is not None and reaches(by, account, catalogue) else None
