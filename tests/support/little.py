"""Two real services as the floor sees them, without pages: one that only remembers, one that also owes."""

from pydantic import TypeAdapter

from schemas import topics
from schemas.cause import TimePassed
from schemas.intake import RequestReceived, SubmissionRefused, SubmitRequest
from schemas.verifier import (
    ChallengeIssued,
    IdentityVerified,
    ProofRejected,
    SubmitProof,
    VerificationExpired,
    VerificationFailed,
)
from services.intake import domain as intake
from services.runtime.service import Service, by_person
from services.verifier import domain as verifier

INTAKE = Service(
    name="intake",
    meaning="remembers what a person asked",
    sources=(topics.inbox("intake"),),
    consumes=(SubmitRequest,),
    emits=(RequestReceived, SubmissionRefused),
    state=TypeAdapter(intake.Person),
    initial=intake.Person(),
    decide=intake.decide,
    evolve=intake.evolve,
    aggregate=by_person,
)

VERIFIER = Service(
    name="verifier",
    meaning="owes a look at an open challenge",
    sources=(topics.events("intake"), topics.inbox("verifier")),
    consumes=(RequestReceived, SubmitProof, TimePassed),
    emits=(ChallengeIssued, ProofRejected, IdentityVerified, VerificationFailed, VerificationExpired),
    state=TypeAdapter(verifier.State),
    initial=verifier.Unchallenged(),
    decide=verifier.decide,
    evolve=verifier.evolve,
    due=verifier.due,
)
