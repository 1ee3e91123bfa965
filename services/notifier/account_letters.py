"""Writes a letter to somebody with an account: an invitation, or a link for a new password."""

from typing import Final

from schemas.catalogue import Owner
from schemas.notifier import AccountLetter, AccountLetterKind
from services.notifier.letters import Written, greeting, in_words, language, plain
from services.runtime.web import moments

PURPOSES: Final = {
    "console": "work in its operations console",
    "desk": "enter privacy requests for people who call or write",
}


def write(letter: AccountLetter, owner: Owner, *, link: str, name: str) -> Written:
    """The letter. Pure. Only an invitation greets by name: the other one can be caused by anybody."""
    return in_words(
        f"{language(owner.locale)}/account_{letter.kind}.j2",
        {
            "owner": plain(owner.name),
            "contact": {"email": plain(owner.privacy_contact.email), "phone": plain(owner.privacy_contact.phone)},
            "link": link,
            "name": greeting(name) if letter.kind is AccountLetterKind.INVITATION else "",
            "expires": moments.in_words(letter.expires_at, owner.zone),
            "purpose": PURPOSES.get(letter.door, "work on its privacy requests"),
        },
    )
