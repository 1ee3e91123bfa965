"""What the owner's verification policy lets a form ask for: whether a signed declaration may be of use."""

from schemas.catalogue import Catalogue, Owner
from schemas.vocabulary import STATUTORY, Assurance, Channel, Method, Right, Sensitivity


def signed_for(owner: Owner, catalogue: Catalogue, channel: Channel = Channel.WEB) -> tuple[Right, ...]:
    """The rights for which identity must be proved so well that a declaration under penalty of perjury is asked for.

    The verifier decides what is needed, and asks for what is lacking; a form may take it along and save a step.
    """
    sensitivity = catalogue.sensitivity_of(owner.slug)
    return tuple(r for r in (Right.ACCESS, Right.CORRECT, Right.DELETE) if _is_signed(owner, r, channel, sensitivity))


def _is_signed(owner: Owner, right: Right, channel: Channel, sensitivity: Sensitivity) -> bool:
    rule = owner.rule_for(right, channel, sensitivity)
    if rule is None:
        return STATUTORY[right][sensitivity] is Assurance.REASONABLY_HIGH
    counts = not rule.methods or Method.DECLARATION in rule.methods
    return rule.level is Assurance.REASONABLY_HIGH and counts
