"""Letters to accounts: decided once, tried again while their link lives, and saying what they must."""

from datetime import datetime, timedelta
from html import unescape

import pytest
from pydantic import TypeAdapter

from schemas.catalogue import Catalogue
from schemas.cause import Cause
from schemas.notifier import (
    AccountLetter,
    AccountLetterKind,
    AccountLetterOrdered,
    LetterAccepted,
    LetterDeferred,
    LetterRefused,
    LetterSent,
    LetterUndeliverable,
    SendAccountLetter,
)
from services.notifier.account_letters import write
from services.notifier.domain import Correspondence, SendToAccount, decide, due, evolve
from tests.support import builders as made

OWNER = made.an_owner()
LINK = "http://127.0.0.1:8002/portal/welcome/abc.def"


def letter(kind: AccountLetterKind = AccountLetterKind.RESET, door: str = "portal") -> AccountLetter:
    return AccountLetter(
        id="l-1", kind=kind, account="a-1", owner=OWNER.slug, door=door, email=made.sealed_text("record", "email", 1),
        name=made.sealed_text("record", "name", 1), token=made.sealed_text("verification", "token", 1),
        expires_at=made.NOW + timedelta(hours=1),
    )  # fmt: skip


def cause(body: object, at: datetime = made.NOW) -> Cause:
    return Cause("c-1", at, "account:a-1", OWNER.slug, body, Catalogue())  # type: ignore[arg-type]


ORDERED = AccountLetterOrdered(letter=letter())
OWED = evolve(Correspondence(), ORDERED)


def test_it_is_ordered_once() -> None:
    asked = cause(SendAccountLetter(letter=letter()))
    assert decide(Correspondence(), asked) == ORDERED
    assert decide(OWED, asked) is None


def test_it_is_owed_until_a_mail_server_took_it() -> None:
    assert list(due(OWED)) == [SendToAccount(id="l-1:1", letter=letter(), attempt=1)]
    sent = decide(OWED, cause(LetterAccepted(effect_id="l-1:1", letter_id="l-1", attempt=1)))
    assert sent == LetterSent(letter_id="l-1", attempt=1)
    assert list(due(evolve(OWED, sent))) == []


def refused(permanent: bool = False, attempt: int = 1) -> LetterRefused:
    return LetterRefused(
        effect_id=f"l-1:{attempt}", letter_id="l-1", attempt=attempt, reason="smtp-451", permanent=permanent
    )


def test_it_is_tried_again_while_its_link_lives() -> None:
    later = decide(OWED, cause(refused()))
    assert isinstance(later, LetterDeferred)
    (again,) = due(evolve(OWED, later))
    assert (again.id, again.not_before) == ("l-1:2", later.retry_at)
    too_late = made.NOW + timedelta(minutes=59, seconds=59)
    assert isinstance(decide(OWED, cause(refused(), too_late)), LetterUndeliverable)
    assert isinstance(decide(OWED, cause(refused(permanent=True))), LetterUndeliverable)


def test_its_state_survives_the_cache() -> None:
    kept = TypeAdapter(Correspondence)
    assert kept.validate_json(kept.dump_json(OWED)) == OWED


def words(of: str) -> str:
    return " ".join(of.split())


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("kind", list(AccountLetterKind))
@pytest.mark.parametrize("door", ["portal", "console"])
def test_it_has_its_link_and_how_long_it_works_and_whom_to_ask(kind: AccountLetterKind, door: str) -> None:
    it = write(letter(kind, door), OWNER, link=LINK, name="Nora Newcome")
    for form in (words(it.text), words(unescape(it.html))):
        assert LINK in form
        assert "and once" in form
        assert OWNER.privacy_contact.email in form
    for forbidden in ("<script", "<img", "src=", "<form"):
        assert forbidden not in it.html
    assert "\n" not in it.subject


def test_only_an_invitation_greets_by_name() -> None:
    reset = write(letter(AccountLetterKind.RESET), OWNER, link=LINK, name="Nora Newcome")
    invitation = write(letter(AccountLetterKind.INVITATION), OWNER, link=LINK, name="Nora Newcome")
    assert "Nora" not in reset.text + reset.html
    assert "Hello Nora Newcome," in invitation.text


@pytest.mark.parametrize("name", ["<b>Nora</b>", "{{ 7 * 7 }}", "Claim at http://evil.example/prize"])
def test_a_name_that_is_none_is_not_repeated(name: str) -> None:
    it = write(letter(AccountLetterKind.INVITATION), OWNER, link=LINK, name=name)
    assert "Hello," in it.text
    assert "49" not in it.text.replace(LINK, "")
