"""From a submission to the command that carries it: everything personal sealed before it leaves the door."""

import secrets
from collections.abc import Iterable
from hashlib import sha256

from schemas.envelope import derived_id
from schemas.intake import Challenge, SubmitRequest
from schemas.request import Agent, Contact, Correction, DataPoint, Order, Period, Request
from schemas.vocabulary import Right
from services.intake.arrival import Arrival, Part
from services.intake.submission import Submission
from services.runtime.floor import Floor
from services.runtime.person import code_digest

DIGITS = 6
"""Of a code that is sent to a telephone."""


def sealed_command(
    floor: Floor, submission: Submission, arrival: Arrival, part: Part, person: str, digest: str
) -> SubmitRequest:
    """The command, sealed with keys that are there already. Raises Forgotten if they were destroyed."""
    request_id, seal, model = part.request_id, floor.vault.seal, floor.vault.seal_model

    def text(purpose: str, field: str, value: str | None) -> str | None:
        return seal(request_id, purpose, field, value) if value else None

    def models(purpose: str, field: str, values: tuple[object, ...]) -> str | None:
        return model(request_id, purpose, field, values) if values else None

    contact = Contact(
        name=submission.name,
        email=submission.email or "",
        phone=submission.phone,
        address=submission.address or "",
    )
    changes = tuple(Correction(field=entry.field, value=entry.value) for entry in submission.corrections)
    points = tuple(DataPoint(kind=entry.kind, value=entry.value) for entry in submission.points)
    request = Request(
        id=request_id,
        owner=submission.owner,
        client=arrival.client,
        channel=arrival.channel,
        received_at=arrival.at,
        person=person,
        orders=orders_of(request_id, part.rights),
        contact=model(request_id, "fulfilment", "contact", contact),
        corrections=models("fulfilment", "corrections", changes) if Right.CORRECT in part.rights else None,
        locale=submission.locale,
        period=Period(span=submission.period.span, since=submission.period.since),
        details=text("fulfilment", "details", submission.details),
        points=models("verification", "points", points),
        declaration=text("record", "declaration", submission.declared_as),
        child=text("fulfilment", "child", submission.child),
        attachments=arrival.attachments if request_id == arrival.request_id() else (),
        agent=_agent(floor, request_id, submission),
        ticket=arrival.ticket,
        entered_by=arrival.entered_by,
        linked=part.linked,
        by_mail=submission.email is not None,
    )
    return SubmitRequest(
        request=request,
        digest=digest,
        challenge=_link(floor, request_id),
        code=_code(floor, request_id) if submission.phone else None,
    )


def orders_of(request_id: str, rights: Iterable[Right]) -> tuple[Order, ...]:
    """One order per right, each after the one before it (R08)."""
    orders: list[Order] = []
    for right in rights:
        after = orders[-1].id if orders else None
        orders.append(Order(id=derived_id("order", request_id, right), right=right, after=after))
    return tuple(orders)


def _agent(floor: Floor, request_id: str, submission: Submission) -> Agent | None:
    given = submission.agent
    if given is None:
        return None
    contact = Contact(name=given.name, email=given.email)
    return Agent(contact=floor.vault.seal_model(request_id, "fulfilment", "agent", contact), basis=given.basis)


def _link(floor: Floor, request_id: str) -> Challenge:
    token = secrets.token_urlsafe(24)
    sealed = floor.vault.seal(request_id, "verification", "token", token)
    return Challenge(digest=sha256(token.encode()).hexdigest(), token=sealed)


def _code(floor: Floor, request_id: str) -> Challenge:
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    secret = floor.settings.person_secret.get_secret_value()
    sealed = floor.vault.seal(request_id, "verification", "code", code)
    return Challenge(digest=code_digest(secret, request_id, code), token=sealed)
