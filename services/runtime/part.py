"""One assigned partition while it is being worked on: its head, its positions, and what is still in flight."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.envelope import Read
from services.runtime.aggregate import Aggregate

UNREAD = Read()


@dataclass(slots=True)
class Waiting:
    """A cause that was answered, by an event or by silence; acknowledged once a settled record covers it."""

    acknowledge: Callable[[], object]


@dataclass(slots=True)
class Written:
    """A record handed to the producer: an event with the aggregate after it, or a bare read line."""

    offset: "asyncio.Future[int]"
    head: str
    position: Mapping[str, Read]
    name: str = ""
    aggregate: Aggregate | None = None


class Fenced(Exception):  # noqa: N818 — a state of affairs, not a fault of ours
    """Somebody else wrote to the partition's log: this worker does not own it any more."""


@dataclass(slots=True)
class Settled:
    """What became certain in one go: the last record, what each event left behind, the causes they cover."""

    last: Written | None = None
    offset: int = -1
    steps: list[tuple[str, Aggregate]] = field(default_factory=list)
    """Each event's aggregate after it, in the log's order: an effect belongs to the first event that owed it."""
    covered: list[Waiting] = field(default_factory=list)

    @property
    def changed(self) -> dict[str, Aggregate]:
        """What the aggregates are in the end."""
        return dict(self.steps)


@dataclass(slots=True)
class Part:
    """``head``, ``position`` and ``overlay`` run ahead of the log; ``settled`` is the last offset known to be ours."""

    number: int
    head: str
    position: dict[str, Read]
    settled: int
    overlay: dict[str, Aggregate] = field(default_factory=dict)
    queue: deque[Waiting | Written] = field(default_factory=deque)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    silence: asyncio.TimerHandle | None = None
    settling: bool = False
    read_at: dict[str, float] = field(default_factory=dict)
    results_end: int | None = None
    """Where the inbox ended when the partition was taken up; None once it is read up to there, and effects are owed."""

    def read(self, topic: str) -> Read:
        """How far a source has been read."""
        return self.position.get(topic, UNREAD)

    def move(self, topic: str, read: Read, at: float) -> None:
        """A record of a source was read; ``at`` is its time in seconds, kept to tell how far behind the reading is."""
        self.position[topic] = read
        self.read_at[topic] = at

    def has_read(self, inbox: str, position: Mapping[str, Read]) -> bool:
        """True if ``position`` covers every result that was reported before the partition was taken up."""
        return position.get(inbox, UNREAD).offset + 1 >= (self.results_end or 0)

    def in_flight(self) -> "list[asyncio.Future[int]]":
        """The sends the broker has not answered yet."""
        return [item.offset for item in self.queue if isinstance(item, Written) and not item.offset.done()]

    def settle(self) -> Settled:
        """Takes the longest prefix of records the broker has acknowledged, with the causes they cover.

        Raises :class:`Fenced` if one did not land right behind the one before it, and whatever a send failed with.
        """
        done = Settled()
        uncovered: list[Waiting] = []
        while self.queue:
            item = self.queue[0]
            if isinstance(item, Waiting):
                uncovered.append(item)
            else:
                if not item.offset.done():
                    break
                landed = item.offset.result()
                if landed != self.settled + 1:
                    raise Fenced(f"partition {self.number}: expected offset {self.settled + 1}, landed at {landed}")
                self.settled = done.offset = landed
                done.last = item
                done.covered += uncovered
                uncovered = []
                if item.aggregate is not None:
                    done.steps.append((item.name, item.aggregate))
            self.queue.popleft()
        self.queue.extendleft(reversed(uncovered))
        for name, aggregate in done.steps:
            if self.overlay.get(name) is aggregate:
                del self.overlay[name]
        return done
