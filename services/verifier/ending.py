"""How the proving of a request ends, and what is forgotten then (R28)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from schemas.cause import Cause
from schemas.request import Request
from schemas.verifier import Event, IdentityVerified, VerificationExpired, VerificationFailed
from schemas.vocabulary import Method
from services.verifier.case import Case, Key, Open, Settled
from services.verifier.challenging import brought
from services.verifier.verdict import proof_of, verdict

NOT_ENOUGH: Final = "not_enough_proof"
TOO_MANY: Final = "too_many_attempts"
EXPIRED: Final = "expired"

PROOF: Final = ("verification",)
"""What is destroyed as soon as it is decided: it served nothing but the proof (11 CCR 7060(d))."""

REST: Final = ("fulfilment", "record")
"""What of an unverified request is destroyed later: its last letter must still be written."""


def verified(case: Case, methods: Collection[Method], matched: int = 0) -> IdentityVerified:
    """Everything goes ahead as it was asked."""
    request = case.request
    return IdentityVerified(request=request, proof=proof_of(request.orders, case, methods, matched))


def conclude(case: Case, methods: Collection[Method], matched: int, cause: Cause, otherwise: str) -> Event:
    """Nothing more will come: what is proved well enough goes ahead, an opt-out in any case; the rest does not."""
    found = verdict(case, methods, matched)
    if not found.orders:
        return fail(case, otherwise, cause)
    request = case.request.model_copy(update={"orders": found.orders})
    return IdentityVerified(
        request=request, proof=proof_of(found.orders, case, methods, matched), unproved=found.unproved
    )  # fmt: skip


def expire(state: Open, cause: Cause) -> Event:
    """The time is over."""
    methods = brought(state.case.request) if state.phase == "challenged" else state.methods
    return conclude(state.case, methods, 0, cause, EXPIRED)


def fail(case: Case, reason: str, cause: Cause) -> VerificationFailed | VerificationExpired:
    """The request ends here."""
    purge_at = _purge_at(case.request, cause)
    if reason == EXPIRED:
        return VerificationExpired(request=case.request, purge_at=purge_at)
    return VerificationFailed(request=case.request, reason=reason, purge_at=purge_at)


def settled(request_id: str, purge_at: datetime | None = None) -> Settled:
    """The end, with what is to be forgotten: the proof at once, and all of what was never verified at its time."""
    rest = (Key(purposes=REST, at=purge_at),) if purge_at is not None else ()
    return Settled(request_id=request_id, forget=(Key(purposes=PROOF), *rest))


def _purge_at(request: Request, cause: Cause) -> datetime:
    return cause.time + timedelta(days=cause.policies.owners[request.owner].purge_days)
