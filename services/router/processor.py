"""What feeds the router, and what it is made of."""

from pathlib import Path

from pydantic import TypeAdapter

from schemas import topics
from schemas.cause import TimePassed
from schemas.executor import OrderCompleted
from schemas.router import (
    InstructionReturned,
    InstructRequest,
    OrderRecorded,
    OwnerInstructed,
    RequestClosed,
    RequestRouted,
)
from schemas.verifier import IdentityVerified, VerificationExpired, VerificationFailed
from services.router import consents, domain, time_left, views, web
from services.runtime.service import Service

ROUTER = Service(
    name="router",
    meaning="which owner must decide, what it instructs, and when the request is closed",
    sources=(topics.events("verifier"), topics.events("executor"), topics.inbox("router")),
    consumes=(
        IdentityVerified, VerificationFailed, VerificationExpired, InstructRequest, OrderCompleted, TimePassed,
    ),
    emits=(RequestRouted, InstructionReturned, OwnerInstructed, OrderRecorded, RequestClosed),
    state=TypeAdapter(domain.State),
    initial=domain.Unrouted(),
    decide=domain.decide,
    evolve=domain.evolve,
    due=domain.due,
    views=(views.CASES, views.ACTS, consents.CONSENTS),
    routers=web.ROUTERS,
    templates=Path(__file__).parent / "templates",
    tasks=(time_left.keep_counting,),
)  # fmt: skip
