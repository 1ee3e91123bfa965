"""The JSON door: a program submits a request, and looks up that it was received."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ValidationError

from schemas.base import Moment
from schemas.catalogue import Client
from schemas.vocabulary import Channel
from services.intake import views
from services.intake.arrival import Arrival
from services.intake.programs.credentials import NEEDS_TOKEN, caller_of
from services.intake.programs.pace import BUCKETS
from services.intake.programs.vouching import may_vouch, vouch
from services.intake.receiving import KeyReused, Receipt, Refused, receive, submit_id
from services.intake.submission import Submission
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.problem import Problem
from services.runtime.web.wording import field_errors

CLIENT: Final = "api"
"""Under this name the JSON door's keys stood before its callers had names; no registered client may have it."""

VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,200}")

router = APIRouter(prefix="/v1")


class Half(BaseModel):
    """Another request that the same submission became."""

    id: str
    number: str


class Taken(BaseModel):
    """202: the request is on the bus for good. ``status_hint`` says what it waits for when it is new. ``other`` is the
    part that goes ahead without proof, where it was asked for together with what needs one.
    """

    id: str
    number: str
    owner: str
    received_at: Moment
    status_hint: Literal["awaiting-confirmation", "under-way"] = "awaiting-confirmation"
    other: Half | None = None


class Known(BaseModel):
    """A request that is in the log."""

    id: str
    number: str
    received_at: Moment


BODY_SCHEMA: Final = {"$id": "urn:habeas:submission", **Submission.model_json_schema()}
_BODY: Final = {"required": True, "content": {"application/json": {"schema": BODY_SCHEMA}}}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A random text of your own, such as a UUID. The same key with the same content is one request.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_SIGNED_IN: Final = {
    "name": "Account-Holder",
    "in": "header",
    "required": False,
    "description": "`reauthenticated`: the person has an account with you and has just signed in anew. For clients "
    "whose word on that the custodian takes.",
    "schema": {"type": "string", "enum": ["reauthenticated"]},
}


async def submit(request: Request) -> Response:
    """Submits a request. A letter with a link goes to the person; the owner is asked once they have used it."""
    client, floor = caller_of(request), floor_of(request)
    BUCKETS.take(client.id)
    key, signed_in = _key(request), _signed_in(request, client)
    submission = await _submission(request)
    within(client, submission.owner)
    arrival = Arrival(Channel.API, client.id, key, datetime.now(UTC), entered_by=client.id)
    try:
        receipt = await receive(floor, submission, arrival)
    except Refused as refused:
        raise problem_of(refused) from None
    if signed_in:
        await vouch(floor, client, submission, receipt)
    told = taken(submission, receipt)
    where = {"Location": f"/v1/requests/{receipt.request_id}"}
    return Response(told.model_dump_json(exclude_none=True), 202, where, "application/json")


router.add_api_route(
    "/requests",
    submit,
    methods=["POST"],
    status_code=202,
    response_model=Taken,
    dependencies=NEEDS_TOKEN,
    openapi_extra={"parameters": [_KEY, _SIGNED_IN], "requestBody": _BODY},
)


@router.get("/requests/{request_id}", dependencies=NEEDS_TOKEN)
async def look_up(request: Request, request_id: str, floor: Annotated[Floor, Depends(floor_of)]) -> Known:
    """That a request of yours was received, and when. Nothing about what was asked, or by whom."""
    client = caller_of(request)
    found = await views.awaited(floor, request_id, submit_id(request_id)) if is_id(request_id) else False
    if isinstance(found, bool) or found.client != client.id:
        raise Problem(404, "We know no such request", code="not-found")
    return Known(id=found.request_id, number=found.number, received_at=found.received_at)


def taken(submission: Submission, receipt: Receipt) -> Taken:
    """What a program is told of a request that was received."""
    other = receipt.other
    return Taken(
        id=receipt.request_id,
        number=receipt.number,
        owner=submission.owner,
        received_at=receipt.received_at,
        status_hint="awaiting-confirmation" if submission.after_proof else "under-way",
        other=Half(id=other.request_id, number=other.number) if other else None,
    )


def within(client: Client, owner: str) -> None:
    """Raises a 403 problem for an owner that is not the client's, whether there is such an owner or not."""
    if owner not in client.owners:
        raise Problem(
            403,
            "This owner is not yours to ask",
            code="foreign-owner",
            errors=[{"field": "owner", "message": "is not one that you may send requests for"}],
        )


def is_id(text: str) -> bool:
    """True for a request id as we write it."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def invalid(error: ValidationError) -> Problem:
    """What is wrong with a body; it names fields and quotes nothing."""
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return Problem(400, "That is not JSON", code="not-json")
    errors = field_errors(dict(one) for one in found)
    return Problem(422, "Something in the request needs another look", code="invalid", errors=errors)


def problem_of(refused: Refused) -> Problem:
    """The refusal of a submission as a problem."""
    if isinstance(refused, KeyReused):
        return Problem(
            422,
            "This Idempotency-Key already stands for another request",
            code=refused.code,
            detail="The first one stands. Send what is new under a new key.",
        )
    return Problem(422, refused.title, code=refused.code, errors=[{"field": refused.place, "message": refused.message}])


def _key(request: Request) -> str:
    given = request.headers.getlist("idempotency-key")
    if len(given) != 1 or not VISIBLE.fullmatch(given[0]):
        raise Problem(
            400,
            "An Idempotency-Key is needed",
            code="idempotency-key-required" if not given else "idempotency-key-malformed",
            detail="Send one header Idempotency-Key with 1 to 200 visible ASCII characters that are yours alone.",
            errors=[{"field": "Idempotency-Key", "message": "must be 1 to 200 visible ASCII characters, once"}],
        )
    return given[0]


def _signed_in(request: Request, client: Client) -> bool:
    said = request.headers.get("account-holder")
    if said is not None and said != "reauthenticated":
        wrong = {"field": "Account-Holder", "message": "is not one of the allowed values"}
        raise Problem(400, "We could not read that request", code="bad-header", errors=[wrong])  # type: ignore[list-item]
    return said is not None and may_vouch(client)


async def _submission(request: Request) -> Submission:
    """The body as a submission. Raises a problem that names what is wrong and quotes nothing."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "We read JSON here", code="unsupported-media-type", detail="Send application/json.")
    try:
        return Submission.model_validate_json(await request.body())
    except ValidationError as error:
        raise invalid(error) from None
