"""How a door receives a submission: once per key, sealed, acknowledged by the broker."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import ClassVar, Final

from sqlalchemy import Engine

from schemas.envelope import derived_id
from schemas.intake import SubmitRequest
from schemas.request import short_number
from services.intake import permission, views
from services.intake.arrival import Arrival, Part, halves
from services.intake.files import Unfit
from services.intake.sealing import sealed_command
from services.intake.submission import AgentEntry, Submission
from services.runtime.floor import Floor
from services.runtime.person import content_digest, key_of_written, phone_key
from services.runtime.together import Together
from services.runtime.vault import Forgotten

PACE: Final = 0.02
"""Seconds between two commits for those who knock. Behind the door, too, what comes together is cheaper: one request to
the broker, one answer of the stream's consumer, one transaction of the read model for many.
"""


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
    """The submission is well-formed, and still is not received. ``place`` names the field, never its value; ``title``
    and ``message`` say why.
    """

    code: ClassVar[str]
    place: ClassVar[str]
    title: ClassVar[str]
    message: ClassVar[str]


class UnknownOwner(Refused):
    """No owner of that name is in the catalogue."""

    code, place = "unknown-owner", "owner"
    title, message = "We do not know this owner", "is not an owner we know"


class WithoutPermission(Refused):
    """Somebody acts for another, and shows neither a signed permission nor a power of attorney (11 CCR 7063)."""

    code, place = "agent-without-permission", "agent.document"
    title, message = "An agent shows what they rest on", "must be the signed permission, or the power of attorney"


class UnfitDocument(Refused):
    """What an agent shows is no file we take, or was found to be harmful."""

    code, place = "unfit-document", "agent.document"
    title, message = "We cannot take this document", "must be a PDF, PNG, JPEG or plain text file without harm in it"


class KeyReused(Refused):
    """The key already stands for other content, or for a request that was forgotten; the first stands."""

    code, place = "idempotency-key-reused", "key"
    title, message = "This Idempotency-Key already stands for another request", "stands for another request"


@dataclass(frozen=True, slots=True)
class Knock:
    """A request that somebody wants to be received."""

    floor: Floor
    submission: Submission
    arrival: Arrival
    part: Part
    person: str
    digest: str


async def receive(floor: Floor, submission: Submission, arrival: Arrival) -> Receipt:
    """Receives ``submission`` once, however often it is sent under the same key, and returns when the broker has it.

    What needs no proof goes ahead at once: asked for together with what does, it becomes a request of its own, linked
    to the other. Raises :class:`UnknownOwner`, :class:`WithoutPermission`, :class:`UnfitDocument`, :class:`KeyReused`,
    and BusUnavailable: then the same submission may be sent again under the same key.
    """
    if submission.owner not in floor.catalogue().owners:
        raise UnknownOwner
    if submission.agent is not None:
        arrival = await _shown(floor, submission.agent, arrival)
    main, *other = halves(submission, arrival)
    digest, person = digest_of(floor, submission), person_of(floor, submission)
    beside = [await _receive(Knock(floor, submission, arrival, part, person, digest)) for part in other]
    first = await _receive(Knock(floor, submission, arrival, main, person, digest))
    return Receipt(first.request_id, first.number, first.received_at, beside[0] if beside else None)


async def _shown(floor: Floor, agent: AgentEntry, arrival: Arrival) -> Arrival:
    """The arrival of an agent, who shows a document (11 CCR 7063(a), (b))."""
    try:
        arrival = await permission.shown(floor, agent, arrival)
    except Unfit:
        raise UnfitDocument from None
    except Forgotten:
        raise KeyReused from None
    if not arrival.attachments:
        raise WithoutPermission
    return arrival


async def _receive(knock: Knock) -> Receipt:
    taken = await taking_in(views.database(knock.floor.settings.database_of("intake")))(knock)
    if isinstance(taken, SubmitRequest):
        await knock.floor.bus.send(
            taken,
            to="intake",
            subject=taken.request.id,
            owner=taken.request.owner,
            person_key=knock.person,
            id=submit_id(taken.request.id),
            correlation=taken.request.id,
        )
        return Receipt(taken.request.id, taken.request.number, taken.request.received_at)
    return taken


def submit_id(request_id: str) -> str:
    """The id of the command that submits a request; the event that answers it names it as its cause."""
    return derived_id("submit", request_id)


def person_of(floor: Floor, submission: Submission) -> str:
    """Who the person is to the owner: by their e-mail address, or by their telephone if they have none."""
    secret = floor.settings.person_secret.get_secret_value()
    if submission.email is not None:
        return key_of_written(secret, submission.owner, submission.email)
    assert submission.phone is not None, "a submission has an address or a telephone number"
    return phone_key(secret, submission.owner, submission.phone)


def digest_of(floor: Floor, submission: Submission) -> str:
    """A keyed hash of the content. Entries left at their default do not count, so a new one changes no old digest."""
    secret = floor.settings.person_secret.get_secret_value()
    return content_digest(secret, submission.model_dump_json(exclude_defaults=True))


@lru_cache(maxsize=4)
def taking_in(ledger: Engine) -> Together[Knock, SubmitRequest | Receipt]:
    """Where everybody who knocks at the same time is taken in together: two commits for all, not for each."""
    return Together(partial(take_in, ledger), pace=PACE)


def take_in(ledger: Engine, knocks: Sequence[Knock]) -> list[SubmitRequest | Receipt | Exception]:
    """For each, what is to be sent, with its key entered and its vault keys on disk; or the receipt of a request that
    is in the log already; or why it is refused. Blocks.
    """
    keys = [views.Key(knock.part.request_id, knock.digest, knock.arrival.at) for knock in knocks]
    standing = list(zip(knocks, views.enter_keys(ledger, keys), strict=True))
    fresh = [knock for knock, stands in standing if stands.digest == knock.digest and not stands.logged]
    if fresh:
        fresh[0].floor.vault.prepare_all([knock.part.request_id for knock in fresh])
    return [_taken_in(knock, stands) for knock, stands in standing]


def _taken_in(knock: Knock, stands: views.Standing) -> SubmitRequest | Receipt | Exception:
    if stands.digest != knock.digest:
        return KeyReused()
    if stands.logged:
        return Receipt(knock.part.request_id, short_number(knock.part.request_id), stands.at)
    try:
        arrival = replace(knock.arrival, at=stands.at)
        return sealed_command(knock.floor, knock.submission, arrival, knock.part, knock.person, knock.digest)
    except Forgotten:
        return KeyReused()
