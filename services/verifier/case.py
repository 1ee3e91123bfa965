"""Where the proving of one request stands: the phases, each with only what exists then."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Fact, Moment, Sealed
from schemas.intake import Challenge
from schemas.request import Request
from schemas.verifier import Need
from schemas.vocabulary import NEEDS_NO_PROOF, Assurance, Method, Right


class Case(Fact):
    """What stays the same, or counts down, while a request is open. ``by_code``: the code was sent, not the link."""

    request: Request
    needs: tuple[Need, ...]
    challenge: Challenge
    code: Challenge | None = None
    by_code: bool = False
    agent: bool = False
    expires_at: Moment
    remind_at: Moment | None = None
    attempts_left: int

    def need(self, right: Right) -> Need:
        """What a right needs. Where an old challenge does not say, the link was promised to be enough."""
        known = next((need for need in self.needs if need.right is right), None)
        level = Assurance.NONE if right in NEEDS_NO_PROOF else Assurance.REASONABLE
        return known or Need(right=right, level=level)


class Unchallenged(Fact):
    """Nothing is known of the request yet."""

    phase: Literal["unchallenged"] = "unchallenged"


class Attested(Fact):
    """Somebody vouched for the person, and the request has not arrived yet."""

    phase: Literal["attested"] = "attested"
    by: str
    method: Method


class Challenged(Fact):
    """The person was asked for proof of their address, or will be when ``held_until`` has come."""

    phase: Literal["challenged"] = "challenged"
    case: Case
    held_until: Moment | None = None


class Gathering(Fact):
    """Something is proved, and more is needed: from the person, or, once ``comparing``, from the products."""

    phase: Literal["gathering"] = "gathering"
    case: Case
    methods: tuple[Method, ...]
    points: tuple[Sealed, ...] = ()
    comparing: bool = False


class Key(Fact):
    """Keys that are to be destroyed, at ``at`` or at once."""

    purposes: tuple[str, ...]
    at: Moment | None = None


class Settled(Fact):
    """Proved or not: nothing that comes later changes it. ``forget`` is what is still to be forgotten."""

    phase: Literal["settled"] = "settled"
    request_id: str = ""
    forget: tuple[Key, ...] = ()

    @property
    def still_known(self) -> tuple[tuple[str, ...], ...]:
        """The purposes whose keys are not destroyed yet."""
        return tuple(key.purposes for key in self.forget)


State = Annotated[Unchallenged | Attested | Challenged | Gathering | Settled, Field(discriminator="phase")]
Open = Challenged | Gathering
"""The phases in which the request waits for somebody."""
