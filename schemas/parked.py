"""What could not be handled: where it came from, why, and the record itself, sealed."""

from typing import ClassVar

from schemas.base import Fact, Moment


class RecordParked(Fact):
    """A record that its reader could not handle (law: refusals are data). ``original`` is sealed under
    ``request_id``.
    """

    TYPE: ClassVar[str] = "dsr.parked.record-parked.v1"

    reader: str
    topic: str
    partition: int
    offset: int
    reason: str
    place: str = ""
    size: int
    digest: str
    parked_at: Moment
    original: str
