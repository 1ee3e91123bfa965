"""The disk cache of one partition: states, head and positions, always written together. It may be deleted at any
time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from rocksdict import AccessType, Options, Rdict, WriteBatch

from schemas.envelope import Read, parse_position, write_position
from services.runtime.aggregate import Aggregate, decode, encode
from services.runtime.service import Service

FORMAT = 2
"""Changes with the encoding of what is kept. A cache of another format is dropped and rebuilt from the log."""

HEAD = b"\0head"
STATE = b"s"
OWING = b"o"

OPTIONS = {
    "block_cache_size": 16 << 20,
    "write_buffer_size": 8 << 20,
    "max_write_buffer_number": 2,
    "max_open_files": 256,
}
"""Per partition; RocksDB as Faust opens it would take two gigabytes of cache each."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the cache reflects the log: offset and hash of the record there, the chain's head, the positions."""

    offset: int = -1
    hash: str = ""
    head: str = ""
    position: Mapping[str, Read] = field(default_factory=dict)


class OtherFormat(ValueError):  # noqa: N818 — tells what the cache is
    """The cache was written by a release that keeps things otherwise."""


def read_mark(db: Any) -> Mark:
    """The mark stored in a partition's database; the zero mark for an empty one. Raises :class:`OtherFormat`."""
    raw = db.get(HEAD)
    if raw is None:
        return Mark()
    written_as, *mark = orjson.loads(raw)
    if written_as != FORMAT:
        raise OtherFormat(f"written as format {written_as}, read as {FORMAT}")
    offset, digest, head, position = mark
    return Mark(offset, digest, head, parse_position(position))


def read_state(db: Any, service: Service, name: str) -> Aggregate | None:
    """The aggregate kept under ``name``."""
    raw = db.get(STATE + name.encode())
    return decode(service, raw) if raw is not None else None


def write(db: Any, service: Service, mark: Mark, changed: Mapping[str, Aggregate], offset_key: bytes = b"") -> None:
    """Writes states, the index of those that owe effects, and the mark, in one batch (law 2)."""
    batch = WriteBatch(raw_mode=True)
    for name, aggregate in changed.items():
        key = name.encode()
        batch.put(STATE + key, encode(service, aggregate))
        if any(True for _ in service.due(aggregate.state)):
            batch.put(OWING + key, b"")
        else:
            batch.delete(OWING + key)
    position = write_position(mark.position)
    batch.put(HEAD, orjson.dumps([FORMAT, mark.offset, mark.hash, mark.head, position]))
    if offset_key:
        batch.put(offset_key, str(mark.offset).encode())
    db.write(batch)


def owing(db: Any) -> Iterator[str]:
    """The names of all aggregates that owe effects."""
    for key in db.keys(from_key=OWING):
        if not key.startswith(OWING):
            return
        yield key[1:].decode()


def contents(db: Any) -> Iterator[tuple[bytes, bytes]]:
    """Everything but the floor's own bookkeeping, in key order: what a rebuild must reproduce byte for byte."""
    for key, value in db.items():
        if key.startswith((STATE, OWING)):
            yield key, value


def open_for_reading(path: str) -> Any:
    """The database of a partition as it is now, while its owner goes on writing."""
    return Rdict(path, options=Options(raw_mode=True), access_type=AccessType.read_only())
