"""Decides whether an owner's instruction is whole: what R04 demands, and an answer to each order (R02, R18)."""

from schemas.catalogue import Catalogue
from schemas.request import Request
from schemas.router import Instruction
from schemas.vocabulary import NEEDS_NO_PROOF


def missing_from(
    instruction: Instruction, request: Request, products: tuple[str, ...], policies: Catalogue
) -> tuple[str, ...]:
    """The names of what the instruction lacks, in the order of the form; empty when it is whole.

    An instruction that approves nothing needs no suites and no proof of identity: nothing will be touched. Nor does one
    need proof of identity that approves only what goes ahead without (11 CCR 7060(b)).
    """
    decided = sorted(decision.order_id for decision in instruction.decisions)
    approves = any(decision.approved for decision in instruction.decisions)
    proof_free = {order.id for order in request.orders if order.right in NEEDS_NO_PROOF}
    needs_proof = any(decision.approved and decision.order_id not in proof_free for decision in instruction.decisions)
    account = policies.accounts.get(instruction.by)
    owner = policies.owners[request.owner]
    known_affiliates = {affiliate.slug for affiliate in owner.affiliates}
    lacks = {
        "by": account is None or account.owner != request.owner,
        "must_comply": instruction.must_comply is None,
        "law_limits": instruction.law_limits is None,
        "identity_confirmed": needs_proof and not instruction.identity_confirmed,
        "suites": approves and not set(instruction.suites) & set(products),
        "affiliates": not set(instruction.affiliates) <= known_affiliates,
        "decisions": sorted(order.id for order in request.orders) != decided,
        "exemption": any(not decision.approved and decision.exemption is None for decision in instruction.decisions),
    }
    return tuple(name for name, absent in lacks.items() if absent)
