"""Many requests in one go: a line each, an answer each, read and answered as they come (NDJSON)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints, ValidationError
from starlette.types import Receive, Scope, Send

from schemas.base import Form
from schemas.catalogue import Client
from schemas.vocabulary import Channel
from services.intake.arrival import Arrival
from services.intake.programs.answers import Answer, Summary, done, refused
from services.intake.programs.credentials import NEEDS_TOKEN, caller_of
from services.intake.programs.lines import LONGEST, BrokenOff, Outbox, lines
from services.intake.programs.vouching import may_vouch, vouch
from services.intake.receiving import Refused, person_of, receive
from services.intake.submission import Submission
from services.intake.web import BODY_SCHEMA, VISIBLE, invalid, problem_of, taken, within
from services.runtime.bus import BusUnavailable
from services.runtime.floor import Floor
from services.runtime.web.guard import too_long
from services.runtime.web.problem import Problem
from services.runtime.web.state import floor_of

MOST: Final = 100_000
"""Lines in one go."""

TOGETHER: Final = 128
"""Lines under way at the same time: enough to share every commit, and little enough to leave room for others."""

PATIENCE: Final = 32 << 20
"""Bytes that are read on and passed over once a bulk was stopped."""

MEDIA: Final = "application/x-ndjson"
ALSO: Final = frozenset({MEDIA, "application/ndjson", "application/jsonl", "application/json-lines"})

_under_way: set[str] = set()
_log = structlog.get_logger("habeas.bulk")

router = APIRouter(prefix="/v1")


class Line(Form):
    """One line. Without a ``key`` of its own, it has the bulk's with its number."""

    key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")] | None = None
    request: Submission
    reauthenticated: bool = False


async def bulk(request: Request) -> Response:
    """Submits up to 100,000 requests, one a line, and answers each with a line, in order; a last one sums up.

    What one person asks is received in the order of the lines. To go on after a failure, send the lines again that were
    not answered with 202: the same keys are the same requests. One bulk of a client runs at a time.
    """
    client, floor = caller_of(request), floor_of(request)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in ALSO:
        raise Problem(415, "We read lines of JSON here", code="unsupported-media-type", detail=f"Send {MEDIA}.")
    key = request.headers.get("idempotency-key", "")
    if key and not (VISIBLE.fullmatch(key) and len(key) <= 180):
        wrong = {"field": "Idempotency-Key", "message": "must be 1 to 180 visible ASCII characters"}
        raise Problem(400, "That key cannot be used", code="idempotency-key-malformed", errors=[wrong])  # type: ignore[list-item]
    if client.id in _under_way:
        raise Problem(
            429, "Another bulk of yours is under way", code="bulk-under-way", headers={"Retry-After": "10"},
            detail="It goes on. Send this one when it has ended.",
        )  # fmt: skip
    return Streamed(Bulk(floor, client, key))


router.add_api_route(
    "/requests:bulk",
    bulk,
    methods=["POST"],
    response_class=Response,
    responses={200: {"description": "A line for each line, then a summary.", "content": {MEDIA: {}}}},
    dependencies=NEEDS_TOKEN,
    openapi_extra={
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Gives each line without a key of its own the key `<this>:<number of the line>`.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 180, "pattern": "^[!-~]+$"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                MEDIA: {
                    "schema": {
                        "type": "object",
                        "description": f"Each line, at most {LONGEST >> 10} KiB; {MOST:,} lines at most.",
                        "required": ["request"],
                        "additionalProperties": False,
                        "properties": {
                            "key": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
                            "request": {name: value for name, value in BODY_SCHEMA.items() if name != "$id"},
                            "reauthenticated": {"type": "boolean"},
                        },
                    }
                }
            },
        },
    },
)


class Streamed(Response):
    """Begins to answer while the body is still coming, and reads on while nobody reads the answers."""

    def __init__(self, bulk: "Bulk") -> None:
        super().__init__(status_code=200, media_type=MEDIA)
        del self.headers["content-length"]
        self._bulk = bulk

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        outbox = Outbox()
        _under_way.add(self._bulk.client.id)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            delivering = asyncio.create_task(outbox.deliver(send))
            try:
                await self._bulk.run(receive, outbox.say)
            except BrokenOff:
                delivering.cancel()
                _log.info("a bulk was broken off", client=self._bulk.client.id)
            else:
                outbox.end()
                await delivering
        finally:
            _under_way.discard(self._bulk.client.id)
            outbox.close()


class Bulk:
    """One bulk on its way."""

    def __init__(self, floor: Floor, client: Client, key: str) -> None:
        self.client = client
        self._floor, self._key = floor, key
        self._last: dict[str, asyncio.Task[Answer]] = {}
        self._summary = Summary()

    async def run(self, receive: Receive, say: Callable[[bytes], None]) -> None:
        """Takes every line and says its answer, in order. When the broker is away it takes no more, and only reads on,
        so that the client comes to read the answers. Raises BrokenOff; what was begun has ended all the same.
        """
        begun: asyncio.Queue[asyncio.Task[Answer] | None] = asyncio.Queue(TOGETHER)
        telling = asyncio.create_task(self._tell(begun, say))
        unread = 0
        try:
            async for number, raw in lines(receive):
                if self._summary.stopped:
                    unread += len(raw or b"")
                    if unread > PATIENCE:
                        break
                elif number > MOST:
                    self._summary.stopped = True
                    await begun.put(asyncio.create_task(_at_once(refused(number, _too_many()))))
                else:
                    await begun.put(self._begin(number, raw))
        finally:
            await begun.put(None)
            await telling
        say(self._summary.line())

    async def _tell(self, begun: "asyncio.Queue[asyncio.Task[Answer] | None]", say: Callable[[bytes], None]) -> None:
        while (task := await begun.get()) is not None:
            answer = await task
            self._summary.count(answer)
            say(answer.line())

    def _begin(self, number: int, raw: bytes | None) -> asyncio.Task[Answer]:
        """Lines go side by side, but behind the one before of the same person."""
        try:
            line = self._line(raw)
        except Problem as problem:
            return asyncio.create_task(_at_once(refused(number, problem)))
        person = person_of(self._floor, line.request)
        task = asyncio.create_task(self._take(number, line, self._last.get(person)))
        self._last[person] = task
        task.add_done_callback(lambda ended: self._forget(person, ended))
        return task

    def _forget(self, person: str, ended: "asyncio.Task[Answer]") -> None:
        if self._last.get(person) is ended:
            del self._last[person]

    def _line(self, raw: bytes | None) -> Line:
        """Raises a problem that names what is wrong with the line."""
        if raw is None:
            raise too_long(LONGEST)
        try:
            line = Line.model_validate_json(raw)
        except ValidationError as error:
            raise invalid(error) from None
        if line.key is None and not self._key:
            raise Problem(
                400, "A key is needed", code="idempotency-key-required",
                errors=[{"field": "key", "message": "is required, unless the bulk has an Idempotency-Key"}],
            )  # fmt: skip
        within(self.client, line.request.owner)
        if line.reauthenticated:
            may_vouch(self.client)
        return line

    async def _take(self, number: int, line: Line, before: "asyncio.Task[Answer] | None") -> Answer:
        if before is not None and (await before).status == 503:
            return refused(number, _away())  # what the person asked before is not in yet
        key = line.key or f"{self._key}:{number}"
        arrival = Arrival(Channel.API, self.client.id, key, datetime.now(UTC), entered_by=self.client.id)
        try:
            receipt = await receive(self._floor, line.request, arrival)
            if line.reauthenticated:
                await vouch(self._floor, self.client, line.request, receipt)
        except Refused as why:
            return refused(number, problem_of(why))
        except BusUnavailable:
            return refused(number, _away())
        except Exception as error:  # noqa: BLE001 — the disk, a bug: told as what may be sent again, and logged
            _log.error("a line could not be received", exc_info=error)
            return refused(number, _away())
        return done(number, taken(line.request, receipt))


async def _at_once(answer: Answer) -> Answer:
    return answer


def _away() -> Problem:
    return Problem(503, "We cannot take this just now", code="bus-unavailable", detail="Send this line again.")


def _too_many() -> Problem:
    return Problem(
        413, f"There are more than {MOST:,} lines", code="too-many-lines", detail="Send the rest as another."
    )
