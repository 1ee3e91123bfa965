"""What the notifier does to the world: it hands one letter to the mail server, or to the gateway for text messages."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from urllib.parse import quote

from schemas.catalogue import SHELF
from schemas.notifier import Audience, LetterAccepted, LetterKind, LetterRefused
from services.notifier import account_letters, letters, mail, texting
from services.notifier.allowance import COUNTED, allowance
from services.notifier.domain import SendLetter, SendToAccount
from services.notifier.opening import Opened, Opening
from services.notifier.refusal import Refused
from services.runtime.floor import Floor
from services.runtime.person import content_digest
from services.runtime.vault import Forgotten, Tampered

BY = "notifier"
DOORS = {"portal": "router", "console": "console", "desk": "intake"}
"""The pages that a link for an account leads to → the service that has them."""


async def send_letter(effect: SendLetter, floor: Floor) -> LetterAccepted | LetterRefused:
    """Writes the letter, sends it, and tells whether anybody took it. No address, number or name in the result."""
    send = _text if effect.letter.kind is LetterKind.CODE else _mail
    return await _told(effect, send(effect, floor))


async def send_to_account(effect: SendToAccount, floor: Floor) -> LetterAccepted | LetterRefused:
    """The same, for a letter to somebody with an account."""
    return await _told(effect, _send_to_account(effect, floor))


async def _told(effect: SendLetter | SendToAccount, sending: Awaitable[None]) -> LetterAccepted | LetterRefused:
    letter_id, attempt = effect.letter.id, effect.attempt
    try:
        await sending
    except Refused as error:
        refused = error
    except Forgotten:
        refused = Refused("forgotten", permanent=True)
    except Tampered:
        refused = Refused("tampered", permanent=True)
    else:
        return LetterAccepted(effect_id=effect.id, letter_id=letter_id, attempt=attempt)
    return LetterRefused(
        effect_id=effect.id,
        letter_id=letter_id,
        attempt=attempt,
        reason=refused.reason,
        permanent=refused.permanent,
        retry_at=refused.retry_at,
    )


async def _mail(effect: SendLetter, floor: Floor) -> None:
    letter, request = effect.letter, effect.request
    opened = await _opened(effect, floor)
    if not opened.to.email:
        raise mail.MailRefused("no-email", permanent=True)
    await _within_allowance(effect, floor, opened.to.email, floor.settings.letters_per_address)
    owner = opened.facts.owner
    message = mail.compose(
        letters.write(letter, request, opened.facts),
        sender=floor.settings.mail_from,
        sender_name="Habeas" if letter.audience is Audience.OWNER else f"{owner.name} via Habeas",
        to=opened.to.email,
        reply_to=owner.privacy_contact.email,
        message_id=f"<{letter.id}@habeas.example>",
        date=datetime.now(UTC),
    )
    await mail.send(floor.settings, message)


async def _text(effect: SendLetter, floor: Floor) -> None:
    gateway = texting.gateway(floor.settings, floor.http)
    opened = await _opened(effect, floor)
    if not opened.to.phone:
        raise texting.TextRefused("no-phone", permanent=True)
    await _within_allowance(effect, floor, opened.to.phone, floor.settings.texts_per_number)
    written = letters.write(effect.letter, effect.request, opened.facts)
    await gateway.send(opened.to.phone, written.text.strip(), key=effect.letter.id)


async def _opened(effect: SendLetter, floor: Floor) -> Opened:
    return await asyncio.to_thread(Opening(floor, effect.request, effect.letter, BY).opened)


async def _within_allowance(effect: SendLetter, floor: Floor, address: str, at_most: int) -> None:
    """Counts the letter against what its address may get. Raises TooMany."""
    if effect.letter.kind not in COUNTED:
        return
    settings = floor.settings
    counted = allowance(settings.database_of("notifier"), at_most)
    digest = content_digest(settings.person_secret.get_secret_value(), "letters to", address.strip().casefold())
    await asyncio.to_thread(counted.take, effect.letter.id, digest, datetime.now(UTC))


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
