"""Who there is in the portal's world: owners, their products, and the people who sign in."""

from functools import cache
from typing import Any

from argon2 import PasswordHasher

from schemas.catalogue import Account, Affiliate, Catalogue, Owner, PrivacyContact, Product
from services.runtime.person import login_key
from services.runtime.vault import Vault

SECRET = b"p" * 32
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def products() -> list[Product]:
    """Four products; CivicReady rests on somebody else."""
    return [
        Product(slug="civicengage", name="CivicEngage", base_url="http://x"),
        Product(slug="civicrec", name="CivicRec", base_url="http://x"),
        Product(slug="seeclickfix", name="SeeClickFix", base_url="http://x"),
        Product(
            slug="civicready", name="CivicReady", base_url="http://x", third_party_backed=True, vendor="Clarion Alerts"
        ),
    ]


def owner(slug: str, name: str, suites: tuple[str, ...], kind: str = "city", **more: Any) -> Owner:
    """An owner on Pacific time."""
    contact = PrivacyContact(email=f"privacy@{slug}.example", phone="+1 530 555 0101")
    return Owner(
        slug=slug, name=name, kind=kind, zone="America/Los_Angeles", regime="ccpa", locale="en",
        privacy_contact=contact, suites=suites, **more,
    )  # fmt: skip


def catalogue(vault: Vault) -> Catalogue:
    """Two owners and the custodian, each with people of most roles. Their password is their account's id."""
    dunmore = owner(
        "dunmore", "Dunmore County", ("civicengage", "civicrec", "civicready"), "county",
        affiliates=(
            Affiliate(slug="dunmore-parks", name="Dunmore Parks and Recreation"),
            Affiliate(slug="dunmore-library", name="Dunmore Public Library"),
        ),
    )  # fmt: skip
    made = Catalogue()
    entries: list[Any] = [
        *products(),
        owner("alder", "City of Alder Falls", ("civicengage", "civicrec", "seeclickfix")),
        dunmore,
        owner("custodian", "Habeas Civic Software", ("civicengage",), "custodian"),
        *(_account(vault, "alder", role) for role in ("handler", "admin", "reader", "privacy")),
        *(_account(vault, "dunmore", role) for role in ("handler", "admin", "reader")),
        *(_account(vault, "custodian", role) for role in ("privacy", "operator")),
    ]
    for entry in entries:
        made = made.with_entry(entry)
    return made


def _account(vault: Vault, owner_slug: str, role: str) -> Account:
    id_ = f"{owner_slug}-{role}"
    vault.prepare(f"account:{id_}", ("record",))
    name = vault.seal(f"account:{id_}", "record", "name", f"{role.title()} of {owner_slug.title()}")
    email = f"{role}@{owner_slug}.example"
    return Account(
        id=id_, login=login_key(SECRET, email), owner=owner_slug, roles=(role,), name=name,
        email=vault.seal(f"account:{id_}", "record", "email", email), password_hash=_hash(id_), demo=True,
    )  # fmt: skip


@cache
def _hash(password: str) -> str:
    return QUICK.hash(password)
