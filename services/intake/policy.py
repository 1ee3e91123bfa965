"""What the owner's verification policy lets a form ask for: whether a signed declaration may be of use."""

from schemas.catalogue import Catalogue, Owner
from schemas.vocabulary import Assurance, Channel, Method, Right, Sensitivity


def signed_for(owner: Owner, catalogue: Catalogue, channel: Channel = Channel.WEB) -> tuple[Right, ...]:
    """The rights for which identity must be proved so well that a declaration under penalty of perjury is asked for.

    The verifier decides what is needed, and asks for what is lacking; a form may take it along and save a step.
    """
    sensitivity = catalogue.sensitivity_of(owner.slug)
    return tuple(r for r in (Right.ACCESS, Right.CORRECT, Right.DELETE) if _is_signed(owner, r, channel, sensitivity))


def _is_signed(owner: Owner, right: Right, channel: Channel, sensitivity: Sensitivity) -> bool:
    for rule in owner.verification:
        asked = ((rule.right, right), (rule.channel, channel), (rule.sensitivity, sensitivity))
        if all(said is None or said is given for said, given in asked):
            counts = not rule.methods or Method.DECLARATION in rule.methods
            return rule.level is Assurance.REASONABLY_HIGH and counts
    return right is Right.ACCESS or sensitivity is Sensitivity.SENSITIVE  # 11 CCR 7062(c), (d)
