"""What feeds the verifier, and what it is made of."""

from pathlib import Path

from pydantic import TypeAdapter

from schemas import topics
from schemas.cause import TimePassed
from schemas.intake import RequestReceived
from schemas.verifier import (
    ChallengeIssued,
    IdentityVerified,
    ProofRejected,
    SubmitProof,
    VerificationExpired,
    VerificationFailed,
)
from services.runtime.service import Service
from services.verifier import domain, views, web

VERIFIER = Service(
    name="verifier",
    meaning="is the person who asks the person they say they are?",
    sources=(topics.events("intake"), topics.inbox("verifier")),
    consumes=(RequestReceived, SubmitProof, TimePassed),
    emits=(ChallengeIssued, ProofRejected, IdentityVerified, VerificationFailed, VerificationExpired),
    state=TypeAdapter(domain.State),
    initial=domain.Unchallenged(),
    decide=domain.decide,
    evolve=domain.evolve,
    due=domain.due,
    views=(views.CHALLENGES,),
    routers=(web.router,),
    templates=Path(__file__).parent / "templates",
)
