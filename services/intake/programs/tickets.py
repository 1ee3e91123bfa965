"""The door for tickets: a support system calls when somebody there asks for what this is for (R42)."""

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.base import Moment
from schemas.catalogue import Client
from schemas.request import Ticket
from schemas.vocabulary import Channel, Right
from services.intake.arrival import Arrival
from services.intake.fields import one_line
from services.intake.programs.zendesk import SIGNATURE, TIMESTAMP, is_signed
from services.intake.receiving import Refused, receive
from services.intake.submission import CorrectionEntry, Submission
from services.intake.web import Taken, invalid, problem_of, taken
from services.runtime.floor import Floor
from services.runtime.person import normal_phone
from services.runtime.vault import Forgotten, Tampered
from services.runtime.web.problem import Problem
from services.runtime.web.state import floor_of

OLDEST: Final = timedelta(days=7)
"""A ticket's own time is believed so far back, and never ahead of ours."""

REMEMBERED: Final = 60.0
"""Seconds a signing secret is kept in memory: each opening of the vault is written down."""

RIGHT: Final = "privacy_"
OWNER: Final = "owner_"
"""How the tags begin that say what is asked for, and of which owner."""

router = APIRouter(prefix="/v1")
_secrets: OrderedDict[str, tuple[str, float]] = OrderedDict()


class Sent(BaseModel):
    """What a support system sends is its own affair, but for what is asked for here."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)


class Requester(Sent):
    """Whoever the ticket is from."""

    name: str = ""
    email: str | None = None
    phone: str | None = None
    locale: str = ""


class TicketSent(Sent):
    """A ticket as a trigger sends it. Tags say what is asked for (``privacy_access``, ``privacy_opt_out``) and, where
    the system serves several owners, of which: ``owner_alder-falls``.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | Annotated[int, Field(ge=0)]
    requester: Requester = Requester()
    subject: str | None = None
    description: str | None = None
    tags: list[str] | str = []
    created_at: Moment | None = None
    corrections: tuple[CorrectionEntry, ...] = ()


class Call(Sent):
    """The body of a call."""

    ticket: TicketSent


@router.post(
    "/tickets/{client_id}",
    status_code=202,
    response_model=Taken,
    openapi_extra={
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in (SIGNATURE, TIMESTAMP)
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$id": "urn:habeas:ticket", **Call.model_json_schema()}}},
        },
    },
)
async def ticket(request: Request, client_id: str) -> Response:
    """Takes a ticket as a request, once: the ticket is its key. What becomes of it is told there as internal comments,
    and in the end the ticket is solved.
    """
    floor, body = floor_of(request), await request.body()
    client = await _caller(request, floor, client_id, body)
    try:
        sent = Call.model_validate_json(body).ticket
        submission = Submission.model_validate(_asked(client, sent))
    except ValidationError as error:
        raise invalid(error) from None
    if submission.owner not in client.owners:
        raise _unnamed("is not one that you may send requests for")
    name = str(sent.id)
    arrival = Arrival(
        Channel.TICKET, client.id, f"ticket:{name}", _when(sent), entered_by=client.id,
        ticket=Ticket(client=client.id, id=name),
    )  # fmt: skip
    try:
        receipt = await receive(floor, submission, arrival)
    except Refused as refused:
        raise problem_of(refused) from None
    return Response(
        taken(submission, receipt).model_dump_json(exclude_none=True), 202, media_type="application/json"
    )  # fmt: skip


async def _caller(request: Request, floor: Floor, name: str, body: bytes) -> Client:
    """The support system that signed the call. Raises a 401 problem, the same whatever is wrong."""
    client = floor.catalogue().clients.get(name)
    if client is not None and client.tickets is not None:
        secret = await _secret(floor, client)
        if is_signed(request, body, secret, datetime.now(UTC)):
            return client
    raise Problem(401, "This call is not signed as it must be", code="bad-signature")


async def _secret(floor: Floor, client: Client) -> str:
    assert client.tickets is not None
    sealed = client.tickets.signing
    known = _secrets.get(sealed)
    if known is None or known[1] < monotonic():
        try:
            opened = await asyncio.to_thread(
                floor.vault.open, client.shelf, "signing", sealed, by="intake", why="ticket"
            )
        except (Forgotten, Tampered):
            raise Problem(503, "The secret of this system is lost: it must be set up anew", code="not-set-up") from None
        known = _secrets[sealed] = (opened, monotonic() + REMEMBERED)
        while len(_secrets) > 100:
            _secrets.popitem(last=False)
    return known[0]


def _asked(client: Client, sent: TicketSent) -> dict[str, Any]:
    """The ticket as a submission. Raises a problem where it does not say what is asked for, or of whom."""
    tags = sent.tags.split() if isinstance(sent.tags, str) else sent.tags
    rights = [right for right in Right if f"{RIGHT}{right}" in tags]
    if not rights:
        raise Problem(
            422, "The ticket does not say what is asked for", code="invalid",
            errors=[{"field": "ticket.tags", "message": f"needs one of {', '.join(RIGHT + right for right in Right)}"}],
        )  # fmt: skip
    words = "\n\n".join(text for text in (sent.subject, sent.description) if text)
    return {
        "owner": _owner(client, tags),
        "rights": rights,
        "name": sent.requester.name,
        "email": sent.requester.email,
        "phone": _callable(sent.requester.phone),
        "locale": "es" if sent.requester.locale.lower().startswith("es") else "en",
        "details": _plain(words)[:4000] or None,
        "corrections": sent.corrections,
    }


def _owner(client: Client, tags: list[str]) -> str:
    named = [slug for slug in client.owners if f"{OWNER}{slug}" in tags or f"{OWNER}{slug.replace('-', '_')}" in tags]
    if len(named) == 1:
        return named[0]
    if not named and len(client.owners) == 1:
        return client.owners[0]
    raise _unnamed("must name one owner: owner_<name>")


def _unnamed(message: str) -> Problem:
    errors = [{"field": "ticket.tags", "message": message}]
    return Problem(422, "The ticket does not say of whom it is asked", code="invalid", errors=errors)  # type: ignore[arg-type]


def _callable(phone: str | None) -> str | None:
    """A support system's telephone numbers are anything at all; one that cannot be called is left out."""
    try:
        return normal_phone(phone) if phone else None
    except ValueError:
        return None


def _plain(words: str) -> str:
    """The words of a ticket without what a submission may not hold."""
    return "\n".join("".join(char if _is_plain(char) else " " for char in line) for line in words.splitlines()).strip()


def _is_plain(char: str) -> bool:
    try:
        one_line(char)
    except ValueError:
        return False
    return True


def _when(sent: TicketSent) -> datetime:
    now = datetime.now(UTC)
    return min(max(sent.created_at or now, now - OLDEST), now)
