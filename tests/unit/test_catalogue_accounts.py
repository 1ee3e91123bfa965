"""Accounts of the catalogue's file: sealed, marked where their password is public, and never taken back to the file."""

from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from pydantic import SecretBytes

from schemas.catalogue import Account, Catalogue
from services.runtime.commands import catalogue as command
from services.runtime.database import engine
from services.runtime.settings import Settings
from services.runtime.vault import Vault
from tests.support.portal_people import QUICK

EMAIL = "Ines@alder.example"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PasswordHasher", lambda: QUICK)
    assert PasswordHasher


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(engine(f"sqlite:///{tmp_path}/vault.db"), b"m" * 32, "catalogue")


def applied(vault: Vault, before: Account | None = None, passwords: dict[str, str] | None = None) -> Account:
    raw: dict[str, Any] = {"email": EMAIL, "name": "Ines Corwell", "owner": "alder", "roles": ["admin"]}
    here = Settings.model_construct(person_secret=SecretBytes(b"p" * 32))
    standing = Catalogue().with_entry(before) if before else Catalogue()
    (account,) = command._entries({"accounts": [raw]}, here, standing, vault, passwords or {})
    assert isinstance(account, Account)
    return account


def test_a_public_password_marks_the_demo(vault: Vault) -> None:
    account = applied(vault, passwords={EMAIL: "alder-admin"})
    assert account.demo
    assert QUICK.verify(account.password_hash, "alder-admin")
    assert account.email is not None
    assert vault.open(account.shelf, "email", account.email, by="test", why="test") == "ines@alder.example"
    assert "Ines" not in account.model_dump_json()


def test_without_a_password_nobody_can_sign_in_until_one_is_set(vault: Vault) -> None:
    account = applied(vault)
    assert (account.password_hash, account.demo) == ("", False)


def test_applying_twice_writes_nothing_new(vault: Vault) -> None:
    first = applied(vault, passwords={EMAIL: "alder-admin"})
    assert applied(vault, first, {EMAIL: "alder-admin"}) == first


def test_what_people_changed_is_not_undone_at_the_next_start(vault: Vault) -> None:
    first = applied(vault, passwords={EMAIL: "alder-admin"})
    changed = first.model_copy(update={"deactivated": True, "roles": ("reader",), "changed_by": "somebody"})
    assert applied(vault, changed, {EMAIL: "alder-admin"}) == changed


def test_an_entry_of_an_older_release_gets_its_address(vault: Vault) -> None:
    first = applied(vault, passwords={EMAIL: "alder-admin"})
    older = first.model_copy(update={"email": None, "demo": False})
    after = applied(vault, older, {EMAIL: "alder-admin"})
    assert (after.name, after.password_hash, after.demo) == (older.name, older.password_hash, True)
    assert after.email is not None
