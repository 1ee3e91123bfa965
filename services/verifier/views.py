"""What the verifier's pages look up: where each request's proof stands, and what became of whatever was given."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import Boolean, Column, Connection, Engine, MetaData, String, Table, select

from schemas import topics
from schemas.base import Fact
from schemas.verifier import (
    ChallengeIssued,
    EvidenceNeeded,
    EvidenceTaken,
    IdentityVerified,
    ProofRejected,
    VerificationExpired,
    VerificationFailed,
)
from services.runtime.chain import Accepted
from services.runtime.database import Instant, create_tables, engine, insert_once, upsert

OPEN: Final = "open"
EVIDENCE: Final = "evidence"
CHECKING: Final = "checking"
VERIFIED: Final = "verified"
PARTLY: Final = "partly"
FAILED: Final = "failed"
REJECTED: Final = "rejected"
WRONG_CODE: Final = "wrong_code"

METADATA = MetaData()
CASE_ROWS = Table(
    "proof_cases",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("person_key", String, nullable=False),
    Column("locale", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("agent", Boolean, nullable=False),
    Column("phase", String, nullable=False),
    Column("wanted", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
ANSWERS = Table(
    "proof_answers",
    METADATA,
    Column("cause_id", String, primary_key=True),
    Column("request_id", String, nullable=False),
    Column("answer", String, nullable=False),
)
"""What each proof led to, so that any replica can show it; a proof that met a settled request led to nothing."""


@dataclass(frozen=True, slots=True)
class Case:
    """One request whose proof is awaited. ``digest`` is the SHA-256 of the secret in the link."""

    request_id: str
    owner: str
    person_key: str
    locale: str
    digest: str
    agent: bool
    phase: str
    wanted: str
    expires_at: datetime

    def wants(self, method: str) -> bool:
        """True if this is among what the page asks for."""
        return method in self.wanted.split()


@dataclass(frozen=True, slots=True)
class CasesView:
    """Folds the verifier's own log."""

    name: str = "proof"
    metadata: MetaData = METADATA
    topics: tuple[str, ...] = (topics.events("verifier"),)

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """One row per challenged request, moved on by each event; one row per thing that was given."""
        envelope, body = accepted.envelope, accepted.body
        match body:
            case ChallengeIssued():
                row = {
                    "request_id": envelope.subject,
                    "owner": envelope.owner,
                    "person_key": envelope.partitionkey,
                    "locale": body.request.locale,
                    "digest": body.challenge.digest,
                    "agent": body.agent,
                    "phase": OPEN,
                    "wanted": "",
                    "expires_at": body.expires_at,
                }
                upsert(connection, CASE_ROWS, row, ["request_id"])
            case EvidenceNeeded():
                _moved(connection, accepted, EVIDENCE, " ".join(body.wanted))
            case EvidenceTaken():
                _moved(connection, accepted, CHECKING)
            case IdentityVerified() | VerificationFailed() | VerificationExpired():
                _moved(connection, accepted, _end(body))
            case _:
                pass
        if (answer := _answer(body)) is not None:
            row = {"cause_id": envelope.causationid, "request_id": envelope.subject, "answer": answer}
            insert_once(connection, ANSWERS, row)


CASES = CasesView()


def _moved(connection: Connection, accepted: Accepted, phase: str, wanted: str = "") -> None:
    rows = CASE_ROWS.c
    which = rows.request_id == accepted.envelope.subject
    connection.execute(CASE_ROWS.update().where(which).values(phase=phase, wanted=wanted))


def _end(body: IdentityVerified | VerificationFailed | VerificationExpired) -> str:
    match body:
        case IdentityVerified():
            less = bool(body.unproved) or any(order.instead_of for order in body.request.orders)
            return PARTLY if less else VERIFIED
        case VerificationFailed():
            return FAILED
        case VerificationExpired():
            return "expired"


def _answer(body: Fact | None) -> str | None:
    """What whoever gave something is shown."""
    match body:
        case ProofRejected():
            return REJECTED
        case EvidenceNeeded():
            return WRONG_CODE if body.wrong_code else EVIDENCE
        case EvidenceTaken():
            return CHECKING
        case IdentityVerified() | VerificationFailed() | VerificationExpired():
            return _end(body)
        case _:
            return None


@lru_cache(maxsize=4)
def database(url: str) -> Engine:
    """The verifier's own database, with its tables: the page may be asked for before the read model has begun."""
    made = engine(url)
    create_tables(made, METADATA)
    return made


def find(where: Engine, request_id: str) -> Case | None:
    """Where a request stands, if it was challenged and the read model has got that far."""
    with where.connect() as connection:
        row = connection.execute(select(CASE_ROWS).where(CASE_ROWS.c.request_id == request_id)).first()
    return Case(*row) if row is not None else None


def answer_to(where: Engine, request_id: str, cause_id: str) -> str | None:
    """What the proof of this id led to; None if it led to nothing, or to nothing yet."""
    asked = (ANSWERS.c.cause_id == cause_id, ANSWERS.c.request_id == request_id)
    with where.connect() as connection:
        answer = connection.execute(select(ANSWERS.c.answer).where(*asked)).scalar_one_or_none()
    return None if answer is None else str(answer)
