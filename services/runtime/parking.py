"""Parking: what a reader cannot handle is kept, sealed, with its reason, and the stream goes on."""

import asyncio
import base64
from datetime import UTC, datetime
from hashlib import sha256

from schemas import topics
from schemas.envelope import Draft, derived_id
from schemas.parked import RecordParked
from services.runtime import metrics
from services.runtime.answer import written
from services.runtime.bus import Bus
from services.runtime.chain import Record
from services.runtime.vault import Vault

FIELD = "original"
KEPT = 1 << 20
"""Bytes kept of a record; ``size`` and ``digest`` tell of all of it. Sealed, more would not fit into a record."""

SYSTEM = "system"
"""The owner under which records of unknown ownership are parked."""


def parked_id(reader: str, record: Record) -> str:
    """The id under which a reader parks a record: the same whenever it meets it again."""
    return derived_id("parked", reader, record.topic, str(record.partition), str(record.offset))


async def park(bus: Bus, vault: Vault, reader: str, record: Record, reason: str, place: str = "") -> None:
    """Keeps ``record`` on the parked topic and returns once the broker has it. Raises BusUnavailable.

    A bad record of the parked topic itself is told of and not kept: parking must not feed on itself.
    """
    identity = parked_id(reader, record)
    raw = record.value or b""
    now = datetime.now(UTC)
    kept = b"" if record.topic == topics.PARKED else raw[:KEPT]
    original = await asyncio.to_thread(_sealed, vault, identity, kept)
    parked = RecordParked(
        reader=reader,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
        place=place,
        size=len(raw),
        digest=sha256(raw).hexdigest(),
        parked_at=now,
        original=original,
    )
    metrics.PARKED.labels(reader, reason).inc()
    draft = Draft(
        id=identity,
        source=reader,
        type=parked.TYPE,
        time=written(now),
        subject=identity,
        owner=SYSTEM,
        partitionkey=identity,
        data=parked.model_dump_json().encode(),
    )
    await bus.publish(topics.PARKED, identity.encode(), draft)


def _sealed(vault: Vault, identity: str, raw: bytes) -> str:
    vault.prepare(identity, ("record",))
    return vault.seal(identity, "record", FIELD, base64.b64encode(raw).decode())
