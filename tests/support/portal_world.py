"""Two owners, their requests and the portal over them: everything real but Kafka."""

import asyncio
import threading
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import httpx
from fastapi import FastAPI
from pydantic import SecretBytes

from schemas.acts import Act
from schemas.base import Fact
from schemas.catalogue import Catalogue, Entry
from schemas.cause import Cause, TimePassed, Wake
from schemas.envelope import Draft, derived_id, sealed
from schemas.executor import OrderCompleted, PackageMade, TaskFailed, TaskReported
from schemas.intake import SignalRecorded
from schemas.request import Contact, Correction, Leaf, Order, Package, Proof, Request
from schemas.router import Decision, Instruction, InstructRequest, OwnerInstructed
from schemas.topics import ACTS as ACTS_TOPIC
from schemas.topics import events
from schemas.verifier import IdentityVerified, VerificationExpired
from schemas.vocabulary import Assurance, Channel, Method, Outcome, Right
from services.executor import domain as executor
from services.executor.orders import CallProduct, MakePackage
from services.router import domain as router
from services.router.consents import CONSENTS, Register
from services.router.portal.desk import Desk
from services.router.processor import ROUTER
from services.router.reading import Cases
from services.router.views import ACTS, CASES
from services.runtime.acts import draft
from services.runtime.answer import written
from services.runtime.blobs import Blobs
from services.runtime.bus import BusUnavailable
from services.runtime.catalogue import Change
from services.runtime.chain import Record
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.folder import Folder
from services.runtime.person import person_key
from services.runtime.settings import Settings
from services.runtime.vault import Vault
from services.runtime.waiting import Bell, Waiter, Waiters
from services.runtime.web.app import create
from services.runtime.web.desk import Desk as SignInDesk
from tests.support import portal_people
from tests.support.portal_people import QUICK, SECRET

ORIGIN = "http://portal.test"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
DOMAINS: dict[str, Any] = {"router": router, "executor": executor}
INITIAL: dict[str, Any] = {"router": router.Unrouted(), "executor": executor.Idle()}

Answer = tuple[Leaf, ...] | str | None
"""What a product says: leaves, the code of a failure, or nothing yet."""


class World:
    """Everything a portal process stands on, in ``folder``. ``product`` answers for all products."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings.model_construct(
            home=folder, session_secret=SecretBytes(b"s" * 32), person_secret=SecretBytes(SECRET),
            secure_cookies=False, database_url="", environment="demo",
        )  # fmt: skip
        self.vault_database = engine(f"sqlite:///{folder}/sql/vault.db")
        self.vault = Vault(self.vault_database, b"m" * 32, "router")
        self.blobs = Blobs(f"file://{folder}/packages", self.vault)
        self.catalogue = portal_people.catalogue(self.vault)
        self.waiters, self.bell = Waiters(), Bell()
        self.folder = Folder(engine(self.settings.database_of("router")), CASES)
        self.folder.load([(events(service), 0) for service in DOMAINS])
        self.consents = Folder(engine(self.settings.database_of("router")), CONSENTS)
        self.consents.load([(topic, 0) for topic in CONSENTS.topics])
        self.states: dict[tuple[str, str], Any] = {}
        self.acts_folder = Folder(engine(self.settings.database_of("router")), ACTS)
        self.acts_folder.load([(ACTS_TOPIC, 0)])
        self.acts: list[Act] = []
        self.heads = dict.fromkeys((*map(events, DOMAINS), ACTS_TOPIC, events("intake")), ("", -1))
        self.now = datetime.now(UTC)
        self.sent: list[tuple[Fact, dict[str, str]]] = []
        self.silent = self.broken = self.closed = False
        self.product: Callable[[CallProduct], Answer] = lambda _: (
            Leaf(data_set="accounts", outcome=Outcome.NOT_FOUND),
        )

    # -- what happens

    def request(
        self,
        owner_slug: str = "alder",
        rights: Sequence[Right] = (Right.ACCESS,),
        *,
        name: str = "Maria Delgado",
        email: str = "maria@mail.example",
        phone: str | None = "+12025550123",
        days_ago: int = 3,
        corrections: Sequence[Correction] = (),
        number: int = 0,
    ) -> Request:
        """A request as it comes from intake, its person sealed."""
        id_ = derived_id("request", owner_slug, name, str(number), *rights)
        self.vault.prepare(id_)
        orders: list[Order] = []
        for place, right in enumerate(rights):
            orders.append(Order(id=derived_id(id_, str(place)), right=right, after=orders[-1].id if orders else None))
        contact = Contact(name=name, email=email, phone=phone)
        return Request(
            id=id_, owner=owner_slug, client="web", channel=Channel.WEB,
            received_at=self.now - timedelta(days=days_ago), person=person_key(SECRET, owner_slug, email),
            orders=tuple(orders), contact=self.vault.seal_model(id_, "fulfilment", "contact", contact),
            corrections=self.vault.seal_model(id_, "fulfilment", "corrections", list(corrections))
            if corrections else None,
        )  # fmt: skip

    def route(self, owner_slug: str = "alder", rights: Sequence[Right] = (Right.ACCESS,), **more: Any) -> Request:
        """A request whose identity has been settled, with its owner."""
        return self.arrive(self.request(owner_slug, rights, **more))

    def arrive(self, request: Request, proof: Proof | None = None, unproved: Sequence[Order] = ()) -> Request:
        """A request comes to its owner, two hours after its receipt; proved as most are, if nothing else is said."""
        needs_none = {order.right for order in request.orders} <= {Right.OPT_OUT, Right.LIMIT}
        usual = (
            Proof(level=Assurance.NONE, method=Method.NOT_NEEDED)
            if needs_none
            else Proof(level=Assurance.REASONABLE, method=Method.EMAIL_LINK)
        )
        verified = IdentityVerified(request=request, proof=proof or usual, unproved=tuple(unproved))
        at = request.received_at + timedelta(hours=2)
        self.tell("router", derived_id("verified", request.id), request, verified, at)
        return request

    def signal(self, owner_slug: str, person: str, *, anonymous: bool = False) -> None:
        """A browser says that it opts out; intake writes it down."""
        said = SignalRecorded(person=person, anonymous=anonymous)
        head, offset = self.heads[events("intake")]
        draft_ = Draft(
            id=derived_id("signal", owner_slug, person), source="intake", type=said.TYPE, time=written(self.now),
            owner=owner_slug, partitionkey=person, data=said.model_dump_json().encode(),
            extra={"parent": head, "position": ""},
        )  # fmt: skip
        raw, head = sealed(draft_.encode())
        self.heads[events("intake")] = (head, offset + 1)
        self.consents.apply([Record(events("intake"), 0, offset + 1, None, raw, self.now)], _refuse)

    def expire(self, request: Request) -> None:
        """A request that nobody confirmed."""
        self.tell("router", derived_id("expired", request.id), request, VerificationExpired(request=request), self.now)

    def tell(self, service: str, cause_id: str, request: Request, body: Fact, at: datetime) -> None:
        """One cause to one service: its event into the log and the view, and whatever follows from it."""
        domain, place = DOMAINS[service], (service, request.id)
        state = self.states.get(place, INITIAL[service])
        event = domain.decide(state, Cause(cause_id, at, request.id, request.owner, body, self.catalogue))
        if event is None:
            return
        self.states[place] = domain.evolve(state, event)
        self.write(service, cause_id, request, event, at)
        own = derived_id(service, cause_id)
        if isinstance(event, OwnerInstructed):
            self.tell("executor", own, request, event, at)
        if isinstance(event, OrderCompleted):
            self.tell("router", own, request, event, at)
        self.work(service, request, at)

    def work(self, service: str, request: Request, at: datetime) -> None:
        """Does the effects the state owes, once each; what a product does not answer stays owed."""
        for effect in list(DOMAINS[service].due(self.states[service, request.id])):
            later = at + timedelta(minutes=7)
            done = derived_id("result", effect.id)
            match effect:
                case Wake(id=id_):
                    self.tell(service, done, request, TimePassed(effect_id=id_), later)
                    return
                case CallProduct(task=task) if effect.not_before is None:
                    said = self.product(effect)
                    if said is None:
                        continue
                    named = {"effect_id": effect.id, "task_id": task.id, "attempt": task.attempt}
                    body = (
                        TaskFailed(**named, reason=said, retryable=said != "gone")
                        if isinstance(said, str)
                        else TaskReported(**named, leaves=said)
                    )
                    self.tell(service, done, request, body, later)
                    return
                case MakePackage(order=order):
                    made = PackageMade(effect_id=effect.id, order_id=order.id, package=self.package(request, order.id))
                    self.tell(service, done, request, made, later)
                    return

    def package(self, request: Request, order_id: str) -> Package:
        """A small ZIP in the store."""
        file = BytesIO()
        with zipfile.ZipFile(file, "w") as zipped:
            zipped.writestr("data.json", '{"name": "PACKAGE-CANARY"}')
        coming = self.blobs.write(request.id, f"package-{order_id}.zip", file.getvalue())
        ref, digest, size = _now(coming)
        return Package(ref=ref, sha256=digest, size=size)

    def write(self, service: str, cause_id: str, request: Request, event: Fact, at: datetime) -> None:
        """The event as the next record of the chain, folded by the view; who waits for it is woken."""
        topic = events(service)
        head, offset = self.heads[topic]
        draft = Draft(
            id=derived_id(service, cause_id), source=service, type=event.TYPE, time=written(at), subject=request.id,
            causationid=cause_id, correlationid=request.id, owner=request.owner, partitionkey=request.person,
            data=event.model_dump_json(exclude_none=True).encode(), extra={"parent": head, "position": ""},
        )  # fmt: skip
        raw, head = sealed(draft.encode())
        self.heads[topic] = (head, offset + 1)
        accepted = self.folder.apply([Record(topic, 0, offset + 1, None, raw, at)], _refuse)
        self.consents.apply([Record(topic, 0, offset + 1, None, raw, at)], _refuse)
        self.waiters.resolve(accepted)
        self.bell.ring()

    # -- what a portal process sees of it

    def expect(self, cause_id: str) -> Waiter:
        """As the projector does."""
        return self.waiters.expect(cause_id)

    def about(self, subject: str) -> Waiter:
        return self.waiters.about(subject)

    def changes(self) -> AsyncIterator[None]:
        """As the projector does."""
        return self.bell.listen()

    async def send(self, command: Fact, **envelope: str) -> None:
        """As the bus does: the router answers at once, unless it is ``silent`` or the bus is ``broken``."""
        if self.broken:
            raise BusUnavailable("TimeoutError")
        self.sent.append((command, envelope))
        if self.silent or envelope["to"] != "router":
            return
        state = self.states[envelope["to"], envelope["subject"]]
        request = state.request if hasattr(state, "request") else None
        if request is not None:
            await asyncio.to_thread(self._take, request, envelope["id"], command)

    async def amend(self, change: Change) -> int:
        """As the catalogue's replica does."""
        changed = [entry for entry in change(self.catalogue) if entry not in _shelf(self.catalogue, entry)]
        for entry in changed:
            self.catalogue = self.catalogue.with_entry(entry)
        return len(changed)

    async def record(self, act: Act) -> None:
        """As the recorder does; the view shows it at once. Nothing is recorded while the log is ``closed``."""
        if self.closed:
            raise BusUnavailable("TimeoutError")
        await asyncio.to_thread(self._show, act)

    def _show(self, act: Act) -> None:
        head, offset = self.heads[ACTS_TOPIC]
        composed = draft(act, "router", datetime.now(UTC), "", head)
        raw, head = sealed(replace(composed, extra={"parent": head}).encode())
        self.heads[ACTS_TOPIC] = (head, offset + 1)
        self.acts.append(act)
        self.acts_folder.apply([Record(ACTS_TOPIC, 0, offset + 1, None, raw, datetime.now(UTC))], _refuse)

    def _take(self, request: Request, cause_id: str, command: Fact) -> None:
        self.tell("router", cause_id, request, command, datetime.now(UTC))

    def floor(self) -> Floor:
        """The floor under the pages."""
        return Floor(
            settings=self.settings, service="router", bus=cast(Any, self), vault=self.vault, blobs=self.blobs,
            views=cast(Any, self), http=cast(Any, None), catalogue=lambda: self.catalogue, amend=self.amend,
            record=self.record, unready=list,
        )  # fmt: skip

    def app(self) -> FastAPI:
        """The router's own application, with a sign-in that costs no time."""
        app = create(ROUTER, self.floor)
        app.state.sign_in_desk = SignInDesk(self.floor(), QUICK)
        return app

    def desk(self, account: str) -> Desk:
        """An account's desk, without a request."""
        known = self.catalogue.accounts[account]
        database = engine(self.settings.database_of("router"))
        owner = self.catalogue.owners[known.owner]
        return Desk(self.floor(), known, owner, Cases(database), Register(database), self.now)

    def instruct(self, request: Request, by: str) -> None:
        """A whole instruction, past the portal. Call it from another thread where a loop runs."""
        decisions = tuple(Decision(order_id=order.id, approved=True) for order in request.orders)
        said = Instruction(
            must_comply=True, law_limits=False, identity_confirmed=True, by=by,
            suites=("civicengage", "civicrec"), decisions=decisions,
        )  # fmt: skip
        self._take(request, derived_id("instructed", request.id), InstructRequest(instruction=said))

    @asynccontextmanager
    async def visitor(self) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody who is not signed in."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app()), base_url=ORIGIN) as asking:
            yield asking

    @asynccontextmanager
    async def clerk(self, owner_slug: str = "alder", role: str = "handler") -> AsyncIterator[httpx.AsyncClient]:
        """Somebody signed in, with the token that instructions need."""
        async with self.visitor() as asking:
            who = {"email": f"{role}@{owner_slug}.example", "password": f"{owner_slug}-{role}"}
            answer = await asking.post("/portal/api/session", json=who)
            answer.raise_for_status()
            asking.headers["X-CSRF-Token"] = answer.json()["csrf"]
            yield asking


def approval(request: Request, *, approve: bool = True, **more: Any) -> dict[str, Any]:
    """A whole instruction as JSON."""
    decisions = [
        {"order_id": order.id, "approved": True} if approve
        else {"order_id": order.id, "approved": False, "exemption": "legal_obligation"}
        for order in request.orders
    ]  # fmt: skip
    whole = {
        "must_comply": True,
        "law_limits": False,
        "identity_confirmed": True,
        "suites": ["civicengage", "civicrec"],
    }
    return whole | {"decisions": decisions} | more


def _shelf(catalogue: Catalogue, entry: Entry) -> list[Entry]:
    shelves = (catalogue.owners, catalogue.products, catalogue.accounts, catalogue.clients)
    return [one for shelf in shelves for one in shelf.values() if type(one) is type(entry)]


def _now(coming: Any) -> Any:
    """Runs a coroutine from a thread or before there is a loop."""
    outcome: list[Any] = []
    thread = threading.Thread(target=lambda: outcome.append(asyncio.run(coming)))
    thread.start()
    thread.join()
    return outcome[0]


def _refuse(record: Record, code: str, place: str) -> None:
    raise AssertionError(f"the view refused {record.topic}@{record.offset}: {code} {place}")
