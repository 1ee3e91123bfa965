"""What may be submitted at any door, and how a door receives it: once per key, sealed, acknowledged by the broker."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from schemas.base import Form, Slug
from schemas.envelope import derived_id
from schemas.intake import Challenge, SubmitRequest
from schemas.request import Contact, Correction, Order, Request, short_number
from schemas.vocabulary import Channel, Right
from services.intake import views
from services.intake.fields import Email, Line, Name, Phone, Rights
from services.runtime.floor import Floor
from services.runtime.person import content_digest, person_key
from services.runtime.vault import Forgotten
from services.runtime.web.wording import wrong


class CorrectionEntry(Form):
    """One value that is wrong: which, and what it should say."""

    field: Line
    value: Line


class Submission(Form):
    """What a person, or a system on their behalf, asks of an owner. Its repr shows nothing of it."""

    owner: Slug
    rights: Rights
    name: Name
    email: Email
    phone: Phone | None = None
    corrections: tuple[CorrectionEntry, ...] = Field(default=(), max_length=20, validate_default=True)
    locale: Literal["en"] = "en"

    @field_validator("corrections")
    @classmethod
    def _with_the_right_to_correct(
        cls, corrections: tuple[CorrectionEntry, ...], info: ValidationInfo
    ) -> tuple[CorrectionEntry, ...]:
        rights = info.data.get("rights")
        if rights is not None and Right.CORRECT in rights and not corrections:
            raise wrong("must say what is wrong and what it should say")
        if rights is not None and Right.CORRECT not in rights and corrections:
            raise wrong("can only be given together with the right to correct")
        return corrections

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What whoever asked is told at once (R44)."""

    request_id: str
    number: str
    received_at: datetime


class Refused(Exception):  # noqa: N818 — it names what became of the submission
    """The submission is well-formed, and still is not received. ``place`` names the field, never its value."""

    code: ClassVar[str]
    place: ClassVar[str]


class UnknownOwner(Refused):
    """No owner of that name is in the catalogue."""

    code, place = "unknown-owner", "owner"


class KeyReused(Refused):
    """The key already stands for other content, or for a request that was forgotten; the first stands."""

    code, place = "idempotency-key-reused", "key"


async def receive(
    floor: Floor, submission: Submission, *, channel: Channel, client: str, key: str, now: datetime
) -> Receipt:
    """Receives ``submission`` once, however often it is sent under the same key, and returns when the broker has it.

    ``client`` is the door, or the registered client. Raises :class:`UnknownOwner`, :class:`KeyReused`, and
    BusUnavailable: then the same submission may be sent again under the same key.
    """
    if submission.owner not in floor.catalogue().owners:
        raise UnknownOwner
    request_id = derived_id("request", client, key)
    digest = digest_of(floor, submission)
    earlier = await asyncio.to_thread(_enter, floor, request_id, digest)
    if earlier is not None:
        return earlier
    secret = floor.settings.person_secret.get_secret_value()
    person = person_key(secret, submission.owner, submission.email)
    try:
        command = await asyncio.to_thread(
            _command, floor, submission, request_id, digest, channel=channel, client=client, person=person, now=now
        )
    except Forgotten:
        raise KeyReused from None
    await floor.bus.send(
        command,
        to="intake",
        subject=request_id,
        owner=submission.owner,
        person_key=person,
        id=submit_id(request_id),
        correlation=request_id,
    )
    return Receipt(request_id, short_number(request_id), now)


def submit_id(request_id: str) -> str:
    """The id of the command that submits a request; the event that answers it names it as its cause."""
    return derived_id("submit", request_id)


def digest_of(floor: Floor, submission: Submission) -> str:
    """A keyed hash of the content. Entries left at their default do not count, so a new one changes no old digest."""
    secret = floor.settings.person_secret.get_secret_value()
    return content_digest(secret, submission.model_dump_json(exclude_defaults=True))


def orders_of(request_id: str, rights: Iterable[Right]) -> tuple[Order, ...]:
    """One order per right, each after the one before it (R08)."""
    orders: list[Order] = []
    for right in rights:
        after = orders[-1].id if orders else None
        orders.append(Order(id=derived_id("order", request_id, right), right=right, after=after))
    return tuple(orders)


def _enter(floor: Floor, request_id: str, digest: str) -> Receipt | None:
    """Enters the key into the door's ledger; the receipt, if the request is in the log already. Raises KeyReused."""
    ledger = views.database(floor.settings.database_of("intake"))
    if views.enter_key(ledger, request_id, digest) != digest:
        raise KeyReused
    received = views.find(ledger, request_id)
    return Receipt(request_id, received.number, received.received_at) if received else None


def _command(
    floor: Floor,
    submission: Submission,
    request_id: str,
    digest: str,
    *,
    channel: Channel,
    client: str,
    person: str,
    now: datetime,
) -> SubmitRequest:
    """The command, with everything personal sealed. Raises Forgotten if the request's keys were destroyed."""
    floor.vault.prepare(request_id)
    token = secrets.token_urlsafe(24)
    contact = Contact(name=submission.name, email=submission.email, phone=submission.phone)
    changes = tuple(Correction(field=entry.field, value=entry.value) for entry in submission.corrections)
    seal = floor.vault.seal_model
    request = Request(
        id=request_id,
        owner=submission.owner,
        client=client,
        channel=channel,
        received_at=now,
        person=person,
        orders=orders_of(request_id, submission.rights),
        contact=seal(request_id, "fulfilment", "contact", contact),
        corrections=seal(request_id, "fulfilment", "corrections", changes) if changes else None,
        locale=submission.locale,
    )
    challenge = Challenge(
        digest=sha256(token.encode()).hexdigest(), token=floor.vault.seal(request_id, "verification", "token", token)
    )
    return SubmitRequest(request=request, digest=digest, challenge=challenge)
