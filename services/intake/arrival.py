"""How a submission came, and which requests it becomes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.envelope import derived_id
from schemas.request import Attachment, Ticket
from schemas.vocabulary import Channel, Right
from services.intake.submission import Submission

AT_ONCE: Final = "at-once"
"""Marks the half of a submission that goes ahead without proof, where the other half waits for it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a submission came: through which door, under whose key, when, and by whose hand.

    ``client`` is the door, or the registered client: a key is unique to it. ``entered_by`` is an account or a client
    that entered the submission for the person.
    """

    channel: Channel
    client: str
    key: str
    at: datetime
    entered_by: str = ""
    attachments: tuple[Attachment, ...] = ()
    ticket: Ticket | None = None

    def request_id(self, half: str = "") -> str:
        """The id of the request that this makes, the same on every attempt; what is sealed for it is bound to it."""
        return self.named(self.client, self.key, half)

    @staticmethod
    def named(client: str, key: str, half: str = "") -> str:
        """The same, of what came under this key from this client."""
        return derived_id("request", client, key, *filter(None, (half,)))


@dataclass(frozen=True, slots=True)
class Part:
    """A request that a submission becomes: its rights, and the requests of the same submission beside it."""

    request_id: str
    rights: tuple[Right, ...]
    linked: tuple[str, ...] = ()


def halves(submission: Submission, arrival: Arrival) -> tuple[Part, ...]:
    """The requests a submission becomes: one, or the one that needs proof and the one that does not."""
    if not submission.at_once or not submission.after_proof:
        return (Part(arrival.request_id(), submission.rights),)
    main, other = arrival.request_id(), arrival.request_id(AT_ONCE)
    return (Part(main, submission.after_proof, (other,)), Part(other, submission.at_once, (main,)))
