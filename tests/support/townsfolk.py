"""The world around the pipeline: people who ask and prove, owners who instruct, products and a mail server that answer.

Everybody acts once however often a letter comes, and what they do follows from who they are, never from chance.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from schemas import topics
from schemas.base import Fact
from schemas.cause import Effect, TimePassed
from schemas.envelope import derived_id
from schemas.executor import PackageMade, TaskFailed, TaskReported
from schemas.intake import SubmitRequest
from schemas.notifier import LetterAccepted, LetterKind, LetterRefused
from schemas.request import Request
from schemas.router import Decision, Instruction, InstructRequest
from schemas.verifier import KeysDestroyed, PointsCompared, SubmitEvidence, SubmitProof
from schemas.vocabulary import Channel, Outcome, Right
from services.executor.orders import CallProduct, MakePackage
from services.notifier.domain import SendLetter
from services.runtime.aggregate import Stamp
from services.verifier.owing import DestroyKeys, MatchPoints
from tests.support.builders import a_package, sealed_text
from tests.support.facts import (
    CHALLENGE,
    RIGHT_DIGEST,
    STRANGER,
    WRONG_DIGEST,
    approved,
    denied,
    instruction,
    leaf,
    request,
)
from tests.support.station import Broker

DONE = {
    Right.KNOW: Outcome.DELIVERED,
    Right.ACCESS: Outcome.DELIVERED,
    Right.DELETE: Outcome.ERASED,
    Right.CORRECT: Outcome.CORRECTED,
    Right.OPT_OUT: Outcome.OPTED_OUT,
    Right.LIMIT: Outcome.OPTED_OUT,
}


@dataclass(frozen=True)
class Case:
    """A request, the secrets its person will present, what more they will give, and the instructions its owner will
    give, in order.
    """

    request: Request
    proofs: tuple[str, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    digests: tuple[str, ...] = ("content",)
    evidence: tuple[SubmitEvidence, ...] = ()


def _says(asked: Request, *yes: bool) -> tuple[Decision, ...]:
    return tuple(approved(order) if word else denied(order) for order, word in zip(asked.orders, yes, strict=True))


def _cases() -> dict[str, Case]:
    compound = request(Right.ACCESS, Right.DELETE, n=1)
    opt_out = request(Right.OPT_OUT, n=2)
    partly = request(Right.ACCESS, Right.CORRECT, n=4).model_copy(update={"person": compound.person})
    refused = request(Right.KNOW, n=5)
    halved = request(Right.LIMIT, Right.DELETE, n=6)
    by_post = request(Right.DELETE, n=8).model_copy(update={"channel": Channel.POST})
    signed = SubmitEvidence(digest=RIGHT_DIGEST, declaration=sealed_text("record", "declaration", 8))
    unlucky = request(Right.ACCESS, Right.DELETE, n=7, owner="ashford")
    return {
        "compound": Case(compound, (WRONG_DIGEST, RIGHT_DIGEST), (instruction(*_says(compound, True, True)),)),
        "opt-out": Case(opt_out, (), (instruction(*_says(opt_out, True)),), ("content", "content", "other content")),
        "ignored": Case(request(Right.DELETE, n=3)),
        "partly": Case(
            partly,
            (RIGHT_DIGEST, RIGHT_DIGEST),
            (
                instruction(*_says(partly, True, True)).model_copy(update={"must_comply": None}),
                instruction(*_says(partly, False, True), suites=("civicengage", "civicready")),
                instruction(*_says(partly, True, True)),
            ),
        ),
        "by post": Case(by_post, (RIGHT_DIGEST,), (instruction(*_says(by_post, True)),), evidence=(signed, signed)),
        "refused": Case(refused, (RIGHT_DIGEST,), (instruction(*_says(refused, False)),)),
        "unproved": Case(halved, (WRONG_DIGEST,) * 4, (instruction(approved(halved.orders[0])),)),
        "unlucky": Case(
            unlucky,
            (RIGHT_DIGEST,),
            (
                instruction(*_says(unlucky, True, True), suites=("civicclerk",)).model_copy(
                    update={"by": STRANGER, "affiliates": ()}
                ),
            ),
        ),
    }


CASES = _cases()


@dataclass
class Townsfolk:
    """Those who take part in some cases. ``called`` lists each call of a product with the log's length at the time."""

    broker: Broker
    cases: dict[str, Case]
    called: list[tuple[CallProduct, int]] = field(default_factory=list)
    _heard: set[str] = field(default_factory=set)

    def ask(self) -> None:
        """Every person submits; some do so twice, some other content under the same key."""
        for case in self.cases.values():
            asked = case.request
            for digest in case.digests:
                submit = SubmitRequest(request=asked, digest=digest, challenge=CHALLENGE)
                self.broker.post("intake", submit, derived_id("submit", asked.id, digest), _about(asked))

    def do(self, effect: Effect) -> Fact:
        """Does what a service owes, and tells the result."""
        match effect:
            case CallProduct():
                self.called.append((effect, len(self.broker.records.get(topics.events("executor"), ()))))
                return self._called(effect)
            case MakePackage():
                return PackageMade(
                    effect_id=effect.id, order_id=effect.order.id, package=a_package(effect_number(effect))
                )
            case SendLetter():
                return self._letter(effect)
            case MatchPoints():
                return PointsCompared(effect_id=effect.id, matched=1)
            case DestroyKeys():
                return KeysDestroyed(effect_id=effect.id, purposes=effect.purposes)
            case _:
                return TimePassed(effect_id=effect.id)

    def _called(self, effect: CallProduct) -> Fact:
        task = effect.task
        gone = task.product == "civicclerk"
        if gone or task.attempt <= _tries_wasted(task.id):
            return TaskFailed(
                effect_id=effect.id, task_id=task.id, attempt=task.attempt, reason="timeout", retryable=not gone
            )
        return TaskReported(
            effect_id=effect.id, task_id=task.id, attempt=task.attempt, leaves=(leaf(DONE[effect.right]),)
        )

    def _letter(self, effect: SendLetter) -> Fact:
        letter = effect.letter
        self._read(letter.kind, letter.id, effect.request)
        if effect.attempt <= _tries_wasted(letter.id):
            return LetterRefused(
                effect_id=effect.id, letter_id=letter.id, attempt=effect.attempt, reason="451", permanent=False
            )
        return LetterAccepted(effect_id=effect.id, letter_id=letter.id, attempt=effect.attempt)

    def _read(self, kind: LetterKind, letter_id: str, asked: Request) -> None:
        if letter_id in self._heard:
            return
        self._heard.add(letter_id)
        case = next(case for case in self.cases.values() if case.request.id == asked.id)
        if kind is LetterKind.VERIFICATION:
            given = (*(SubmitProof(digest=digest) for digest in case.proofs), *case.evidence)
            for number, proof in enumerate(given):
                self._act("verifier", proof, letter_id, number, asked)
        if kind is LetterKind.OWNER_NOTICE:
            for number, word in enumerate(case.instructions):
                self._act("router", InstructRequest(instruction=word), letter_id, number, asked)

    def _act(self, to: str, command: Fact, letter_id: str, number: int, asked: Request) -> None:
        self.broker.post(to, command, derived_id("act", letter_id, str(number)), _about(asked))


def _about(asked: Request) -> Stamp:
    return Stamp("", asked.id, asked.person, asked.owner, "", "")


def effect_number(effect: Effect) -> int:
    """A number that follows from the effect's id."""
    return sha256(effect.id.encode()).digest()[0]


def _tries_wasted(identity: str) -> int:
    return sha256(identity.encode()).digest()[0] % 3
