"""What intake is told and what it says."""

from typing import ClassVar

from schemas import tickets
from schemas.base import Fact, Sealed
from schemas.request import Request
from schemas.vocabulary import Signal


class Challenge(Fact):
    """A secret made at the door, for proving control of an address: its digest, and itself sealed for the letter.

    The digest of a link's secret is its SHA-256; that of a code, which could be guessed from one, is a keyed hash.
    """

    digest: str
    token: Sealed


class SubmitRequest(Fact):
    """Command: a submission that passed its door. ``digest`` is a keyed hash of its content, for its idempotency
    key. ``code`` is there where the person gave a telephone number: six digits, sent only if they are needed.
    """

    TYPE: ClassVar[str] = "dsr.intake.submit-request.v1"

    request: Request
    digest: str
    challenge: Challenge
    code: Challenge | None = None


class RequestReceived(Fact):
    """A request was received: the statutory clock runs from ``request.received_at`` (11 CCR 7021(b)).

    ``today`` is how many requests of the same person to the same owner were received in the 24 hours before it: an
    address gets only so many letters a day.
    """

    TYPE: ClassVar[str] = "dsr.intake.request-received.v1"

    request: Request
    digest: str
    challenge: Challenge
    code: Challenge | None = None
    today: int = 0


class SubmissionRefused(Fact):
    """A submission re-used the key of another one with other content; the first stands."""

    TYPE: ClassVar[str] = "dsr.intake.submission-refused.v1"

    request_id: str
    reason: str


class RecordSignal(Fact):
    """Command: a browser said that it opts out of sale and sharing: a state of consent, and no request.

    ``person`` is the person key of whoever submitted something with it. Where nobody is known it is the browser's: a
    keyed hash of owner and of a random id that the browser keeps for us; ``anonymous`` then. It is about no request:
    the envelope has no subject.
    """

    TYPE: ClassVar[str] = "dsr.intake.record-signal.v1"

    person: str
    anonymous: bool
    signal: Signal = Signal.GPC


class SignalRecorded(Fact):
    """A person, or a browser, is opted out of sale and sharing at the owner of the envelope since its time (R39; Cal.
    Civ. Code 1798.135(e); 11 CCR 7025(c)). Said once for each.
    """

    TYPE: ClassVar[str] = "dsr.intake.signal-recorded.v1"

    person: str
    anonymous: bool
    signal: Signal = Signal.GPC


Event = RequestReceived | SubmissionRefused | SignalRecorded | tickets.Event
