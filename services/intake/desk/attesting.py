"""Who may vouch at the desk for the person who asks, and how they do it. Whether it counts, the verifier decides."""

from collections.abc import Collection

from schemas.acts import AttestationGiven
from schemas.catalogue import Owner
from schemas.envelope import derived_id
from schemas.roles import Permission, permissions
from schemas.verifier import AttestIdentity
from schemas.vocabulary import NEEDS_NO_PROOF, TAKEN_IN_BY_STAFF, Channel, Method, Right
from services.intake.desk.place import Place


def may_attest(place: Place, owner: Owner, channel: Channel, rights: Collection[Right], *, took_in: bool) -> bool:
    """True if the owner lets this account vouch for whoever asks for ``rights``.

    Who decides for the owner may. So may the custodian's staff for what they took in themselves, where the owner's
    policy names attestation for each right that needs proof.
    """
    proved = [right for right in rights if right not in NEEDS_NO_PROOF]
    if not proved:
        return False
    if decides_for(place, owner):
        return True
    sensitivity = place.floor.catalogue().sensitivity_of(owner.slug)
    rules = [owner.rule_for(right, channel, sensitivity) for right in proved]
    named = all(rule is not None and Method.ATTESTATION in rule.methods for rule in rules)
    return took_in and channel in TAKEN_IN_BY_STAFF and named


def may_ever_attest(place: Place, owner: Owner) -> bool:
    """True if there is anything that this account could vouch for while it enters it."""
    named = any(Method.ATTESTATION in rule.methods for rule in owner.verification)
    return decides_for(place, owner) or named


def decides_for(place: Place, owner: Owner) -> bool:
    """True for a representative of the owner."""
    held = permissions(place.account, place.floor.catalogue())
    return place.account.owner == owner.slug and Permission.INSTRUCT in held


async def attest(place: Place, owner: str, request_id: str, person: str) -> None:
    """Vouches, once however often it is sent. On record before it is sent. Raises BusUnavailable."""
    await place.record(AttestationGiven(owner=owner, request_id=request_id))
    await place.floor.bus.send(
        AttestIdentity(by=place.account.id),
        to="verifier",
        subject=request_id,
        owner=owner,
        person_key=person,
        id=derived_id("attest", request_id, place.account.id),
        correlation=request_id,
    )
