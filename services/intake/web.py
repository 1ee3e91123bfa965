"""The JSON door: submit a request, and look up that it was received."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ValidationError

from schemas.base import Moment
from schemas.vocabulary import Channel
from services.intake import views
from services.intake.arrival import Arrival
from services.intake.receiving import KeyReused, Refused, receive, submit_id
from services.intake.submission import Submission
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.problem import Problem
from services.runtime.web.wording import field_errors

CLIENT: Final = "api"
"""Under this name the JSON door's keys stand; no registered client may have it (see :mod:`bus`)."""

_VISIBLE = re.compile(r"[\x21-\x7e]{1,200}")

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


_BODY: Final = {
    "required": True,
    "content": {"application/json": {"schema": {"$id": "urn:habeas:submission", **Submission.model_json_schema()}}},
}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A random text of your own, such as a UUID. The same key with the same content is one request.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


async def submit(request: Request) -> Response:
    """Submits a request. A letter with a link goes to the person; the owner is asked once they have used it."""
    floor, key = floor_of(request), _key(request)
    submission = await _submission(request)
    try:
        receipt = await receive(floor, submission, Arrival(Channel.API, CLIENT, key, datetime.now(UTC)))
    except Refused as refused:
        raise _problem(refused) from None
    taken = Taken(
        id=receipt.request_id,
        number=receipt.number,
        owner=submission.owner,
        received_at=receipt.received_at,
        status_hint="awaiting-confirmation" if submission.after_proof else "under-way",
        other=Half(id=receipt.other.request_id, number=receipt.other.number) if receipt.other else None,
    )
    where = {"Location": f"/v1/requests/{receipt.request_id}"}
    return Response(taken.model_dump_json(exclude_none=True), 202, where, "application/json")


router.add_api_route(
    "/requests",
    submit,
    methods=["POST"],
    status_code=202,
    response_model=Taken,
    openapi_extra={"parameters": [_KEY], "requestBody": _BODY},
)


@router.get("/requests/{request_id}")
async def look_up(request_id: str, floor: Annotated[Floor, Depends(floor_of)]) -> Known:
    """That a request was received, and when. Nothing about what was asked, or by whom."""
    found = await views.awaited(floor, request_id, submit_id(request_id)) if is_id(request_id) else False
    if isinstance(found, bool):
        raise Problem(404, "We know no such request", code="not-found")
    return Known(id=found.request_id, number=found.number, received_at=found.received_at)


def is_id(text: str) -> bool:
    """True for a request id as we write it."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _key(request: Request) -> str:
    given = request.headers.getlist("idempotency-key")
    if len(given) != 1 or not _VISIBLE.fullmatch(given[0]):
        raise Problem(
            400,
            "An Idempotency-Key is needed",
            code="idempotency-key-required" if not given else "idempotency-key-malformed",
            detail="Send one header Idempotency-Key with 1 to 200 visible ASCII characters that are yours alone.",
            errors=[{"field": "Idempotency-Key", "message": "must be 1 to 200 visible ASCII characters, once"}],
        )
    return given[0]


async def _submission(request: Request) -> Submission:
    """The body as a submission. Raises a problem that names what is wrong and quotes nothing."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "We read JSON here", code="unsupported-media-type", detail="Send application/json.")
    try:
        return Submission.model_validate_json(await request.body())
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise Problem(400, "That is not JSON", code="not-json")
    errors = field_errors(dict(one) for one in found)
    raise Problem(422, "Something in the request needs another look", code="invalid", errors=errors)


def _problem(refused: Refused) -> Problem:
    if isinstance(refused, KeyReused):
        return Problem(
            422,
            "This Idempotency-Key already stands for another request",
            code=refused.code,
            detail="The first one stands. Send what is new under a new key.",
        )
    return Problem(422, refused.title, code=refused.code, errors=[{"field": refused.place, "message": refused.message}])
