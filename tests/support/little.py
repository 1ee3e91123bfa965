"""Two real services as the floor sees them, without pages: one that only remembers, one that also owes."""

from pydantic import TypeAdapter

from schemas import topics
from schemas.intake import RequestReceived, SubmissionRefused, SubmitRequest
from services.intake import domain as intake
from services.runtime.service import Service, by_person
from services.verifier import domain as verifier
from services.verifier.processor import VERIFIER as WHOLE

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
    consumes=WHOLE.consumes,
    emits=WHOLE.emits,
    state=TypeAdapter(verifier.State),
    initial=verifier.Unchallenged(),
    decide=verifier.decide,
    evolve=verifier.evolve,
    due=verifier.due,
)
