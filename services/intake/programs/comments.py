"""What a ticket is told, in words: for whoever works there, never more than the facts, and nothing personal."""

from collections.abc import Iterable, Mapping
from typing import Final

from schemas.catalogue import Owner, Product
from schemas.request import Leaf, OrderResult, short_number
from schemas.tickets import CommentKind
from schemas.vocabulary import Outcome, Right
from services.intake.ticketing import PostComment

RIGHTS: Final[Mapping[Right, str]] = {
    Right.KNOW: "know what kinds of data are held",
    Right.ACCESS: "access to the data",
    Right.DELETE: "delete the data",
    Right.CORRECT: "correct the data",
    Right.OPT_OUT: "opt out of sale and sharing",
    Right.LIMIT: "limit the use of sensitive data",
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.DELIVERED: "delivered",
    Outcome.ERASED: "erased",
    Outcome.DEIDENTIFIED: "de-identified",
    Outcome.AGGREGATED: "aggregated",
    Outcome.CORRECTED: "corrected",
    Outcome.OPTED_OUT: "opted out",
    Outcome.RETAINED: "kept",
    Outcome.NOT_FOUND: "nothing found",
    Outcome.PARTIAL: "done in part",
    Outcome.UNSUPPORTED: "cannot be done there",
    Outcome.REFUSED: "refused",
    Outcome.UNVERIFIED: "not done: identity was not proved",
    Outcome.FAILED: "failed",
    Outcome.EXPIRED: "not done: nobody confirmed it in time",
    Outcome.WITHDRAWN: "withdrawn",
}


def mark_of(effect: PostComment) -> str:
    """Stands at the end of a comment, and tells it from every other one."""
    return f"[{short_number(effect.request_id)} · {effect.comment.id[:8]}]"


def text_of(effect: PostComment, owner: Owner, products: Mapping[str, Product], portal: str) -> str:
    """The comment. ``portal`` is where the owner's representatives see the request."""
    said = {
        CommentKind.RECEIVED: _received,
        CommentKind.ROUTED: _routed,
        CommentKind.DECIDED: _decided,
    }
    kind = effect.comment.kind
    lines = _closed(effect, products, portal) if kind is CommentKind.CLOSED else said[kind](effect, owner)
    return "\n".join([*lines, "", mark_of(effect)])


def _received(effect: PostComment, owner: Owner) -> Iterable[str]:
    yield f"Received as privacy request {short_number(effect.request_id)} for {owner.name}:"
    yield from (f"- {RIGHTS[right]}" for _, right in effect.rights)
    yield "The person gets a receipt and, where it is needed, a letter by which they prove who they are."


def _routed(effect: PostComment, owner: Owner) -> Iterable[str]:
    due = f" It is to be answered by {effect.comment.legal_due:%d %B %Y}." if effect.comment.legal_due else ""
    yield f"Identity is settled as far as it must be. {owner.name} now decides.{due}"


def _decided(effect: PostComment, owner: Owner) -> Iterable[str]:
    rights = dict(effect.rights)
    yield f"{owner.name} has decided:"
    for decision in effect.comment.decisions:
        right = RIGHTS[rights[decision.order_id]] if decision.order_id in rights else "an order"
        reason = f" ({decision.exemption.replace('_', ' ')})" if decision.exemption else ""
        yield f"- {right}: {'approved' if decision.approved else 'refused' + reason}"


def _closed(effect: PostComment, products: Mapping[str, Product], portal: str) -> Iterable[str]:
    yield f"Privacy request {short_number(effect.request_id)} is at its end. What was done:"
    for result in effect.comment.results:
        yield ""
        yield f"{RIGHTS[result.right].capitalize()}{_ended(result)}"
        for task in result.tasks:
            name = products[task.product].name if task.product in products else task.product
            yield from (f"- {name}, {leaf.data_set.replace('_', ' ')}: {_leaf(leaf)}" for leaf in task.leaves)
        if result.package is not None:
            yield f"The package lies in the owner's portal, behind its sign-in: {portal}"


def _ended(result: OrderResult) -> str:
    if result.closed_as is None:
        return ":"
    reason = f" ({result.reason.replace('_', ' ')})" if result.reason else ""
    return f": {OUTCOMES[result.closed_as]}{reason}"


def _leaf(leaf: Leaf) -> str:
    counted = f", {leaf.done} of {leaf.found}" if leaf.found else ""
    kept = f"; {leaf.retained} kept" if leaf.retained and leaf.outcome is not Outcome.RETAINED else ""
    law = f" under {leaf.law}" if leaf.law else ""
    return f"{OUTCOMES[leaf.outcome]}{counted}{kept}{law}"
