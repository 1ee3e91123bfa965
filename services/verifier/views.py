"""What the verifier's page looks up: where each challenge stands, and what became of each proof."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, select

from schemas import topics
from schemas.base import Fact
from schemas.verifier import (
    ChallengeIssued,
    IdentityVerified,
    ProofRejected,
    VerificationExpired,
    VerificationFailed,
)
from services.runtime.chain import Accepted
from services.runtime.database import Instant, create_tables, engine, insert_once

OPEN: Final = "open"
VERIFIED: Final = "verified"
REJECTED: Final = "rejected"

METADATA = MetaData()
CHALLENGES_TABLE = Table(
    "verifier_challenges",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("person_key", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("phase", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
ANSWERS = Table(
    "verifier_answers",
    METADATA,
    Column("cause_id", String, primary_key=True),
    Column("request_id", String, nullable=False),
    Column("answer", String, nullable=False),
)
"""What each proof led to, so that any replica can show it; a proof that met a settled challenge led to nothing."""

_PHASES: Final[dict[type[Fact], str]] = {
    IdentityVerified: VERIFIED,
    VerificationFailed: "failed",
    VerificationExpired: "expired",
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge. ``digest`` is the SHA-256 of the secret in the link that was sent."""

    request_id: str
    owner: str
    person_key: str
    digest: str
    phase: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ChallengesView:
    """Folds the verifier's own log."""

    name: str = "verifier"
    metadata: MetaData = METADATA
    topics: tuple[str, ...] = (topics.events("verifier"),)

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """One row per challenge, moved on by what ends it; one row per proof."""
        envelope, body = accepted.envelope, accepted.body
        if isinstance(body, ChallengeIssued):
            row = {
                "request_id": envelope.subject,
                "owner": envelope.owner,
                "person_key": envelope.partitionkey,
                "digest": body.challenge.digest,
                "phase": OPEN,
                "expires_at": body.expires_at,
            }
            insert_once(connection, CHALLENGES_TABLE, row)
        elif isinstance(body, ProofRejected):
            _answered(connection, accepted, REJECTED)
        elif body is not None and type(body) in _PHASES:
            phase, table = _PHASES[type(body)], CHALLENGES_TABLE
            connection.execute(table.update().where(table.c.request_id == envelope.subject).values(phase=phase))
            _answered(connection, accepted, phase)


CHALLENGES = ChallengesView()


def _answered(connection: Connection, accepted: Accepted, answer: str) -> None:
    row = {
        "cause_id": accepted.envelope.causationid,
        "request_id": accepted.envelope.subject,
        "answer": answer,
    }
    insert_once(connection, ANSWERS, row)


@lru_cache(maxsize=4)
def database(url: str) -> Engine:
    """The verifier's own database, with its tables: the page may be asked for before the read model has begun."""
    made = engine(url)
    create_tables(made, METADATA)
    return made


def find(where: Engine, request_id: str) -> Challenge | None:
    """The challenge of a request, if there is one and the read model has got that far."""
    with where.connect() as connection:
        row = connection.execute(select(CHALLENGES_TABLE).where(CHALLENGES_TABLE.c.request_id == request_id)).first()
    return Challenge(*row) if row is not None else None


def answer_to(where: Engine, request_id: str, cause_id: str) -> str | None:
    """What the proof of this id led to; None if it led to nothing, or to nothing yet."""
    asked = (ANSWERS.c.cause_id == cause_id, ANSWERS.c.request_id == request_id)
    with where.connect() as connection:
        answer = connection.execute(select(ANSWERS.c.answer).where(*asked)).scalar_one_or_none()
    return None if answer is None else str(answer)
