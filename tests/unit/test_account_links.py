"""Links for a password: ours, short-lived, and of one account as it was."""

import time

import pytest

from schemas.catalogue import Catalogue
from schemas.notifier import AccountLetterKind
from services.runtime.accounts.links import LASTS, Links
from tests.support import builders as made

LINKS = Links(b"s" * 32)
ACCOUNT = made.an_account(1, password_hash="")
CATALOGUE = Catalogue().with_entry(ACCOUNT)
INVITATION, RESET = AccountLetterKind.INVITATION, AccountLetterKind.RESET


@pytest.mark.parametrize("kind", list(AccountLetterKind))
def test_a_link_leads_to_its_account(kind: AccountLetterKind) -> None:
    assert LINKS.account(LINKS.make(kind, ACCOUNT), CATALOGUE) == ACCOUNT


@pytest.mark.parametrize(
    "change",
    [{"password_hash": "set"}, {"generation": 1}, {"deactivated": True}],
    ids=["a password was set", "something ended it", "deactivated"],
)
def test_it_dies_with_the_account_as_it_was(change: dict[str, object]) -> None:
    token = LINKS.make(RESET, ACCOUNT)
    assert LINKS.account(token, CATALOGUE.with_entry(made.changed(ACCOUNT, **change))) is None


def test_it_outlives_what_does_not_matter() -> None:
    token = LINKS.make(RESET, ACCOUNT)
    promoted = made.changed(ACCOUNT, roles=("admin",))
    assert LINKS.account(token, CATALOGUE.with_entry(promoted)) == promoted


@pytest.mark.parametrize("kind", list(AccountLetterKind))
def test_its_time_is_over_at_last(kind: AccountLetterKind, monkeypatch: pytest.MonkeyPatch) -> None:
    now, lasts = time.time(), LASTS[kind].total_seconds()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now - lasts + 60)
    young = LINKS.make(kind, ACCOUNT)
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now - lasts - 60)
    old = LINKS.make(kind, ACCOUNT)
    monkeypatch.undo()
    assert LINKS.account(young, CATALOGUE) == ACCOUNT
    assert LINKS.account(old, CATALOGUE) is None


def test_a_forgery_leads_nowhere() -> None:
    token = LINKS.make(RESET, ACCOUNT)
    for forged in ("", "x", token[:-2], "A" + token, Links(b"x" * 32).make(RESET, ACCOUNT), token + "\ud800"):
        assert LINKS.account(forged, CATALOGUE) is None
    assert LINKS.account(token, Catalogue()) is None
    assert INVITATION in LASTS
