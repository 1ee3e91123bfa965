"""How much of its sources a service has not read, and since when: from where they end, looked at every few seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.runtime.positions import Place

KEPT: Final = 300
"""Ends remembered of a place that is not read. The first one is never dropped: the oldest record's age hangs on it."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What is not read: records by topic, and the age of the oldest in seconds."""

    records: Mapping[str, int]
    oldest: float


@dataclass(slots=True)
class _Seen:
    """Where a place ended at the first look, and when its end was first seen where it was."""

    first: int
    ends: list[tuple[int, float]] = field(default_factory=list)

    def look(self, end: int, now: float, wanted: int) -> None:
        if not self.ends or self.ends[-1][0] != end:
            self.ends.append((end, now))
        while len(self.ends) > 1 and self.ends[0][0] <= wanted:
            self.ends.pop(0)
        if len(self.ends) > KEPT:
            del self.ends[1]


class Backlog:
    """Fed with each look; asks no broker. A record is at least as old as the first look at which the source's end was
    past it; one that was there before the first look is as old as the record read before it. Nothing is fetched.
    """

    def __init__(self) -> None:
        self._seen: dict[Place, _Seen] = {}

    def look(
        self, now: float, ends: Mapping[Place, int], reads: Mapping[Place, int], read_at: Mapping[Place, float]
    ) -> Behind:
        """``ends`` and ``reads`` are each place's next offset, and the next one its reader wants; ``read_at`` is the
        time of the last record read, in seconds, for places where this process has read one.
        """
        self._seen = {place: self._seen.get(place) or _Seen(end) for place, end in ends.items()}
        records: dict[str, int] = {}
        oldest = 0.0
        for place, end in ends.items():
            wanted, seen = reads.get(place, 0), self._seen[place]
            seen.look(end, now, wanted)
            records[place[0]] = records.get(place[0], 0) + max(0, end - wanted)
            if end > wanted:
                there_before = wanted < seen.first and place in read_at
                oldest = max(oldest, now - (read_at[place] if there_before else seen.ends[0][1]))
        return Behind(records, oldest)
