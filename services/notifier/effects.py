"""What the notifier does to the world: it hands one letter to the mail server."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from urllib.parse import quote

from schemas.catalogue import SHELF
from schemas.notifier import Audience, LetterAccepted, LetterKind, LetterRefused
from schemas.request import Contact
from services.notifier import account_letters, letters, mail
from services.notifier.domain import SendLetter, SendToAccount
from services.notifier.mail import MailRefused
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten, Tampered

BY = "notifier"
DOORS = {"portal": "router", "console": "console", "desk": "intake"}
"""The pages that a link for an account leads to → the service that has them."""


async def send_letter(effect: SendLetter, floor: Floor) -> LetterAccepted | LetterRefused:
    """Writes the letter, sends it, and tells whether a mail server took it. No address and no name in the result."""
    return await _told(effect, _send(effect, floor))


async def send_to_account(effect: SendToAccount, floor: Floor) -> LetterAccepted | LetterRefused:
    """The same, for a letter to somebody with an account."""
    return await _told(effect, _send_to_account(effect, floor))


async def _told(effect: SendLetter | SendToAccount, sending: Awaitable[None]) -> LetterAccepted | LetterRefused:
    letter_id, attempt = effect.letter.id, effect.attempt
    try:
        await sending
    except MailRefused as refused:
        reason, permanent = refused.reason, refused.permanent
    except Forgotten:
        reason, permanent = "forgotten", True
    except Tampered:
        reason, permanent = "tampered", True
    else:
        return LetterAccepted(effect_id=effect.id, letter_id=letter_id, attempt=attempt)
    return LetterRefused(effect_id=effect.id, letter_id=letter_id, attempt=attempt, reason=reason, permanent=permanent)


async def _send(effect: SendLetter, floor: Floor) -> None:
    letter, request, catalogue = effect.letter, effect.request, floor.catalogue()
    owner = catalogue.owners[request.owner]
    for_person = letter.audience is Audience.PERSON
    contact = await _contact(effect, floor) if for_person else None
    facts = letters.Facts(
        owner=owner,
        products=catalogue.products,
        link=await _link(effect, floor),
        name=contact.name if contact else "",
    )
    message = mail.compose(
        letters.write(letter, request, facts),
        sender=floor.settings.mail_from,
        sender_name=f"{owner.name} via Habeas" if for_person else "Habeas",
        to=contact.email if contact else owner.privacy_contact.email,
        reply_to=owner.privacy_contact.email,
        message_id=f"<{letter.id}@habeas.example>",
        date=datetime.now(UTC),
    )
    await mail.send(floor.settings, message)


async def _send_to_account(effect: SendToAccount, floor: Floor) -> None:
    letter, shelf = effect.letter, f"{SHELF}{effect.letter.account}"
    owner = floor.catalogue().owners[letter.owner]

    def opened(field: str, sealed: str) -> str:
        return floor.vault.open(shelf, field, sealed, by=BY, why=f"letter {letter.kind}")

    token = await asyncio.to_thread(opened, f"token:{letter.id}", letter.token)
    link = f"{floor.settings.url_of(DOORS[letter.door])}/{letter.door}/welcome/{quote(token, safe='')}"
    message = mail.compose(
        account_letters.write(letter, owner, link=link, name=await asyncio.to_thread(opened, "name", letter.name)),
        sender=floor.settings.mail_from,
        sender_name="Habeas",
        to=await asyncio.to_thread(opened, "email", letter.email),
        reply_to=owner.privacy_contact.email,
        message_id=f"<{letter.id}@habeas.example>",
        date=datetime.now(UTC),
    )
    await mail.send(floor.settings, message)


async def _contact(effect: SendLetter, floor: Floor) -> Contact:
    request = effect.request
    return await asyncio.to_thread(
        floor.vault.open_model, request.id, "contact", request.contact, Contact, by=BY, why=_why(effect)
    )


async def _link(effect: SendLetter, floor: Floor) -> str:
    """Where the letter's one action leads: to the proof for the person, to the request for the owner."""
    letter, request = effect.letter, effect.request
    if letter.audience is Audience.OWNER:
        return f"{floor.settings.url_of('router')}/portal/requests/{request.id}"
    if letter.kind is not LetterKind.VERIFICATION or letter.challenge is None:
        return ""
    token = await asyncio.to_thread(
        floor.vault.open, request.id, "token", letter.challenge.token, by=BY, why=_why(effect)
    )
    return f"{floor.settings.url_of('verifier')}/verify/{request.id}/{quote(token, safe='')}"


def _why(effect: SendLetter) -> str:
    return f"letter {effect.letter.kind}"
