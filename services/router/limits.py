"""What the handler is told about the requests that came before: more to know than are free, the same again (R13).

A flag refuses nothing. The owner may refuse or not; what it was told when it decided is part of its instruction. Only
requests that reached their owner count here, and to know only verified ones do: whoever asks in another's name spends
none of theirs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.router import Flag
from schemas.vocabulary import NEEDS_NO_PROOF, Right

FREE: Final = 2
"""So many requests to know within twelve months are free (Cal. Civ. Code 1798.130(b)); after as many, the same delete
or correction once more is called repetitive (1798.145(h)(3))."""

TO_KNOW: Final = frozenset({Right.KNOW, Right.ACCESS})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a person at an owner, as far as another one depends on it."""

    request_id: str
    rights: frozenset[Right]
    received_at: datetime
    proved: bool
    open: bool = True

    @property
    def to_know(self) -> bool:
        """True for a request that counts: to know categories or specific pieces, of somebody whose identity is
        proved.
        """
        return self.proved and bool(self.rights & TO_KNOW)


@dataclass(frozen=True, slots=True)
class Link:
    """Another request of the same person at the same owner, and why it is named."""

    request_id: str
    why: Flag


@dataclass(frozen=True, slots=True)
class Noted:
    """What there is to say about a request: flags, and the requests they rest on. None vouches for another."""

    flags: tuple[Flag, ...]
    links: tuple[Link, ...]


def noted(request: Asked, before: Iterable[Asked]) -> Noted:
    """What is said of ``request``, given what reached the owner ``before`` it. Settled once: later ones change
    nothing.
    """
    links = tuple(link for earlier in before for link in _links(request, earlier))
    found = {flag: sum(link.why is flag for link in links) for flag in Flag}
    flags = [
        flag
        for flag, enough in ((Flag.MORE_THAN_FREE, FREE), (Flag.DUPLICATE, 1), (Flag.REPEATED, FREE))
        if found[flag] >= enough
    ]
    return Noted(tuple(flags), tuple(link for link in links if link.why in flags))


def _links(request: Asked, earlier: Asked) -> Iterator[Link]:
    same = request.rights & earlier.rights
    recent = earlier.received_at > a_year_before(request.received_at)
    if request.to_know and earlier.to_know and recent:
        yield Link(earlier.request_id, Flag.MORE_THAN_FREE)
    if same and earlier.open:
        yield Link(earlier.request_id, Flag.DUPLICATE)
    elif recent and same - TO_KNOW - NEEDS_NO_PROOF:
        yield Link(earlier.request_id, Flag.REPEATED)


def a_year_before(moment: datetime) -> datetime:
    """The same moment twelve months earlier; for the 29th of February, of the 28th."""
    day = 28 if (moment.month, moment.day) == (2, 29) else moment.day
    return moment.replace(year=moment.year - 1, day=day)
