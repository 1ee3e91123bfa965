"""Reads the owner's verification policy from the catalogue: what a request needs, and who may vouch for somebody."""

from schemas.catalogue import Catalogue, Owner
from schemas.request import Request
from schemas.roles import Permission, permissions
from schemas.verifier import Need
from schemas.vocabulary import (
    NEEDS_NO_PROOF,
    STATUTORY,
    TAKEN_IN_BY_STAFF,
    Assurance,
    Channel,
    Method,
    Right,
    Sensitivity,
)
from services.verifier.levels import at_least


def needs_of(request: Request, policies: Catalogue) -> tuple[Need, ...]:
    """What each right of the request needs. Where access is asked for, also what knowing categories would need."""
    rights = dict.fromkeys(order.right for order in request.orders)
    if Right.ACCESS in rights:
        rights.setdefault(Right.KNOW)
    owner = policies.owners[request.owner]
    sensitivity = policies.sensitivity_of(request.owner)
    return tuple(need_of(right, owner, request.channel, sensitivity) for right in rights)


def need_of(right: Right, owner: Owner, channel: Channel, sensitivity: Sensitivity) -> Need:
    """The first of the owner's rules that fits, else the statutory default; never anything for an opt-out, and never
    nothing for the others.
    """
    if right in NEEDS_NO_PROOF:
        return Need(right=right, level=Assurance.NONE)
    rule = owner.rule_for(right, channel, sensitivity)
    if rule is None:
        return Need(right=right, level=STATUTORY[right][sensitivity])
    return Need(right=right, level=at_least(rule.level, Assurance.REASONABLE), methods=rule.methods)


def may_vouch(by: str, method: Method, request: Request, needs: tuple[Need, ...], policies: Catalogue) -> bool:
    """True if the catalogue lets ``by`` vouch for the person who asks.

    Who decides for the owner may. So may the custodian's staff, for what they took in themselves, where every need
    names attestation: the owner said that it trusts them with it. A client may say that its account holder signed in
    anew, of requests that it sent itself.
    """
    if method is Method.REAUTHENTICATION:
        client = policies.clients.get(by)
        sent = client is not None and request.client == client.id and request.owner in client.owners
        return sent and client is not None and client.reauthenticates
    account = policies.accounts.get(by)
    if method is not Method.ATTESTATION or account is None:
        return False
    allowed = permissions(account, policies)
    if Permission.INSTRUCT in allowed and account.owner == request.owner:
        return True
    took_it_in = request.entered_by == by and request.channel in TAKEN_IN_BY_STAFF
    asked = [need for need in needs if need.level is not Assurance.NONE]
    return Permission.ENTER in allowed and took_it_in and all(Method.ATTESTATION in need.methods for need in asked)
