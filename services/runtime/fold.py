"""Folding a log's records through the acceptance rule: recovery, rebuilds and checks all come through here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from schemas.envelope import Envelope, Malformed, Read, parse_position
from services.runtime.aggregate import Aggregate, Stamp
from services.runtime.aggregate import fold as fold_one
from services.runtime.cache import Mark
from services.runtime.chain import decode, follows
from services.runtime.service import Service


class WrittenByNewer(Exception):  # noqa: N818 — tells what the log is
    """The log holds an accepted event that this release cannot read; folding on would give a wrong state."""


@dataclass(slots=True)
class Folding:
    """One partition being folded. ``load`` gives an aggregate from before, ``changed`` collects those touched."""

    service: Service
    mark: Mark
    load: Callable[[str], Aggregate | None]
    changed: dict[str, Aggregate] = field(default_factory=dict)
    void: int = 0

    def take(self, offset: int, raw: bytes | None) -> None:
        """Folds one record, if it belongs to the chain. Raises :class:`WrittenByNewer`."""
        envelope = self._accepted(raw)
        if envelope is None:
            self.void += 1
            self.mark = Mark(offset, "", self.mark.head, self.mark.position)
            return
        position: dict[str, Read] = parse_position(envelope.position)
        self.mark = Mark(offset, envelope.hash, envelope.hash, position)
        try:
            event = decode(envelope)
        except Malformed as reason:
            raise WrittenByNewer(f"{envelope.type} at offset {offset}: {reason.code}") from None
        if event is None:
            return
        name = self.service.aggregate(envelope)
        before = self.changed.get(name) or self.load(name)
        self.changed[name] = fold_one(self.service, before, event, stamp_of(envelope))

    def _accepted(self, raw: bytes | None) -> Envelope | None:
        try:
            return follows(raw, self.mark.head)
        except Malformed:
            return None


def stamp_of(envelope: Envelope) -> Stamp:
    """What an accepted event leaves on its aggregate."""
    return Stamp(
        envelope.id,
        envelope.subject,
        envelope.partitionkey,
        envelope.owner,
        envelope.correlationid,
        envelope.traceparent,
    )


def fold_all(service: Service, records: Iterable[tuple[int, bytes | None]]) -> Folding:
    """A partition folded from its first record, in memory."""
    folding = Folding(service, Mark(), lambda _name: None)
    for offset, raw in records:
        folding.take(offset, raw)
    return folding
