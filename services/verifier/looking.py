"""What the verifier's pages do alike: look a request up, tell who holds its secret, send, and await the answer."""

import asyncio
import hmac
import re
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import Engine

from schemas.base import Fact
from schemas.catalogue import Owner
from schemas.envelope import derived_id
from services.runtime.bus import new_cause_id
from services.runtime.floor import Floor
from services.runtime.web.app import floor_of
from services.runtime.web.language import mark
from services.runtime.web.pages import pending, render
from services.runtime.web.problem import Problem
from services.verifier import views
from services.verifier.views import CHECKING, EVIDENCE, OPEN, PARTLY, VERIFIED, Case

PATIENCE: Final = 2.0
"""Seconds the answer is waited for before the page says that it is coming."""

PASS_SECONDS: Final = 3600
"""How long a page may be used that was opened with a code."""

Lent = Annotated[Floor, Depends(floor_of)]
_PRESS = re.compile(r"[A-Za-z0-9-]{16,64}")


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody opened the page of a request. ``found`` is there only for whoever holds its secret: to anybody else the
    page is the same for every request and none.
    """

    floor: Floor
    request: Request
    request_id: str
    key: str
    known: Case | None

    @property
    def found(self) -> Case | None:
        """The request, for whoever holds its secret."""
        return self.known if self.known is not None and _holds(self.floor, self.known, self.key) else None

    @property
    def owner(self) -> Owner | None:
        """Its owner, speaking the language in which the request was made."""
        if self.found is None:
            return None
        owner = self.floor.catalogue().owners.get(self.found.owner)
        return owner.model_copy(update={"locale": self.found.locale}) if owner else None

    @property
    def digest(self) -> str:
        """What is presented: a wrong secret is presented as it is, for it costs an attempt."""
        return self.found.digest if self.found is not None else digest_of(self.key)

    def at(self, phase: str) -> bool:
        """True for whoever holds the secret of a request in this phase."""
        return self.found is not None and self.found.phase == phase

    def with_key(self, key: str) -> "Visit":
        """The visit of somebody who just showed that they are allowed in."""
        return Visit(self.floor, self.request, self.request_id, key, self.known)

    async def again(self) -> "Visit":
        """The same visit a moment later."""
        return Visit(self.floor, self.request, self.request_id, self.key, await look_up(self.floor, self.request_id))

    async def send(self, what: Fact, cause: str) -> tuple["Visit", str | None]:
        """Sends it, unless that was done before or nothing is open, and waits a little for the answer."""
        answer = await answer_of(self.floor, self.request_id, cause)
        if answer is not None or self.known is None or self.known.phase not in (OPEN, EVIDENCE):
            return self, answer
        waiter = self.floor.views.expect(cause)
        await self.floor.bus.send(
            what,
            to="verifier",
            subject=self.request_id,
            owner=self.known.owner,
            person_key=self.known.person_key,
            id=cause,
            correlation=self.request_id,
        )
        await waiter.wait(PATIENCE)
        return await self.again(), await answer_of(self.floor, self.request_id, cause)

    async def awaited(self, cause: str) -> tuple["Visit", str | None]:
        """Where the pending page looks for its answer."""
        waiter = self.floor.views.expect(cause)
        answer = await answer_of(self.floor, self.request_id, cause)
        if answer is None and self.known is not None and self.known.phase in (OPEN, EVIDENCE):
            await waiter.wait(PATIENCE)
            return await self.again(), await answer_of(self.floor, self.request_id, cause)
        return self, answer


async def visit(floor: Floor, request: Request, request_id: str, key: str, *, patiently: bool = False) -> Visit:
    """A visit; ``patiently`` where a letter may have been faster than the read model."""
    known = await (_awaited if patiently else look_up)(floor, request_id)
    return Visit(floor, request, request_id, key, known)


def ended(visit: Visit, answer: str | None, again: str) -> Response:
    """What is shown where nothing more is asked. One page for every refusal, and for requests that never were."""
    if answer in (VERIFIED, PARTLY):
        return render(visit.request, "confirmed.html", owner=visit.owner, partly=answer == PARTLY)
    if answer == CHECKING or (answer is None and visit.at(CHECKING)):
        return render(visit.request, "checking.html", owner=visit.owner)
    if answer is None and visit.known is not None and visit.known.phase in (OPEN, EVIDENCE):
        return pending(visit.request, to=again, what=mark("We are checking what you sent"), owner=visit.owner)
    return render(visit.request, "not-valid.html", status=410)


def cause_of(press: str, *parts: str) -> str:
    """The id of what a button sends: the same press, of the same thing, is the same cause."""
    return derived_id("proof", *parts, press) if _PRESS.fullmatch(press) else new_cause_id()


def digest_of(token: str) -> str:
    """What a link's secret is compared by."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def pass_for(floor: Floor, request_id: str) -> str:
    """A key to the page, for whoever came with the right code."""
    return _passes(floor).dumps(request_id)


async def look_up(floor: Floor, request_id: str) -> Case | None:
    """Where it stands. Raises a 503 problem while the read model is catching up: a good link must not be called bad."""
    found = await asyncio.to_thread(views.find, _database(floor), request_id)
    if found is None and not floor.views.caught_up():
        raise Problem(
            503,
            mark("We cannot check your link just now"),
            code="not-ready",
            detail=mark("Nothing is wrong with it. Please try again in a moment."),
            headers={"Retry-After": "5"},
        )
    return found


async def answer_of(floor: Floor, request_id: str, cause: str) -> str | None:
    """What something that was sent led to, as far as the read model knows."""
    return await asyncio.to_thread(views.answer_to, _database(floor), request_id, cause)


async def _awaited(floor: Floor, request_id: str) -> Case | None:
    if (found := await look_up(floor, request_id)) is not None:
        return found
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            async for _ in floor.views.changes():
                if (found := await look_up(floor, request_id)) is not None:
                    return found
    return await look_up(floor, request_id)


def _holds(floor: Floor, found: Case, key: str) -> bool:
    if hmac.compare_digest(found.digest, digest_of(key)):
        return True
    try:
        return bool(_passes(floor).loads(key, max_age=PASS_SECONDS) == found.request_id)
    except BadSignature:
        return False


def _passes(floor: Floor) -> URLSafeTimedSerializer:
    secret = floor.settings.session_secret.get_secret_value()
    return URLSafeTimedSerializer(
        secret, salt="habeas-verify", signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"}
    )  # fmt: skip


def _database(floor: Floor) -> Engine:
    return views.database(floor.settings.database_of("verifier"))
