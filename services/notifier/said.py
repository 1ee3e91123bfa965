"""What may be said of an order: the one rule that keeps a letter from saying more than the facts (R45, R47)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.request import Leaf, OrderResult
from schemas.vocabulary import Outcome, Right

DONE: Final[dict[Right, frozenset[Outcome]]] = {
    Right.KNOW: frozenset({Outcome.DELIVERED}),
    Right.ACCESS: frozenset({Outcome.DELIVERED}),
    Right.DELETE: frozenset({Outcome.ERASED, Outcome.DEIDENTIFIED, Outcome.AGGREGATED}),
    Right.CORRECT: frozenset({Outcome.CORRECTED}),
    Right.OPT_OUT: frozenset({Outcome.OPTED_OUT}),
    Right.LIMIT: frozenset({Outcome.OPTED_OUT}),
}
"""The outcomes that carry out a right. Any other one does not, however well it sounds."""

ANSWERED: Final = frozenset({Right.KNOW, Right.ACCESS})
"""Rights whose answer is a package: without it nothing was answered."""


class Verdict(StrEnum):
    """The strongest thing that may be said of an order as a whole."""

    DONE = "done"
    """Something was found, and every record of it was dealt with as asked."""
    PARTLY = "partly"
    """Something was dealt with as asked, and something was not, or is kept."""
    KEPT = "kept"
    """Nothing was dealt with as asked, for all that was found is kept under a law."""
    NOTHING_FOUND = "nothing_found"
    """No product holds anything that the order concerns."""
    NOT_DONE = "not_done"
    """Nothing was dealt with as asked."""


class Fate(StrEnum):
    """The strongest thing that may be said of a leaf."""

    DONE = "done"
    KEPT = "kept"
    NOTHING_FOUND = "nothing_found"
    NOT_DONE = "not_done"


@dataclass(frozen=True, slots=True)
class Line:
    """A leaf, where it grew, and what may be said of it."""

    product: str
    leaf: Leaf
    fate: Fate


@dataclass(frozen=True, slots=True)
class Sayable:
    """What may be said of an order, as a whole and leaf by leaf."""

    verdict: Verdict
    lines: tuple[Line, ...]

    def of(self, product: str) -> tuple[Line, ...]:
        """The lines of one product."""
        return tuple(line for line in self.lines if line.product == product)


def what_may_be_said(result: OrderResult) -> Sayable:
    """ "Done" only where every leaf is: each record found was dealt with as asked, in full, and nothing is kept.

    A leaf that found nothing leaves nothing undone, but alone it is not "done" either. An order that ended before any
    product was asked is not done, whatever it was closed as; one that is answered by a package is not done without it.
    """
    lines = tuple(Line(task.product, leaf, fate(result, leaf)) for task in result.tasks for leaf in task.leaves)
    fates = {line.fate for line in lines}
    if result.closed_as is not None or not fates:
        return Sayable(Verdict.NOT_DONE, () if result.closed_as is not None else lines)
    found = fates - {Fate.NOTHING_FOUND}
    if not found:
        return Sayable(Verdict.NOTHING_FOUND, lines)
    if found == {Fate.DONE}:
        return Sayable(Verdict.DONE, lines)
    if Fate.DONE in found:
        return Sayable(Verdict.PARTLY, lines)
    return Sayable(Verdict.KEPT if found == {Fate.KEPT} else Verdict.NOT_DONE, lines)


def fate(result: OrderResult, leaf: Leaf) -> Fate:
    """What may be said of one leaf of this order. What is kept is kept only where the law that keeps it is named."""
    if leaf.outcome is Outcome.NOT_FOUND and not leaf.found:
        return Fate.NOTHING_FOUND
    if leaf.outcome is Outcome.RETAINED and leaf.law:
        return Fate.KEPT
    lacks_package = result.right in ANSWERED and result.package is None
    if leaf.outcome in DONE[result.right] and leaf.done >= leaf.found and not leaf.retained and not lacks_package:
        return Fate.DONE
    return Fate.NOT_DONE
