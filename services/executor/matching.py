"""Who of those a product knows is surely the person. Nobody else is ever touched (R34)."""

from collections.abc import Iterable
from typing import NamedTuple

from services.executor.answers import Candidate


class Matching(NamedTuple):
    """``sure`` are the person; ``unclear`` may be, or may be somebody of the same household, device or name."""

    sure: tuple[Candidate, ...]
    unclear: tuple[Candidate, ...]


def told_apart(candidates: Iterable[Candidate]) -> Matching:
    """Only an e-mail address that nobody else there holds is sure: it is what the person proved to control.

    Where somebody is sure, others who merely share a telephone or a name with them are other people, and no leftover.
    """
    everybody = tuple(candidates)
    sure = tuple(each for each in everybody if "email" in each.matched and "email" not in each.shared)
    unclear = tuple(each for each in everybody if each not in sure and (not sure or "email" in each.matched))
    return Matching(sure, unclear)
