"""Turns a product's lines into leaves: the smallest truths, with nothing added (R47)."""

from collections.abc import Iterable, Sequence

from schemas.request import Leaf
from schemas.vocabulary import Outcome
from services.executor.answers import AccessLine, Candidate, CorrectLine, EraseLine, OptOutLine
from services.executor.products import Misbehaved

WHOLE_PRODUCT = "*"
"""The data set of a leaf that speaks of a product as a whole."""


def nothing_found() -> tuple[Leaf, ...]:
    """The product knows nobody by what was asked, or holds nothing that the order concerns."""
    return (Leaf(data_set=WHOLE_PRODUCT, outcome=Outcome.NOT_FOUND),)


def left_alone(unclear: Iterable[Candidate]) -> tuple[Leaf, ...]:
    """Records that may be somebody else's: counted, not touched, for the owner to judge (R34)."""
    found = sum(candidate.records for candidate in unclear)
    return (Leaf(data_set=WHOLE_PRODUCT, outcome=Outcome.PARTIAL, found=found),)


def counted(sure: Iterable[Candidate]) -> dict[str, int]:
    """How many records there are of these people, by data set; those that hold none are left out."""
    counts: dict[str, int] = {}
    for candidate in sure:
        for data_set, count in candidate.data_sets.items():
            counts[data_set] = counts.get(data_set, 0) + count
    return {data_set: count for data_set, count in counts.items() if count}


def of_knowledge(data_set: str, count: int, *, declared: bool) -> Leaf:
    """Told about, without a value of it. Of a data set that the product declares nothing of, nothing can be told."""
    if declared:
        return Leaf(data_set=data_set, outcome=Outcome.DELIVERED, found=count, done=count)
    return Leaf(data_set=data_set, outcome=Outcome.UNSUPPORTED, found=count)


def of_access(line: AccessLine, withheld: tuple[str, ...]) -> Leaf:
    """Disclosed, but for what is never disclosed (R23)."""
    done = line.count if line.outcome == "delivered" else 0
    return Leaf(data_set=line.name, outcome=Outcome(line.outcome), found=done, done=done, withheld=withheld)


def of_erasure(line: EraseLine) -> Leaf:
    """Gone, cut loose from the person, counted into a total, or kept under a law."""
    match line.outcome:
        case "not_found":
            return Leaf(data_set=line.name, outcome=Outcome.NOT_FOUND)
        case "retained":
            return Leaf(
                data_set=line.name, outcome=Outcome.RETAINED, found=line.count, retained=line.count, law=line.law
            )
        case _:
            return Leaf(data_set=line.name, outcome=Outcome(line.outcome), found=line.count, done=line.count)


def of_correction(line: CorrectLine) -> Leaf:
    """Corrected only if every wanted change that concerns the data set was made; some of them: partial."""
    match line.outcome:
        case "not_found":
            return Leaf(data_set=line.name, outcome=Outcome.NOT_FOUND)
        case "unsupported":
            return Leaf(data_set=line.name, outcome=Outcome.UNSUPPORTED, found=line.count)
        case "corrected":
            outcome = Outcome.PARTIAL if line.unsupported_fields else Outcome.CORRECTED
            return Leaf(data_set=line.name, outcome=outcome, found=line.count, done=line.count)


def of_opt_out(line: OptOutLine) -> Leaf:
    """Marked, or nothing there that the mark concerns; and who else was told and has acknowledged it (R50)."""
    done = line.count if line.outcome == "opted_out" else 0
    forwarded = (line.vendor.name,) if done and line.vendor else ()
    return Leaf(data_set=line.name, outcome=Outcome(line.outcome), found=done, done=done, forwarded=forwarded)


def check_accounted_for(sure: Iterable[Candidate], lines: Sequence[AccessLine] | Sequence[EraseLine]) -> None:
    """Raises :class:`Misbehaved` when the product is silent on a data set in which it had found records."""
    expected = {name for candidate in sure for name, count in candidate.data_sets.items() if count}
    if not expected <= {line.name for line in lines}:
        raise Misbehaved("data-set-missing")


def still_held(refs: Iterable[str], after: Iterable[Candidate], leaves: Iterable[Leaf]) -> tuple[int, bool]:
    """How many records the product still finds of these people after an erasure, and whether retention explains all."""
    kept = {leaf.data_set: leaf.retained for leaf in leaves}
    there: dict[str, int] = {}
    for candidate in after:
        if candidate.ref in set(refs) or ("email" in candidate.matched and "email" not in candidate.shared):
            for data_set, count in candidate.data_sets.items():
                there[data_set] = there.get(data_set, 0) + count
    return sum(there.values()), all(count <= kept.get(data_set, 0) for data_set, count in there.items())
