"""State rebuilt from a log, against a bare read-and-parse of the same log."""

import time
from dataclasses import dataclass

import orjson

from schemas import topics
from services.router.processor import ROUTER
from services.runtime.aggregate import encode
from services.runtime.fold import fold_all
from services.runtime.reading import read_to_end


@dataclass(frozen=True)
class Rebuilding:
    """Records per second of a rebuild with everything checked, and of reading and parsing alone."""

    records: int
    rebuild: float
    bare: float

    @property
    def ratio(self) -> float:
        """How much of the bare speed the checks and the folding leave."""
        return self.rebuild / self.bare


async def measure(kafka: str) -> Rebuilding:
    """The router's log, both ways, in this process."""
    name = topics.events("router")
    began = time.process_time()
    count = 0
    async for record in read_to_end(kafka, name):
        orjson.loads(record.value or b"{}")
        count += 1
    bare = time.process_time() - began
    began = time.process_time()
    by_partition: dict[int, list[tuple[int, bytes | None]]] = {}
    async for record in read_to_end(kafka, name):
        by_partition.setdefault(record.partition, []).append((record.offset, record.value))
    for records in by_partition.values():
        for aggregate in fold_all(ROUTER, records).changed.values():
            encode(ROUTER, aggregate)
    return Rebuilding(count, count / (time.process_time() - began), count / bare)
