"""How a door receives a submission: once per key, sealed, acknowledged by the broker."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from schemas.envelope import derived_id
from schemas.request import short_number
from services.intake import views
from services.intake.arrival import Arrival, Part, halves
from services.intake.sealing import sealed_command
from services.intake.submission import Submission
from services.runtime.floor import Floor
from services.runtime.person import content_digest, person_key, phone_key
from services.runtime.vault import Forgotten


@dataclass(frozen=True, slots=True)
class Receipt:
    """What whoever asked is told at once (R44). ``other`` is the half that goes ahead without proof, if there is one
    beside this.
    """

    request_id: str
    number: str
    received_at: datetime
    other: "Receipt | None" = None


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


async def receive(floor: Floor, submission: Submission, arrival: Arrival) -> Receipt:
    """Receives ``submission`` once, however often it is sent under the same key, and returns when the broker has it.

    What needs no proof goes ahead at once: asked for together with what does, it becomes a request of its own, linked
    to the other. Raises :class:`UnknownOwner`, :class:`KeyReused`, and BusUnavailable: then the same submission may be
    sent again under the same key.
    """
    if submission.owner not in floor.catalogue().owners:
        raise UnknownOwner
    main, *other = halves(submission, arrival)
    beside = await _receive(floor, submission, arrival, other[0]) if other else None
    first = await _receive(floor, submission, arrival, main)
    return Receipt(first.request_id, first.number, first.received_at, beside)


async def _receive(floor: Floor, submission: Submission, arrival: Arrival, part: Part) -> Receipt:
    digest = digest_of(floor, submission)
    earlier = await asyncio.to_thread(_enter, floor, part.request_id, digest)
    if earlier is not None:
        return earlier
    person = person_of(floor, submission)
    try:
        command = await asyncio.to_thread(sealed_command, floor, submission, arrival, part, person, digest)
    except Forgotten:
        raise KeyReused from None
    await floor.bus.send(
        command,
        to="intake",
        subject=part.request_id,
        owner=submission.owner,
        person_key=person,
        id=submit_id(part.request_id),
        correlation=part.request_id,
    )
    return Receipt(part.request_id, short_number(part.request_id), arrival.at)


def submit_id(request_id: str) -> str:
    """The id of the command that submits a request; the event that answers it names it as its cause."""
    return derived_id("submit", request_id)


def person_of(floor: Floor, submission: Submission) -> str:
    """Who the person is to the owner: by their e-mail address, or by their telephone if they have none."""
    secret = floor.settings.person_secret.get_secret_value()
    if submission.email is not None:
        return person_key(secret, submission.owner, submission.email)
    assert submission.phone is not None, "a submission has an address or a telephone number"
    return phone_key(secret, submission.owner, submission.phone)


def digest_of(floor: Floor, submission: Submission) -> str:
    """A keyed hash of the content. Entries left at their default do not count, so a new one changes no old digest."""
    secret = floor.settings.person_secret.get_secret_value()
    return content_digest(secret, submission.model_dump_json(exclude_defaults=True))


def _enter(floor: Floor, request_id: str, digest: str) -> Receipt | None:
    """Enters the key into the door's ledger; the receipt, if the request is in the log already. Raises KeyReused."""
    ledger = views.database(floor.settings.database_of("intake"))
    if views.enter_key(ledger, request_id, digest) != digest:
        raise KeyReused
    received = views.find(ledger, request_id)
    return Receipt(request_id, received.number, received.received_at) if received else None
