"""``habeas catalogue``: what a file says about owners, products, logins and clients becomes entries in the log."""

import asyncio
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import yaml
from aiokafka.admin import AIOKafkaAdminClient
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from schemas.catalogue import SHELF, Account, Catalogue, Client, Entry, Owner, Product, Rule
from schemas.envelope import derived_id, first_place
from schemas.vocabulary import NEEDS_NO_PROOF, Assurance
from services.runtime.catalogue import Replica, append
from services.runtime.commands.clients import entry_of
from services.runtime.commands.topics import ensure_submissions
from services.runtime.database import engine
from services.runtime.person import login_key, normal_email
from services.runtime.settings import Settings, settings
from services.runtime.vault import Vault

E = TypeVar("E", Owner, Product, Client, Account)


def apply(file: Path, logins: str) -> None:
    """Appends what differs. Ends with a sentence that names the entry and the field when something is wrong."""
    here = settings()
    content = yaml.safe_load(file.read_text())
    demo = import_module(logins) if logins else None
    passwords = {login.email: login.password for login in demo.LOGINS} if demo else {}
    passwords |= demo.SECRETS if demo else {}
    count, clients = asyncio.run(_apply(here, content, passwords))
    print(f"{count} catalogue entries written, {clients} registered clients.")  # noqa: T201


def show() -> None:
    """Prints the catalogue as it stands."""
    catalogue = asyncio.run(Replica(settings().bootstrap).read_to_end())
    table = Table("owner", "name", "suites", "affiliates", "statutory / contract", box=None, pad_edge=False)
    for owner in catalogue.owners.values():
        days = f"{owner.statutory_days} / {owner.contract_days} days"
        affiliates = ", ".join(affiliate.name for affiliate in owner.affiliates)
        table.add_row(owner.slug, owner.name, ", ".join(owner.suites), affiliates, days)
    Console().print(table)
    Console().print(f"{len(catalogue.accounts)} logins, {len(catalogue.clients)} clients, version {catalogue.version}")


async def _apply(here: Settings, content: Any, passwords: dict[str, str]) -> tuple[int, int]:
    standing = await Replica(here.bootstrap).read_to_end()
    vault = Vault(engine(here.database_of("vault")), here.master_key.get_secret_value(), "catalogue")
    entries = list(_entries(content, here, standing, vault, passwords))
    count = await append(here.bootstrap, entries, "habeas")
    clients = [entry.id for entry in entries if isinstance(entry, Client)]
    admin = AIOKafkaAdminClient(bootstrap_servers=here.bootstrap)
    await admin.start()
    try:
        await ensure_submissions(admin, clients, here.partitions, min(3, len(admin._client.cluster.brokers())))
    finally:
        await admin.close()
    return count, len(clients)


def _entries(
    content: Any, here: Settings, standing: Catalogue, vault: Vault, passwords: dict[str, str]
) -> Iterator[Entry]:
    for number, raw in enumerate(content.get("owners", ())):
        yield _with_policy(_read(Owner, raw, f"owners.{number}"), raw, f"owners.{number}")
    for number, raw in enumerate(content.get("products", ())):
        port = raw.pop("port", None)
        if port is not None:
            raw["base_url"] = f"http://127.0.0.1:{here.port_base + port}"
        yield _read(Product, raw, f"products.{number}")
    for number, raw in enumerate(content.get("clients", ())):
        port = raw.pop("tickets_port", None)
        if port is not None:
            raw["tickets"]["api"] = f"http://127.0.0.1:{here.port_base + port}"
        yield _read(Client, entry_of(raw, standing, vault, passwords), f"clients.{number}")
    for number, raw in enumerate(content.get("accounts", ())):
        yield _account(raw, f"accounts.{number}", here, standing, vault, passwords)


def _with_policy(owner: Owner, raw: Any, place: str) -> Owner:
    """The owner, if each rule of its policy can do what it says: none may ask for proof of an opt-out, or let anything
    else go without (11 CCR 7060), and a misspelt word would make a rule mean more than it says.
    """
    for number, (rule, written) in enumerate(zip(owner.verification, raw.get("verification", ()), strict=True)):
        where = f"{place}.verification.{number}"
        if unknown := sorted(set(written) - set(Rule.model_fields)):
            sys.exit(f"{where}.{unknown[0]} is not a field of a rule.")
        if rule.right in NEEDS_NO_PROOF or rule.level is Assurance.NONE:
            sys.exit(f"{where}: an opt-out or a limit needs no proof, and everything else needs some.")
    return owner


def _account(
    raw: Any, place: str, here: Settings, standing: Catalogue, vault: Vault, passwords: dict[str, str]
) -> Account:
    """An account entry. One that people changed since is left as it is. What it holds already and still fits is kept:
    sealing or hashing anew would look like a change.
    """
    email, name = raw.pop("email"), raw.pop("name")
    login = login_key(here.person_secret.get_secret_value(), email)
    identity = derived_id("account", login)
    before = standing.accounts.get(identity)
    if before is not None and before.changed_by:
        return before
    digest = raw.pop("password_hash", None) or _hash(passwords.get(email), before)
    vault.prepare(f"{SHELF}{identity}", ("record",))
    sealed = {
        "name": _sealed(vault, identity, "name", name, before.name if before else None),
        "email": _sealed(vault, identity, "email", normal_email(email), before.email if before else None),
    }
    marked = {"demo": True} if email in passwords else {}
    return _read(Account, {**raw, **sealed, **marked, "id": identity, "login": login, "password_hash": digest}, place)


def _sealed(vault: Vault, identity: str, field: str, text: str, before: str | None) -> str:
    shelf = f"{SHELF}{identity}"
    if before is not None and vault.open(shelf, field, before, by="habeas", why="catalogue apply") == text:
        return before
    return vault.seal(shelf, "record", field, text)


def _hash(password: str | None, before: Account | None) -> str:
    """Without a password there is none yet: whoever reads the mailbox sets one, by "I forgot my password"."""
    if password is None:
        return before.password_hash if before is not None else ""
    if before is not None:
        try:
            PasswordHasher().verify(before.password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            pass
        else:
            return before.password_hash
    return PasswordHasher().hash(password)


def _read(model: type[E], raw: Any, place: str) -> E:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        sys.exit(f"{place}.{first_place(error)} is missing or wrong.")
