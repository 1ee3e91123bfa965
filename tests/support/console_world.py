"""The console on a read model filled with made-up stories: no broker, no log, the real pages."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
from fastapi import FastAPI
from pydantic import SecretBytes

from schemas import topics
from schemas.acts import Act
from schemas.catalogue import Account, Catalogue
from schemas.envelope import Envelope, derived_id, parse
from schemas.parked import RecordParked
from schemas.vocabulary import Right
from services.console.processor import CONSOLE
from services.console.views import ACTS, JOURNAL, PARKED_RECORDS
from services.runtime.acts import draft
from services.runtime.catalogue import Change
from services.runtime.chain import Accepted, Record
from services.runtime.database import create_tables, engine, writing
from services.runtime.floor import Floor
from services.runtime.person import login_key
from services.runtime.settings import Settings
from services.runtime.vault import Vault
from services.runtime.web.app import create
from services.runtime.web.desk import Desk
from tests.support.pipeline_story import Story, catalogue
from tests.support.web_sample import HTML, ORIGIN, PERSON_SECRET, QUICK

PASSWORD = "habeas-custodian-operator"
HASH = QUICK.hash(PASSWORD)
EMAIL = "operator@habeas-custodian.example"


class Views:
    """The projector as the pages know it."""

    async def changes(self) -> AsyncIterator[None]:
        yield None
        yield None


def operator(*roles: str) -> Account:
    """The account that signs in; its roles may be changed."""
    return Account(
        id="account-operator", login=login_key(PERSON_SECRET, EMAIL), owner="habeas-custodian",
        roles=roles or ("operator",), name=f"sealed:v1:record:{'n' * 20}", password_hash=HASH,
        demo=True,
    )  # fmt: skip


class World:
    """One console: its database, its application, its catalogue."""

    def __init__(self, home: Path, port: int = 8005) -> None:
        key = SecretBytes(b"cyc" * 10 + b"cy")
        settings = Settings.model_construct(
            home=home, port_base=port - 5, session_secret=key, secure_cookies=False, database_url="",
            person_secret=SecretBytes(PERSON_SECRET), master_key=key, environment="demo",
        )  # fmt: skip
        self.catalogue: Catalogue = catalogue().with_entry(operator())
        self.engine = engine(settings.database_of("console"))
        self.vault = Vault(engine(settings.database_of("vault")), key.get_secret_value(), "console")
        self.acts: list[Act] = []
        for view in (JOURNAL, PARKED_RECORDS, ACTS):
            create_tables(self.engine, view.metadata)
        nothing = cast(Any, None)
        self.floor = Floor(
            settings=settings, service="console", bus=nothing, vault=self.vault, blobs=nothing,
            views=cast(Any, Views()), http=nothing, catalogue=lambda: self.catalogue, amend=self.amend,
            record=self.record, unready=list,
        )  # fmt: skip
        self.app: FastAPI = create(CONSOLE, lambda: self.floor)
        self.app.state.sign_in_desk = Desk(self.floor, QUICK)

    async def amend(self, change: Change) -> int:
        """As the catalogue's replica does."""
        changed = change(self.catalogue)
        for entry in changed:
            self.catalogue = self.catalogue.with_entry(entry)
        return len(changed)

    async def record(self, act: Act) -> None:
        """As the recorder does; the view shows it at once."""
        self.acts.append(act)
        at = datetime.now(UTC)
        drafted = draft(act, "console", at, "", str(len(self.acts)))
        envelope = parse(drafted.encode())
        with writing(self.engine) as connection:
            ACTS.apply(connection, Accepted(Record(topics.ACTS, 0, len(self.acts), None, b"", at), envelope, act))

    def show(self, *accepted: Accepted) -> None:
        """These records were read."""
        with writing(self.engine) as connection:
            for one in accepted:
                view = PARKED_RECORDS if one.record.topic == topics.PARKED else JOURNAL
                view.apply(connection, one)

    def client(self) -> httpx.AsyncClient:
        """A browser that has not signed in."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url=ORIGIN, headers=HTML | {"Origin": ORIGIN}
        )

    async def signed_in(self) -> httpx.AsyncClient:
        """A browser of the operator's."""
        client = self.client()
        answer = await client.post("/console/api/session", json={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 200
        return client


def parked(
    reason: str = "bad-data", *, topic: str = "dsr.router.inbox", offset: int = 7, delivery: int = 0
) -> Accepted:
    """A parked record as it is delivered."""
    at = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
    body = RecordParked(
        reader="router", topic=topic, partition=3, offset=offset, reason=reason, place="data.instruction.decisions",
        size=812, digest="ab" * 32, parked_at=at + timedelta(minutes=offset), original=f"sealed:v1:record:{'z' * 80}",
    )  # fmt: skip
    identity = derived_id("parked", "router", topic, "3", str(offset))
    envelope = Envelope(id=identity, source="router", type=body.TYPE, time=at, subject=identity)
    return Accepted(Record(topics.PARKED, 0, delivery, None, b"", at), envelope, body)


def stories(begin: datetime) -> Iterable[Story]:
    """Requests at every point of the way."""
    yield (
        Story("closed", Right.ACCESS, Right.DELETE, silent="civicrec", begin=begin)
        .submit()
        .prove("no")
        .prove()
        .instruct()
    )
    yield Story("refused", Right.ACCESS, Right.DELETE, begin=begin).submit().prove().instruct(refuse=[Right.DELETE])
    yield Story("deciding", Right.ACCESS, begin=begin + timedelta(days=1)).submit().prove()
    yield Story("challenged", Right.DELETE, begin=begin + timedelta(days=2)).submit()
    yield Story("expired", Right.DELETE, begin=begin - timedelta(days=9)).submit().expire()
    yield Story("bounced", Right.ACCESS, begin=begin, bounced=True, last_bounce=True).submit()
    yield Story("opt-out", Right.OPT_OUT, begin=begin).submit().instruct()
