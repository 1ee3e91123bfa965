"""A service's doors with everything real but the broker: vault and read model on SQLite, pages, the pure domain."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
from pydantic import SecretBytes, SecretStr
from sqlalchemy import Engine

from schemas.base import Fact
from schemas.catalogue import Catalogue, Client, Owner, PrivacyContact, Rule
from schemas.cause import Cause
from schemas.envelope import Draft, Envelope, derived_id
from schemas.intake import Challenge, RequestReceived
from schemas.request import Order, Request
from schemas.vocabulary import Assurance, Channel, Right
from services.runtime.blobs import Blobs
from services.runtime.bus import BusUnavailable
from services.runtime.chain import Accepted, Record
from services.runtime.database import create_tables, engine, writing
from services.runtime.floor import Floor
from services.runtime.service import Service
from services.runtime.settings import Settings
from services.runtime.vault import Vault
from services.runtime.waiting import Bell, Waiter, Waiters
from services.runtime.web.app import create
from tests.support.programs import program

ORIGIN = "http://habeas.test"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
NOW = datetime(2026, 3, 3, 16, 5, tzinfo=UTC)


def owner(slug: str, name: str, kind: str = "city", **terms: Any) -> Owner:
    """An owner whose privacy mailbox carries its slug."""
    contact = PrivacyContact(email=f"privacy@{slug}.example", phone="+1 530 555 0101")
    return Owner(
        slug=slug, name=name, kind=kind, zone="America/Los_Angeles", regime="ccpa", locale="en",
        privacy_contact=contact, suites=("civicrec",),
        **{"verification": (Rule(right=Right.ACCESS, level=Assurance.REASONABLE),), **terms},
    )  # fmt: skip


CATALOGUE = Catalogue(
    version=5,
    owners={
        "riverton": owner("riverton", "City of Riverton"),
        "lakeside": owner("lakeside", "City of Lakeside", statutory_days=30, challenge_ttl_hours=36),
        "hillcrest": owner("hillcrest", "Town of Hillcrest", verification=()),
        "habeas-custodian": owner("habeas-custodian", "Habeas Civic Software", kind="custodian"),
    },
    clients={
        "lake-portal": program("lake-portal", "lakeside"),
        "city-hall": program("city-hall", "riverton", "lakeside", reauthenticates=True),
        "web": Client(id="web", name="a client that took a door's name", owners=("lakeside",)),
    },
)


class Bus:
    """Stands in for broker and stream: what is sent is decided and shown at once, unless it is ``slow`` or ``gone``."""

    def __init__(self, service: Service, where: Engine, views: "Views") -> None:
        self._service, self._where, self._views = service, where, views
        self.state: dict[str, Any] = {}
        self.sent: list[tuple[str, Fact]] = []
        self.published: list[tuple[str, Draft]] = []
        self.gone = False
        self.slow = False

    async def send(self, command: Fact, *, subject: str, owner: str, person_key: str, id: str, **_: str) -> None:  # noqa: A002
        if self.gone:
            raise BusUnavailable("away")
        self.sent.append((id, command))
        if not self.slow:
            self.happens(command, id=id, subject=subject, owner=owner, person_key=person_key)

    async def publish(self, topic: str, _key: bytes, draft: Draft) -> None:
        if self.gone:
            raise BusUnavailable("away")
        self.published.append((topic, draft))

    def happens(
        self,
        body: Fact,
        *,
        id: str,  # noqa: A002
        subject: str,
        owner: str,
        person_key: str,
        time: datetime | None = None,
    ) -> None:
        """The service answers a cause, and its views show the answer."""
        moment = time or datetime.now(UTC)
        cause = Envelope(
            id=id, source="test", type=body.TYPE, time=moment, subject=subject, owner=owner, partitionkey=person_key
        )
        name = self._service.aggregate(cause)
        state = self.state.get(name, self._service.initial)
        event = self._service.decide(state, Cause(id, moment, subject, owner, body, CATALOGUE))
        if event is None:
            return
        self.state[name] = self._service.evolve(state, event)
        envelope = replace(cause, id=derived_id(self._service.name, id), type=event.TYPE, causationid=id)
        accepted = Accepted(Record("log", 0, len(self.sent), None, b"", moment), envelope, event)
        with writing(self._where) as connection:
            for view in self._service.views:
                view.apply(connection, accepted)
        self._views.waiters.resolve([accepted])
        self._views.bell.ring()


class Views:
    """What the pages see of the projector."""

    def __init__(self) -> None:
        self.waiters, self.bell = Waiters(), Bell()
        self.behind = False

    def expect(self, cause_id: str) -> Waiter:
        return self.waiters.expect(cause_id)

    def about(self, subject: str) -> Waiter:
        return self.waiters.about(subject)

    def changes(self) -> AsyncIterator[None]:
        return self.bell.listen()

    def caught_up(self) -> bool:
        return not self.behind


class Door:
    """One service's floor and application."""

    def __init__(self, service: Service, home: Path) -> None:
        key = SecretBytes(b"k" * 32)
        settings = Settings.model_construct(
            home=home, port_base=8000, port=None, public_url="", database_url="", packages_url="",
            secure_cookies=False, clamd="", kafka_bootstrap_servers="nowhere:1",
            person_secret=key, session_secret=key, master_key=key, product_token=SecretStr("token"),
        )  # fmt: skip
        self.database = engine(settings.database_of(service.name))
        for view in service.views:
            create_tables(self.database, view.metadata)
        self.vault_database = engine(settings.database_of("vault"))
        self.views = Views()
        self.bus = Bus(service, self.database, self.views)
        vault = Vault(self.vault_database, b"k" * 32, service.name)
        self.floor = Floor(
            settings=settings, service=service.name, bus=cast("Any", self.bus),
            vault=vault, blobs=Blobs(f"file://{home}/packages", vault),
            views=cast("Any", self.views), http=cast("Any", None), catalogue=lambda: CATALOGUE, unready=list,
        )  # fmt: skip
        self.app = create(service, lambda: self.floor)

    @asynccontextmanager
    async def client(self, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
        """A client that follows no redirects."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
            yield client


@contextmanager
def door(service: Service, home: Path) -> Iterator[Door]:
    """A door, and its databases closed behind it."""
    made = Door(service, home)
    try:
        yield made
    finally:
        made.database.dispose()
        made.vault_database.dispose()


def received(
    request_id: str, digest: str, *, owner: str = "riverton", code: str = "", **changes: Any
) -> RequestReceived:
    """A request for access whose challenge has this digest, and its code that one."""
    request = Request(
        id=request_id, owner=owner, client="web", channel=Channel.WEB, received_at=NOW, person="person-1",
        orders=(Order(id=f"order-{request_id}", right=Right.ACCESS),), contact="sealed:v1:fulfilment:AAAA",
    ).model_copy(update=changes)  # fmt: skip
    token = "sealed:v1:verification:AAAA"
    return RequestReceived(
        request=request, digest="content", challenge=Challenge(digest=digest, token=token),
        code=Challenge(digest=code, token=token) if code else None,
    )  # fmt: skip
