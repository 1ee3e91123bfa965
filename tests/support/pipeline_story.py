"""A request's whole story without a broker: the real deciders, a made-up world, and a clock that is moved by hand."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib import import_module
from typing import Any

from schemas import topics
from schemas.base import Fact
from schemas.catalogue import Account, Catalogue, Owner, PrivacyContact, Product, Rule
from schemas.cause import Cause, Effect, TimePassed, Wake
from schemas.envelope import Envelope, derived_id
from schemas.executor import PackageMade, TaskFailed, TaskReported
from schemas.intake import Challenge, SubmitRequest
from schemas.notifier import LetterAccepted, LetterRefused
from schemas.request import Leaf, Order, Package, Request
from schemas.router import Decision, Instruction, InstructRequest
from schemas.verifier import KeysDestroyed, PointsCompared, SubmitProof
from schemas.vocabulary import Assurance, Channel, Exemption, Outcome, Right
from services.executor import domain as executor
from services.executor.orders import CallProduct, MakePackage
from services.intake import domain as intake
from services.notifier import domain as notifier
from services.notifier.domain import SendLetter
from services.router import domain as router
from services.runtime.chain import Accepted, Record
from services.verifier import domain as verifier
from services.verifier.owing import DestroyKeys, MatchPoints

BEGIN = datetime(2026, 3, 3, 17, 0, tzinfo=UTC)
SECRET = "the-secret-of-the-letter"
LEAVES = {
    Right.ACCESS: Leaf(data_set="registrations", outcome=Outcome.DELIVERED, found=3, done=3, withheld=("passwords",)),
    Right.DELETE: Leaf(data_set="registrations", outcome=Outcome.ERASED, found=3, done=3),
    Right.OPT_OUT: Leaf(data_set="marketing", outcome=Outcome.OPTED_OUT, found=1, done=1),
}
KEPT = Leaf(data_set="payments", outcome=Outcome.RETAINED, found=2, retained=2, law="Cal. Gov. Code 34090")


def catalogue() -> Catalogue:
    """One city, three products."""
    world = Catalogue()
    for slug, name in (("civicengage", "CivicEngage"), ("civicrec", "CivicRec"), ("seeclickfix", "SeeClickFix")):
        world = world.with_entry(Product(slug=slug, name=name, base_url="http://127.0.0.1:1"))
    contact = PrivacyContact(email="privacy@alder-falls.example", phone="+1 530 555 0101")
    for slug, name, kind in (
        ("alder-falls", "City of Alder Falls", "city"),
        ("habeas-custodian", "Habeas Civic Software", "custodian"),
    ):
        owner = Owner(
            slug=slug, name=name, kind=kind, zone="America/Los_Angeles", regime="ccpa", locale="en",
            privacy_contact=contact, suites=("civicengage", "civicrec", "seeclickfix"),
            verification=(Rule(right=Right.ACCESS, level=Assurance.REASONABLE),),
        )  # fmt: skip
        world = world.with_entry(owner)
    return world


class Story:
    """One request on its way. ``accepted`` is what the logs hold, in the order in which it was written."""

    def __init__(
        self,
        name: str = "one",
        *rights: Right,
        begin: datetime = BEGIN,
        silent: str = "",
        bounced: bool = False,
        last_bounce: bool = False,
    ) -> None:
        self.id, self.now = derived_id("story", name), begin
        self.accepted: list[Accepted] = []
        self._silent, self._bounced, self._last_bounce = silent, bounced, last_bounce
        self._domains = {service: import_module(f"services.{service}.domain") for service in topics.SERVICES}
        self._states: dict[str, Any] = {
            "intake": intake.Person(),
            "verifier": verifier.Unchallenged(),
            "router": router.Unrouted(),
            "executor": executor.Idle(),
            "notifier": notifier.Correspondence(),
        }
        self._done: set[str] = set()
        self._sent: deque[tuple[str, Envelope, Fact]] = deque()
        self._correlation: dict[str, str] = {}
        self._policies = _with_handler(catalogue())
        self.request = _request(self.id, rights or (Right.DELETE,), begin)

    def submit(self) -> "Story":
        """The person asks."""
        challenge = Challenge(digest=sha256(SECRET.encode()).hexdigest(), token=f"sealed:v1:verification:{'t' * 40}")
        return self._tell("intake", SubmitRequest(request=self.request, digest="d" * 64, challenge=challenge))

    def prove(self, secret: str = SECRET, *, after: timedelta = timedelta(hours=3)) -> "Story":
        """The person answers the letter."""
        self.now += after
        return self._tell("verifier", SubmitProof(digest=sha256(secret.encode()).hexdigest()))

    def instruct(self, *, refuse: Iterable[Right] = (), after: timedelta = timedelta(days=2)) -> "Story":
        """The owner's representative decides."""
        self.now += after
        decisions = tuple(
            Decision(order_id=order.id, approved=False, exemption=Exemption.LEGAL_OBLIGATION)
            if order.right in set(refuse)
            else Decision(order_id=order.id, approved=True)
            for order in self.request.orders
        )
        instruction = Instruction(
            must_comply=True, law_limits=False, identity_confirmed=True, by="handler",
            suites=("civicengage", "civicrec", "seeclickfix"), decisions=decisions,
        )  # fmt: skip
        return self._tell("router", InstructRequest(instruction=instruction))

    def expire(self) -> "Story":
        """Nobody answers the letter in time."""
        self.now += timedelta(days=8)
        self._sent.append(
            ("notifier", Envelope(id="-", source="-", type="-", time=self.now), TimePassed(effect_id="-"))
        )
        return self._run()

    def _tell(self, service: str, body: Fact, cause_id: str = "", correlation: str = "") -> "Story":
        cause_id = cause_id or derived_id("command", self.id, str(len(self.accepted)))
        envelope = Envelope(
            id=cause_id, source="test", type=body.TYPE, time=self.now, subject=self.id, owner="alder-falls",
            correlationid=correlation or cause_id, partitionkey=self.request.person,
        )  # fmt: skip
        self._sent.append((service, envelope, body))
        return self._run()

    def _run(self) -> "Story":
        """Until nothing moves any more: every message read by all its readers, every effect done that is due."""
        while self._sent:
            self._answer(*self._sent.popleft())
            if not self._sent and (owed := self._next_effect()) is not None:
                service, effect = owed
                self._done.add(effect.id)
                self.now = max(self.now, effect.not_before or self.now) + timedelta(milliseconds=40)
                correlation = self._correlation[service]
                result = self._result(effect)
                envelope = Envelope(
                    id=derived_id(service, effect.id, "result"), source=service, type=result.TYPE, time=self.now,
                    subject=self.id, owner="alder-falls", correlationid=correlation, partitionkey=self.request.person,
                )  # fmt: skip
                self._sent.append((service, envelope, result))
        return self

    def _answer(self, service: str, envelope: Envelope, body: Fact) -> None:
        domain = self._domains[service]
        cause = Cause(envelope.id, envelope.time, self.id, envelope.owner, body, self._policies)
        event = domain.decide(self._states[service], cause)
        if event is None:
            return
        self._states[service] = domain.evolve(self._states[service], event)
        self.now += timedelta(milliseconds=7)
        written = self._write(service, envelope, event)
        self._correlation[service] = written.envelope.correlationid
        for reader in topics.BY_NAME[topics.events(service)].readers:
            if reader in topics.SERVICES and reader != service:
                self._sent.append((reader, written.envelope, event))

    def _write(self, service: str, cause: Envelope, event: Fact) -> Accepted:
        topic = topics.events(service)
        offset = sum(one.record.topic == topic for one in self.accepted)
        trace = sha256(cause.correlationid.encode()).hexdigest()
        envelope = replace(
            cause,
            id=derived_id(service, cause.id),
            source=service,
            type=event.TYPE,
            causationid=cause.id,
            traceparent=f"00-{trace[:32]}-{trace[32:48]}-01",
            data=event.model_dump(mode="json", exclude_none=True),
            hash=derived_id("hash", service, cause.id),
        )
        accepted = Accepted(Record(topic, 2, offset, b"key", b"", self.now), envelope, event)
        self.accepted.append(accepted)
        return accepted

    def _next_effect(self) -> tuple[str, Effect] | None:
        owed: list[tuple[datetime, str, Effect]] = []
        for service, domain in self._domains.items():
            for each in domain.due(self._states[service]) if hasattr(domain, "due") else ():
                when = each.not_before or BEGIN
                if each.id not in self._done and not (isinstance(each, Wake) and when > self.now):
                    owed.append((when, service, each))
        return min(owed, key=lambda each: each[0])[1:] if owed else None

    def _result(self, effect: Effect) -> Fact:
        match effect:
            case CallProduct(id=id_, task=task) if task.product == self._silent and task.attempt < 3:
                return TaskFailed(
                    effect_id=id_, task_id=task.id, attempt=task.attempt, reason="timed_out", retryable=True
                )
            case CallProduct(id=id_, task=task, right=right):
                leaves = (LEAVES[right], KEPT) if task.product == "civicrec" else (LEAVES[right],)
                return TaskReported(effect_id=id_, task_id=task.id, attempt=task.attempt, leaves=leaves)
            case MakePackage(id=id_, order=order):
                package = Package(ref="package.zip", sha256="e" * 64, size=2048)
                return PackageMade(effect_id=id_, order_id=order.id, package=package)
            case SendLetter(id=id_, letter=letter, attempt=attempt) if self._bounced and letter.kind == "receipt":
                return LetterRefused(
                    effect_id=id_, letter_id=letter.id, attempt=attempt, reason="550", permanent=self._last_bounce
                )
            case SendLetter(id=id_, letter=letter, attempt=attempt):
                return LetterAccepted(effect_id=id_, letter_id=letter.id, attempt=attempt)
            case MatchPoints():
                return PointsCompared(effect_id=effect.id, matched=0)
            case DestroyKeys(purposes=purposes):
                return KeysDestroyed(effect_id=effect.id, purposes=purposes)
            case _:
                return TimePassed(effect_id=effect.id)


def _with_handler(world: Catalogue) -> Catalogue:
    return world.with_entry(
        Account(
            id="handler",
            login="l",
            owner="alder-falls",
            roles=("handler",),
            name=f"sealed:v1:record:{'n' * 20}",
            password_hash="",
        )
    )


def _request(request_id: str, rights: tuple[Right, ...], begin: datetime) -> Request:
    orders: list[Order] = []
    for right in rights:
        after = orders[-1].id if orders and right is Right.DELETE else None
        orders.append(Order(id=derived_id("order", request_id, right), right=right, after=after))
    return Request(
        id=request_id, owner="alder-falls", client="web", channel=Channel.WEB, received_at=begin,
        person=sha256(request_id.encode()).hexdigest(), orders=tuple(orders),
        contact=f"sealed:v1:fulfilment:{'c' * 60}",
    )  # fmt: skip
