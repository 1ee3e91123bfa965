"""Made-up people, requests, catalogues and causes: different things never share an id or a digest by accident.

Everything follows from a number. Leave it out and each call makes another thing; give it and get the same one again.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256, shake_256
from itertools import count
from typing import Any, TypeVar

from schemas.base import Fact
from schemas.catalogue import Account, Affiliate, Catalogue, Client, Entry, Owner, PrivacyContact, Product, Rule
from schemas.cause import Cause
from schemas.envelope import derived_id
from schemas.intake import Challenge
from schemas.request import Leaf, Order, OrderResult, Package, Proof, Request, TaskResult
from schemas.vocabulary import Assurance, Channel, Method, Outcome, Right

F = TypeVar("F", bound=Fact)

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
"""A Monday, 9:30 in California."""

OWNER, OTHER_OWNER = "alder-falls", "brookhaven"

_numbers = count(1000)


def number(n: int | None) -> int:
    """``n``, or a number that nobody has had yet."""
    return next(_numbers) if n is None else n


def made_id(kind: str, n: int | None = None) -> str:
    """The id of the nth thing of a kind."""
    return derived_id("made-up", kind, str(number(n)))


def made_digest(kind: str, n: int | None = None) -> str:
    """The SHA-256 that the nth thing of a kind would have."""
    return sha256(f"made-up {kind} {number(n)}".encode()).hexdigest()


def sealed_text(purpose: str, field: str, n: int | None = None) -> str:
    """Looks sealed, and opens under no key. Use the vault where a test opens it."""
    noise = shake_256(f"{purpose} {field} {number(n)}".encode()).digest(48)
    return f"sealed:v1:{purpose}:{urlsafe_b64encode(noise).decode().rstrip(chr(61))}"


def changed(fact: F, **changes: Any) -> F:
    """The same fact with some fields changed, checked anew. Raises TypeError for a field it does not have."""
    unknown = changes.keys() - type(fact).model_fields.keys()
    if unknown:
        raise TypeError(f"{type(fact).__name__} has no {', '.join(sorted(unknown))}")
    return type(fact).model_validate({**dict(fact), **changes})


def a_request(*rights: Right, n: int | None = None, **changes: Any) -> Request:
    """A request for ``rights`` (access alone if none is named), each order after the one before it (R08)."""
    n = number(n)
    identity = made_id("request", n)
    request = Request(
        id=identity,
        owner=OWNER,
        client="web",
        channel=Channel.WEB,
        received_at=NOW + timedelta(seconds=n),
        person=made_digest("person", n),
        orders=orders(identity, rights or (Right.ACCESS,)),
        contact=sealed_text("fulfilment", "contact", n),
        corrections=sealed_text("fulfilment", "corrections", n) if Right.CORRECT in rights else None,
    )
    return changed(request, **changes)


def orders(request_id: str, rights: Iterable[Right]) -> tuple[Order, ...]:
    """One order per right, each after the one before it."""
    made: list[Order] = []
    for right in rights:
        after = made[-1].id if made else None
        made.append(Order(id=derived_id("made-up", "order", request_id, right), right=right, after=after))
    return tuple(made)


def order_of(request: Request, right: Right) -> Order:
    """The request's order for a right. Raises StopIteration where it has none."""
    return next(order for order in request.orders if order.right is right)


def a_challenge(n: int | None = None) -> Challenge:
    """A secret's digest, and what looks like the secret, sealed."""
    n = number(n)
    return Challenge(digest=made_digest("token", n), token=sealed_text("verification", "token", n))


def a_proof(level: Assurance = Assurance.REASONABLE) -> Proof:
    """Proof by a link in a letter; of no level, by none."""
    return Proof(level=level, method=Method.NOT_NEEDED if level is Assurance.NONE else Method.EMAIL_LINK)


def a_leaf(outcome: Outcome = Outcome.DELIVERED, data_set: str = "registrations", **changes: Any) -> Leaf:
    """What happened to one data set: three records found, and done unless they were retained or not found."""
    counts = {Outcome.NOT_FOUND: (0, 0, 0), Outcome.RETAINED: (3, 0, 3)}.get(outcome, (3, 3, 0))
    found, done, retained = counts
    law = "Cal. Gov. Code 34090" if outcome is Outcome.RETAINED else None
    leaf = Leaf(data_set=data_set, outcome=outcome, found=found, done=done, retained=retained, law=law)
    return changed(leaf, **changes)


def a_task_result(*leaves: Leaf, n: int | None = None, product: str = "civicrec") -> TaskResult:
    """How a task ended, at the first attempt."""
    n = number(n)
    return TaskResult(
        id=made_id("task", n),
        product=product,
        attempt=1,
        leaves=leaves or (a_leaf(),),
        evidence=made_digest("reply", n),
    )


def a_package(n: int | None = None) -> Package:
    """Where a package would lie."""
    n = number(n)
    return Package(ref=f"{made_id('request', n)}/access.zip", sha256=made_digest("package", n), size=48_213 + n)


def an_order_result(order: Order, *tasks: TaskResult, **changes: Any) -> OrderResult:
    """How an order ended; one task of one data set if none is given."""
    result = OrderResult(order_id=order.id, right=order.right, tasks=tasks or (a_task_result(),))
    return changed(result, **changes)


def an_owner(slug: str = OWNER, **changes: Any) -> Owner:
    """A city with two suites and one affiliate."""
    owner = Owner(
        slug=slug,
        name=f"City of {slug.replace('-', ' ').title()}",
        kind="city",
        zone="America/Los_Angeles",
        regime="ccpa-contract",
        locale="en",
        privacy_contact=PrivacyContact(email=f"privacy@{slug}.example", phone="+1 530 555 0101"),
        suites=("civicrec", "civicready"),
        verification=(Rule(right=Right.ACCESS, level=Assurance.REASONABLE),),
        affiliates=(Affiliate(slug=f"{slug}-library", name="Public Library"),),
    )
    return changed(owner, **changes)


def a_product(slug: str = "civicrec", **changes: Any) -> Product:
    """A product of the custodian's own. Change ``third_party_backed`` and ``vendor`` for one that is not."""
    return changed(Product(slug=slug, name=slug.title(), base_url=f"http://{slug}.test"), **changes)


def an_account(n: int | None = None, **changes: Any) -> Account:
    """A handler of an owner. Nobody can sign in with it: its password has no hash that any password fits."""
    n = number(n)
    account = Account(
        id=made_id("account", n),
        login=made_digest("login", n),
        owner=OWNER,
        roles=("handler",),
        name=sealed_text("record", "name", n),
        password_hash="!",
    )
    return changed(account, **changes)


def a_client(slug: str = "permit-portal", **changes: Any) -> Client:
    """An upstream system of one owner."""
    return changed(Client(id=slug, name="Permit portal", owners=(OWNER,)), **changes)


def a_catalogue(*more: Entry) -> Catalogue:
    """Two owners and their products, one of which rests on a third party; then ``more``, which may replace them."""
    ready = a_product("civicready", third_party_backed=True, vendor="Beacon Messaging")
    catalogue = Catalogue()
    for entry in (an_owner(), an_owner(OTHER_OWNER), a_product(), ready, *more):
        catalogue = catalogue.with_entry(entry)
    return catalogue


def a_cause(
    body: Fact,
    *,
    request: Request,
    n: int | None = None,
    time: datetime = NOW,
    policies: Catalogue | None = None,
) -> Cause:
    """A message about ``request``, as a domain is handed it."""
    policies = a_catalogue() if policies is None else policies
    return Cause(made_id("cause", n), time, request.id, request.owner, body, policies)
