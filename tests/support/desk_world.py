"""Intake's desk with everything real but Kafka: owners with staff, the custodian's phone desk."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from schemas.acts import Act
from schemas.base import Fact
from schemas.catalogue import Account, Catalogue, Rule
from schemas.envelope import Envelope
from schemas.intake import SubmitRequest
from schemas.request import Request
from schemas.vocabulary import Assurance, Method
from services.intake.desk import FOLLOWED
from services.intake.processor import INTAKE
from services.runtime.chain import Accepted, Record
from services.runtime.database import writing
from services.runtime.person import login_key
from services.runtime.web.desk import Desk as SignInDesk
from tests.support.doors import HTML, Door, owner
from tests.support.portal_people import QUICK

STAFF = (
    ("riverton", "handler"), ("riverton", "admin"), ("riverton", "reader"), ("lakeside", "handler"),
    ("custodian", "phone-desk"), ("custodian", "privacy"), ("custodian", "operator"), ("custodian", "handler"),
)  # fmt: skip
BY_ATTESTATION = Rule(level=Assurance.REASONABLE, methods=(Method.EMAIL_LINK, Method.ATTESTATION))
CALLER = {"channel": "phone", "rights": ["access"], "name": "Maria Quill", "email": "maria@quill.example"}


class DeskWorld(Door):
    """Riverton lets staff vouch for a caller, Lakeside does not. Everybody's password is their account's id."""

    def __init__(self, folder: Path) -> None:
        super().__init__(INTAKE, folder)
        self.catalogue = Catalogue()
        for each in (
            owner("riverton", "City of Riverton", verification=(BY_ATTESTATION,)),
            owner("lakeside", "City of Lakeside", statutory_days=30, challenge_ttl_hours=36),
            owner("custodian", "Habeas Civic Software", kind="custodian"),
        ):
            self.catalogue = self.catalogue.with_entry(each)
        for slug, role in STAFF:
            self.catalogue = self.catalogue.with_entry(self._account(slug, role))
        self.acts: list[Act] = []
        self.floor.catalogue = lambda: self.catalogue
        self.floor.record = self._record
        self.app.state.sign_in_desk = SignInDesk(self.floor, QUICK)

    async def _record(self, act: Act) -> None:
        self.acts.append(act)

    def _account(self, slug: str, role: str) -> Account:
        id_ = f"{slug}-{role}"
        secret = self.floor.settings.person_secret.get_secret_value()
        self.floor.vault.prepare(f"account:{id_}", ("record",))
        return Account(
            id=id_, login=login_key(secret, f"{role}@{slug}.example"), owner=slug, roles=(role,),
            name=self.floor.vault.seal(f"account:{id_}", "record", "name", id_), password_hash=QUICK.hash(id_),
        )  # fmt: skip

    @asynccontextmanager
    async def at(self, account: str, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody signed in at the desk, with the token that forms need."""
        slug, _, role = account.partition("-")
        async with self.client(**{**HTML, **headers}) as client:
            who = {"email": f"{role}@{slug}.example", "password": account}
            answer = await client.post("/desk/api/session", json=who)
            answer.raise_for_status()
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            yield client

    def submitted(self) -> list[Request]:
        """What reached the bus as requests, in order."""
        return [command.request for _, command in self.bus.sent if isinstance(command, SubmitRequest)]

    def told(self, body: Fact, request: Request, at: datetime | None = None) -> None:
        """Another service says something about a request, and the desk's read model hears it."""
        envelope = Envelope(
            id=f"{body.TYPE}-{request.id}", source="test", type=body.TYPE, time=at or datetime.now(UTC),
            subject=request.id, owner=request.owner, partitionkey=request.person,
        )  # fmt: skip
        accepted = Accepted(Record("log", 0, 0, None, b"", envelope.time), replace(envelope), body)
        with writing(self.database) as connection:
            FOLLOWED.apply(connection, accepted)


async def entered(client: httpx.AsyncClient, **entries: Any) -> httpx.Response:
    """The form as it is sent, over a caller who asks for access."""
    page = await client.get("/desk")
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key is not None
    return await client.post("/desk", data={"key": key[1], **CALLER, **entries})
