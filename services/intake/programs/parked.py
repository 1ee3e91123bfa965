"""What a client got wrong on the bus: it can see it, and send it again as it should have been."""

import asyncio
import base64
from datetime import UTC
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine

from schemas.base import Moment
from schemas.catalogue import Client
from schemas.topics import submissions
from schemas.vocabulary import Channel
from services.intake.arrival import Arrival
from services.intake.programs.credentials import NEEDS_TOKEN, caller_of
from services.intake.programs.parked_view import Mistake, database, find, key_of, listed
from services.intake.receiving import Refused, receive
from services.intake.submission import Submission
from services.intake.web import BODY_SCHEMA, Half, Taken, invalid, problem_of, taken, within
from services.runtime.floor import Floor
from services.runtime.parking import FIELD
from services.runtime.vault import Forgotten
from services.runtime.web.problem import Problem
from services.runtime.web.state import floor_of

PAGE: Final = 100
MOST: Final = 500

router = APIRouter(prefix="/v1/clients/me")


class Parked(BaseModel):
    """A record that was not received. ``request`` is what it has become, once it was sent again from here."""

    id: str
    topic: str
    partition: int
    offset: int
    reason: str
    place: str
    size: int
    parked_at: Moment
    request: Half | None = None


class ParkedPage(BaseModel):
    """Some of them, the oldest first. ``next`` is what ``after`` must say for more."""

    parked: list[Parked]
    next: str | None = None


class ParkedRecord(Parked):
    """One with what was sent: as text, or in base64 where it is none. Only the first megabyte is kept."""

    original: str | None = None
    original_base64: str | None = None


@router.get("/parked", dependencies=NEEDS_TOKEN)
async def see(
    request: Request,
    after: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = PAGE,
) -> ParkedPage:
    """What you published and we could not receive, and why. Kept for ninety days."""
    client, floor = caller_of(request), floor_of(request)
    found = await asyncio.to_thread(listed, _database(floor), client.id, after, limit + 1)
    shown = [Parked.model_validate(_members(mistake)) for mistake in found[:limit]]
    return ParkedPage(parked=shown, next=shown[-1].id if len(found) > limit else None)


@router.get("/parked/{parked_id}", dependencies=NEEDS_TOKEN)
async def look(request: Request, parked_id: str) -> ParkedRecord:
    """One of them, with what you sent. That it was opened is on record."""
    client, floor = caller_of(request), floor_of(request)
    mistake = await _theirs(floor, client, parked_id)
    raw = await _opened(floor, client, mistake)
    try:
        return ParkedRecord.model_validate(_members(mistake) | {"original": raw.decode()})
    except UnicodeDecodeError:
        return ParkedRecord.model_validate(_members(mistake) | {"original_base64": base64.b64encode(raw).decode()})


@router.post(
    "/parked/{parked_id}/resend",
    status_code=202,
    response_model=Taken,
    dependencies=NEEDS_TOKEN,
    openapi_extra={"requestBody": {"required": False, "content": {"application/json": {"schema": BODY_SCHEMA}}}},
)
async def resend(request: Request, parked_id: str) -> Response:
    """Submits it again: as the body says, or without a body as it was. Once: asked again, the answer is the same.

    The person's time runs from when the record was parked; it was not they who were late.
    """
    client, floor = caller_of(request), floor_of(request)
    mistake = await _theirs(floor, client, parked_id)
    body = await request.body()
    raw = body or _data_of(await _opened(floor, client, mistake))
    try:
        submission = Submission.model_validate_json(raw)
    except ValidationError as error:
        raise invalid(error) from None
    within(client, submission.owner)
    at = mistake.parked_at.astimezone(UTC)
    arrival = Arrival(Channel.BUS, client.id, key_of(mistake.id), at, entered_by=client.id)
    try:
        receipt = await receive(floor, submission, arrival)
    except Refused as refused:
        raise problem_of(refused) from None
    where = {"Location": f"/v1/requests/{receipt.request_id}"}
    told = taken(submission, receipt)
    return Response(told.model_dump_json(exclude_none=True), 202, where, "application/json")


def _database(floor: Floor) -> Engine:
    return database(floor.settings.database_of("intake"))


async def _theirs(floor: Floor, client: Client, parked_id: str) -> Mistake:
    """Raises a 404 problem for what is not the client's, whether there is such a record or not."""
    mistake = await asyncio.to_thread(find, _database(floor), client.id, parked_id)
    if mistake is None:
        raise Problem(404, "We know no such record", code="not-found")
    return mistake


async def _opened(floor: Floor, client: Client, mistake: Mistake) -> bytes:
    """What was sent. Raises a 410 problem once it is forgotten."""
    try:
        text = await asyncio.to_thread(
            floor.vault.open, mistake.id, FIELD, mistake.original, by=client.shelf, why="parked"
        )
    except Forgotten:
        raise Problem(410, "What was sent is no longer kept", code="forgotten") from None
    return base64.b64decode(text)


def _data_of(raw: bytes) -> bytes:
    """The submission in a record: a CloudEvent's data; the whole of it where its attributes were Kafka headers."""
    try:
        found: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw
    event = isinstance(found, dict) and "specversion" in found
    return orjson.dumps(found.get("data")) if event else raw


def _members(mistake: Mistake) -> dict[str, Any]:
    names = ("id", "partition", "offset", "reason", "place", "size", "parked_at")
    request = Half(id=mistake.request_id, number=mistake.number) if mistake.number else None
    return {name: getattr(mistake, name) for name in names} | {
        "topic": submissions(mistake.client), "request": request,
    }  # fmt: skip
