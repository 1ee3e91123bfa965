"""What proves identity how well: the tables, and nothing but them.

How well it must be proved for each right, :data:`schemas.vocabulary.STATUTORY` says, for forms ask by it as well.
`decisions.md` beside this file spells out what both come to, case by case; its rows are tests.
"""

from collections.abc import Collection, Mapping
from typing import Final

from schemas.vocabulary import Assurance, Channel, Method

POINTS_NEEDED: Final[Mapping[Assurance, int]] = {
    Assurance.NONE: 0,
    Assurance.REASONABLE: 2,
    Assurance.REASONABLY_HIGH: 3,
}
"""Reliable data points that each level takes (11 CCR 7062(b), (c))."""

SIGNED: Final = frozenset({Assurance.REASONABLY_HIGH})
"""Levels that take a declaration under penalty of perjury as well (11 CCR 7062(c))."""

WORTH: Final[Mapping[Method, int]] = {Method.EMAIL_LINK: 2, Method.SMS_CODE: 1}
"""Data points that a method makes. The link makes two: the mailbox is theirs, and its address is what records are found
by. A code shows that the telephone is theirs. Beside these, each data point that a product holds as given makes one.
"""

ENOUGH: Final[tuple[frozenset[Method], ...]] = (
    frozenset({Method.ATTESTATION}),
    frozenset({Method.REAUTHENTICATION}),
    frozenset({Method.POWER_OF_ATTORNEY}),
    frozenset({Method.PERMISSION, Method.CONFIRMATION}),
)
"""What meets every level, without points: the owner's own word; an account holder who signed in anew (11 CCR 7061); a
power of attorney; a signed permission that the person confirmed to us directly (11 CCR 7063).
"""

BY_HAND: Final = frozenset(Channel) - {Channel.PHONE}
"""Doors through which somebody can have signed: over the telephone nobody signs anything."""

STRENGTH: Final = (
    Method.ATTESTATION,
    Method.REAUTHENTICATION,
    Method.POWER_OF_ATTORNEY,
    Method.CONFIRMATION,
    Method.EMAIL_LINK,
    Method.SMS_CODE,
    Method.KNOWLEDGE,
    Method.DECLARATION,
    Method.PERMISSION,
)
"""Methods, the one that says most first: it is the one a proof is named after."""

_RISING: Final = (Assurance.NONE, Assurance.REASONABLE, Assurance.REASONABLY_HIGH)


def points(methods: Collection[Method], matched: int) -> int:
    """The reliable data points that these methods and ``matched`` compared ones make."""
    return sum(WORTH.get(method, 0) for method in methods) + matched


def meets(level: Assurance, methods: Collection[Method], matched: int) -> bool:
    """True if this proves identity to ``level``."""
    if any(enough <= set(methods) for enough in ENOUGH):
        return True
    signed = level not in SIGNED or Method.DECLARATION in methods
    return signed and points(methods, matched) >= POINTS_NEEDED[level]


def level_met(methods: Collection[Method], matched: int) -> Assurance:
    """The highest level that this proves."""
    return max((level for level in _RISING if meets(level, methods, matched)), key=_RISING.index)


def at_least(one: Assurance, other: Assurance) -> Assurance:
    """The higher of two levels."""
    return max(one, other, key=_RISING.index)
