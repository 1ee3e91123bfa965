"""Writes a letter to somebody with an account: an invitation, or a link for a new password."""

from schemas.catalogue import Owner
from schemas.notifier import AccountLetter, AccountLetterKind
from services.notifier.letters import Written, greeting, in_words, language, plain
from services.runtime.web import moments


def write(letter: AccountLetter, owner: Owner, *, link: str, name: str) -> Written:
    """The letter. Pure. Only an invitation greets by name: the other one can be caused by anybody."""
    spoken = language(owner.locale)
    return in_words(
        f"account_{letter.kind}",
        {
            "owner": plain(owner.name),
            "contact": {"email": plain(owner.privacy_contact.email), "phone": plain(owner.privacy_contact.phone)},
            "link": link,
            "name": greeting(name) if letter.kind is AccountLetterKind.INVITATION else "",
            "expires": moments.in_words(letter.expires_at, owner.zone, spoken),
            "door": letter.door,
        },
        spoken,
    )
