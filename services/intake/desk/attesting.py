"""Who may vouch at the desk for the person who asks, and how they do it. Whether it counts, the verifier decides."""

from collections.abc import Collection
from typing import Final

from schemas.acts import AttestationGiven
from schemas.catalogue import Owner, Rule
from schemas.envelope import derived_id
from schemas.roles import Permission, permissions
from schemas.verifier import AttestIdentity
from schemas.vocabulary import NEEDS_NO_PROOF, Channel, Method, Right
from services.intake.desk.place import Place

TAKEN_IN: Final = frozenset({Channel.PHONE, Channel.POST, Channel.EMAIL})
"""Doors behind which staff spoke to the person, or saw a letter."""


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
    rules = [[rule for rule in owner.verification if _fits(rule, right, channel)] for right in proved]
    first = [next((rule for rule in fit if rule.sensitivity in (None, sensitivity)), None) for fit in rules]
    return took_in and channel in TAKEN_IN and all(rule and Method.ATTESTATION in rule.methods for rule in first)


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


def _fits(rule: Rule, right: Right, channel: Channel) -> bool:
    return rule.right in (None, right) and rule.channel in (None, channel)
