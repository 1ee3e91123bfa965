"""What feeds the verifier, and what it is made of."""

from pathlib import Path

from pydantic import TypeAdapter

from schemas import topics
from schemas.cause import TimePassed
from schemas.intake import RequestReceived
from schemas.verifier import (
    AttestIdentity,
    ChallengeIssued,
    DataForgotten,
    DisownRequest,
    EvidenceNeeded,
    EvidenceTaken,
    IdentityAttested,
    IdentityVerified,
    KeysDestroyed,
    PointsCompared,
    ProofRejected,
    ReminderDue,
    SubmitEvidence,
    SubmitProof,
    VerificationExpired,
    VerificationFailed,
)
from services.runtime.service import Service
from services.verifier import domain, effects, views, web
from services.verifier.owing import DestroyKeys, MatchPoints

VERIFIER = Service(
    name="verifier",
    meaning="is the person who asks the person they say they are?",
    sources=(topics.events("intake"), topics.inbox("verifier")),
    consumes=(
        RequestReceived, SubmitProof, SubmitEvidence, DisownRequest, AttestIdentity, PointsCompared, KeysDestroyed,
        TimePassed,
    ),
    emits=(
        ChallengeIssued, ReminderDue, ProofRejected, EvidenceNeeded, EvidenceTaken, IdentityAttested, IdentityVerified,
        VerificationFailed, VerificationExpired, DataForgotten,
    ),
    state=TypeAdapter(domain.State),
    initial=domain.Unchallenged(),
    decide=domain.decide,
    evolve=domain.evolve,
    due=domain.due,
    perform={MatchPoints: effects.match_points, DestroyKeys: effects.destroy_keys},
    views=(views.CASES,),
    routers=(web.router,),
    templates=Path(__file__).parent / "templates",
)  # fmt: skip
