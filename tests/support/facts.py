"""The cast of the stories about domains: two cities, their products, two handlers, one person. Always the same."""

from datetime import UTC, datetime

from schemas.catalogue import Affiliate, Catalogue, Owner, Rule
from schemas.request import Leaf, Order, Request
from schemas.router import Decision, Instruction
from schemas.vocabulary import Assurance, Channel, Exemption, Outcome, Right
from tests.support.builders import (
    a_challenge,
    a_leaf,
    a_package,
    a_product,
    a_proof,
    a_request,
    an_account,
    an_owner,
    made_digest,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

CHALLENGE = a_challenge(1)
RIGHT_DIGEST, WRONG_DIGEST = CHALLENGE.digest, made_digest("wrong token", 1)
EMAIL_PROOF, NO_PROOF = a_proof(), a_proof(Assurance.NONE)
PACKAGE = a_package(1)

HANDLER, STRANGER = "handler-of-millbrook", "handler-of-ashford"


def city(slug: str, zone: str, suites: tuple[str, ...], attempts: int) -> Owner:
    """A city with one affiliate of its own. Its contract is satisfied with a link, except for letters by post."""
    affiliate = Affiliate(slug=f"{slug}-transit", name=f"{slug.title()} Transit")
    rules = (
        Rule(right=Right.ACCESS, level=Assurance.REASONABLE),
        Rule(channel=Channel.POST, level=Assurance.REASONABLY_HIGH),
    )
    return an_owner(
        slug, zone=zone, suites=suites, affiliates=(affiliate,), challenge_attempts=attempts, verification=rules
    )  # fmt: skip


MILLBROOK = city("millbrook", "America/Chicago", ("civicengage", "civicrec", "civicready"), attempts=3)
ASHFORD = city("ashford", "America/Los_Angeles", ("civicclerk",), attempts=2)

CATALOGUE = Catalogue()
for _entry in (
    MILLBROOK,
    ASHFORD,
    a_product("civicengage"),
    a_product("civicrec"),
    a_product("civicclerk"),
    a_product("civicready", third_party_backed=True, vendor="Beacon Messaging"),
    an_account(1, id=HANDLER, owner="millbrook"),
    an_account(2, id=STRANGER, owner="ashford"),
):
    CATALOGUE = CATALOGUE.with_entry(_entry)


def request(*rights: Right, n: int = 1, owner: str = "millbrook") -> Request:
    """The nth request, for these rights, each after the one before it."""
    return a_request(*rights, n=n, owner=owner, received_at=RECEIVED_AT)


def approved(order: Order) -> Decision:
    """The owner's yes to one order."""
    return Decision(order_id=order.id, approved=True)


def denied(order: Order, exemption: Exemption | None = Exemption.LEGAL_OBLIGATION) -> Decision:
    """The owner's no to one order."""
    return Decision(order_id=order.id, approved=False, exemption=exemption)


def instruction(*decisions: Decision, suites: tuple[str, ...] = ("civicengage", "civicrec")) -> Instruction:
    """A whole instruction of Millbrook's handler: nothing that R04 demands is missing."""
    return Instruction(
        must_comply=True,
        law_limits=False,
        identity_confirmed=True,
        by=HANDLER,
        suites=suites,
        affiliates=("millbrook-transit",),
        decisions=decisions,
    )


def leaf(outcome: Outcome = Outcome.DELIVERED) -> Leaf:
    """What came of one data set."""
    return a_leaf(outcome)
