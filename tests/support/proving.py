"""One request from its arrival to the decision about identity, by what is proved: a row of the decision table, run."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.catalogue import Catalogue, Client, Rule
from schemas.cause import Cause, TimePassed
from schemas.intake import RequestReceived
from schemas.request import Agent, Attachment, Request
from schemas.verifier import (
    AttestIdentity,
    EvidenceNeeded,
    EvidenceTaken,
    IdentityVerified,
    PointsCompared,
    SubmitEvidence,
    SubmitProof,
)
from schemas.vocabulary import Assurance, Basis, Channel, Method, Right, Sensitivity
from services.verifier import domain
from services.verifier.case import Challenged, Gathering
from services.verifier.challenging import brought
from services.verifier.levels import level_met
from services.verifier.policy import needs_of
from tests.support.builders import a_catalogue, a_challenge, a_product, a_request, an_account, an_owner, sealed_text
from tests.support.facts import NOON

LINK, CODE = a_challenge(1), a_challenge(2)
HANDLER, CLIENT = "handler", "resident-portal"
AT_ONCE, AHEAD, CATEGORIES, NOT = "at once", "goes ahead", "as categories", "not verified"
STATE = TypeAdapter(domain.State)


@dataclass(frozen=True)
class Row:
    """What is asked, how it came, how sensitive the owner's data is, what the owner rules, and what is proved."""

    right: Right
    channel: Channel
    sensitivity: Sensitivity
    proof: frozenset[str]
    rule: Rule | None = None

    @property
    def matched(self) -> int:
        """How many data points the products hold as they were given."""
        return sum(int(part.split()[0]) for part in self.proof if part.endswith("matched"))

    @property
    def has_agent(self) -> bool:
        """True if somebody else asks."""
        return bool(self.proof & {"permission", "confirmation", "power of attorney"})


@dataclass(frozen=True)
class Decided:
    """The level that was needed and the one that was met, and what became of the request."""

    needed: Assurance
    met: Assurance
    outcome: str


def catalogue_of(row: Row) -> Catalogue:
    """An owner with one product of that sensitivity, and the row's rule."""
    rules = (row.rule,) if row.rule is not None else ()
    return a_catalogue(
        an_owner(verification=rules, suites=("civicrec",)),
        a_product("civicrec", sensitivity=row.sensitivity),
        an_account(1, id=HANDLER),
        Client(id=CLIENT, name="Resident portal", owners=("alder-falls",), reauthenticates=True),
    )


def request_of(row: Row) -> Request:
    """The request, with what it brings along."""
    document = Attachment(ref="file", name=sealed_text("fulfilment", "file", 1), media="text/plain", size=1, sha256="")
    basis = Basis.POWER_OF_ATTORNEY if "power of attorney" in row.proof else Basis.PERMISSION
    brings = bool(row.proof & {"permission", "power of attorney"})
    return a_request(
        row.right,
        n=1,
        channel=row.channel,
        client=CLIENT,
        by_mail="link" in row.proof or "code" not in row.proof,
        agent=Agent(contact=sealed_text("fulfilment", "agent", 1), basis=basis) if row.has_agent else None,
        attachments=(document,) if brings else (),
    )


class Proving:
    """The verifier, and somebody who proves what the row says and then has no more to give."""

    def __init__(self, row: Row) -> None:
        self.row, self.policies, self.request = row, catalogue_of(row), request_of(row)
        self.state: Any = domain.Unchallenged()
        self.said: list[Fact] = []
        self._proved: tuple[Method, ...] = ()

    def run(self) -> Decided:
        """From the arrival to the decision."""
        first = self.tell(RequestReceived(request=self.request, digest="d", challenge=LINK, code=CODE))
        needed = next(need.level for need in needs_of(self.request, self.policies) if need.right is self.row.right)
        if isinstance(first, IdentityVerified):
            return Decided(needed, first.proof.level, AT_ONCE)
        for method, by in ((Method.ATTESTATION, HANDLER), (Method.REAUTHENTICATION, CLIENT)):
            if method.value in self.row.proof:
                self.tell(AttestIdentity(by=by, method=method))
        if self.row.proof & {"link", "confirmation"}:
            self.tell(SubmitProof(digest=LINK.digest))
        elif "code" in self.row.proof:
            self.tell(SubmitProof(digest=CODE.digest))
        self._give_more()
        last = self.said[-1]
        if isinstance(last, EvidenceTaken):
            last = self.tell(PointsCompared(effect_id="effect", matched=self.row.matched)) or last
        if isinstance(self.state, Challenged | Gathering):
            last = self.tell(TimePassed(effect_id="late"), late=True) or last
        return Decided(needed, self._met(last), self._outcome(last))

    def tell(self, body: Fact, *, late: bool = False) -> Fact | None:
        """Something happens; the state makes its journey through the cache."""
        time = self.state.case.expires_at if late else NOON
        cause = Cause(f"cause-{len(self.said)}", time, self.request.id, self.request.owner, body, self.policies)
        event = domain.decide(self.state, cause)
        if event is not None:
            self._proved = self.state.methods if isinstance(self.state, Gathering) else brought(self.request)
            self.state = STATE.validate_json(STATE.dump_json(domain.evolve(self.state, event)))
            self.said.append(event)
        return event

    def _give_more(self) -> None:
        if not isinstance(self.said[-1], EvidenceNeeded):
            return
        self.tell(
            SubmitEvidence(
                digest=LINK.digest,
                declaration=sealed_text("record", "declaration", 1) if "declaration" in self.row.proof else None,
                code=CODE.digest if {"code", "link"} <= self.row.proof else "",
                final=True,
            )
        )

    def _met(self, last: Fact) -> Assurance:
        if isinstance(last, IdentityVerified):
            return last.proof.level
        compared = any(isinstance(event, EvidenceTaken) for event in self.said)
        return level_met(self._proved, self.row.matched if compared else 0)

    def _outcome(self, last: Fact) -> str:
        if not isinstance(last, IdentityVerified):
            return NOT
        (order,) = last.request.orders
        return CATEGORIES if order.instead_of is Right.ACCESS else AHEAD
