"""What a domain is handed and what it may ask for: causes in, effects owed out."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from schemas.base import Fact
from schemas.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that happened, with all that a decision may depend on: its time, and the policies in force (law 5)."""

    id: str
    time: datetime
    subject: str
    owner: str
    body: Fact
    policies: Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something the settled state owes the world.

    ``id`` is its idempotency key, the same on every replica and after every crash; it is not done before
    ``not_before``.
    """

    id: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake(Effect):
    """Owed to ourselves: a :class:`TimePassed` at ``not_before``, or at once. How a state moves on without the
    world.
    """


class TimePassed(Fact):
    """The result of a :class:`Wake`: the time it waited for has come."""

    TYPE: ClassVar[str] = "dsr.clock.time-passed.v1"

    effect_id: str
