"""Who may vouch for somebody: the owner, the custodian's staff where the owner says so, a client of theirs."""

import pytest
from pydantic import TypeAdapter

from schemas.catalogue import Catalogue, Client, Rule
from schemas.intake import RequestReceived
from schemas.request import Request
from schemas.verifier import (
    AttestIdentity,
    ChallengeIssued,
    IdentityAttested,
    IdentityVerified,
    ProofRejected,
    SubmitProof,
)
from schemas.vocabulary import Assurance, Channel, Method, Right
from services.verifier import domain
from tests.support.builders import a_challenge, a_product, an_account, an_owner, changed
from tests.support.dsl import Decider, Given
from tests.support.facts import NOON, request

given = Decider(domain.Unchallenged(), domain.decide, domain.evolve, TypeAdapter(domain.State), domain.due).given
TRUSTING = Rule(right=Right.DELETE, level=Assurance.REASONABLE, methods=(Method.EMAIL_LINK, Method.ATTESTATION))


def world(*rules: Rule) -> Catalogue:
    """Two owners, the custodian's telephone desk, and two clients."""
    catalogue = Catalogue()
    for entry in (
        an_owner("millbrook", verification=rules),
        an_owner("ashford"),
        an_owner("custodian", kind="custodian"),
        a_product(),
        an_account(1, id="handler", owner="millbrook"),
        an_account(2, id="reader", owner="millbrook", roles=("reader",)),
        an_account(3, id="left", owner="millbrook", deactivated=True),
        an_account(4, id="stranger", owner="ashford"),
        an_account(5, id="desk", owner="custodian", roles=("phone-desk",)),
        Client(id="portal", name="Portal", owners=("millbrook",), reauthenticates=True),
        Client(id="feed", name="Feed", owners=("millbrook",)),
        Client(id="elsewhere", name="Elsewhere", owners=("ashford",), reauthenticates=True),
    ):
        catalogue = catalogue.with_entry(entry)
    return catalogue


def asked(*rights: Right, **changes: object) -> Request:
    return changed(request(*(rights or (Right.DELETE,))), **changes)


def challenged(what: Request, policies: Catalogue) -> Given:
    received = RequestReceived(request=what, digest="d", challenge=a_challenge(1))
    return given().when(received, policies=policies).then_some(ChallengeIssued)[1]


@pytest.mark.requirement("R34")
@pytest.mark.requirement("R41")
def test_who_decides_for_the_owner_may_vouch_for_anybody_who_asks_it() -> None:
    said, _ = (
        challenged(asked(Right.ACCESS), world())
        .when(AttestIdentity(by="handler"), policies=world())
        .then_some(IdentityVerified)
    )
    assert (said.proof.level, said.proof.method) == (Assurance.REASONABLY_HIGH, Method.ATTESTATION)


@pytest.mark.requirement("R34")
@pytest.mark.parametrize("by", ["reader", "left", "stranger", "desk", "nobody", "portal"])
def test_nobody_else_may(by: str) -> None:
    refused = ProofRejected(attempts_left=5, reason="not_permitted")
    story = challenged(asked(), world()).when(AttestIdentity(by=by), policies=world()).then(refused)
    story.when(SubmitProof(digest=a_challenge(1).digest), policies=world()).then_some(IdentityVerified)


@pytest.mark.requirement("R33")
def test_staff_may_for_what_they_took_in_where_the_owner_says_so() -> None:
    called = asked(entered_by="desk", channel=Channel.PHONE)
    word = AttestIdentity(by="desk")
    trusting = world(TRUSTING)
    challenged(called, trusting).when(word, policies=trusting).then_some(IdentityVerified)
    for other in (
        changed(called, entered_by="handler"),
        changed(called, channel=Channel.WEB),
        asked(Right.DELETE, Right.CORRECT, entered_by="desk", channel=Channel.PHONE),
    ):
        challenged(other, trusting).when(word, policies=trusting).then_some(ProofRejected)
    challenged(called, world()).when(word, policies=world()).then_some(ProofRejected)


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(
    ("sent_by", "says", "counts"),
    [
        ("portal", "portal", True), ("feed", "portal", False), ("feed", "feed", False),
        ("elsewhere", "elsewhere", False), ("portal", "handler", False),
    ],
)  # fmt: skip
def test_a_client_may_say_that_its_account_holder_signed_in_anew(sent_by: str, says: str, counts: bool) -> None:
    word = AttestIdentity(by=says, method=Method.REAUTHENTICATION)
    story = challenged(asked(Right.ACCESS, client=sent_by), world()).when(word, policies=world())
    story.then_some(IdentityVerified if counts else ProofRejected)


@pytest.mark.requirement("R34")
@pytest.mark.parametrize("method", sorted(set(Method) - {Method.ATTESTATION, Method.REAUTHENTICATION}))
def test_nothing_else_can_be_vouched(method: Method) -> None:
    word = AttestIdentity(by="handler", method=method)
    challenged(asked(), world()).when(word, policies=world()).then_some(ProofRejected)


@pytest.mark.requirement("R33")
def test_a_word_that_is_faster_than_the_request_waits_for_it() -> None:
    early = given().when(AttestIdentity(by="handler")).then(IdentityAttested(by="handler"))
    received = RequestReceived(request=asked(Right.ACCESS), digest="d", challenge=a_challenge(1))
    said, _ = early.when(received, at=NOON, policies=world()).then_some(IdentityVerified)
    assert said.proof.method is Method.ATTESTATION


@pytest.mark.requirement("R34")
def test_an_early_word_of_somebody_who_may_not_leaves_the_request_as_any_other() -> None:
    early = given().when(AttestIdentity(by="stranger")).then_some(IdentityAttested)[1]
    received = RequestReceived(request=asked(), digest="d", challenge=a_challenge(1))
    early.when(received, policies=world()).then_some(ChallengeIssued)
