"""The envelope of every record: a CloudEvent in structured JSON, chained by ``parent`` and ``hash`` in a service's log.

The hash is SHA-256 over the record's bytes up to the ``hash`` member, which is always the last one. Whoever holds
the bytes can check it without parsing; nobody needs a canonical form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from hashlib import sha1, sha256
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import ValidationError

CONTENT_TYPE: Final = "application/cloudevents+json"
MAX_RECORD_BYTES: Final = 256 * 1024
"""A larger record is parked unread."""

MAX_PARKED_BYTES: Final = 2 * 1024 * 1024
"""A parked record holds another one, sealed, and so may be larger than what it parks."""

NAMESPACE: Final = UUID("6f0f0d3c-5b1e-4f4e-9a38-0d6b6a4f7e11")
READ: Final = "read"
"""A record of this kind (``dsr.<service>.read.v1``) carries no event: it writes down how far the sources were read."""

_TAIL = len(b',"hash":"') + 64 + len(b'"}')


def derived_id(*parts: str) -> str:
    """The id that follows from its parts: the same on every replica and on every attempt (law 1).

    A version 5 UUID (RFC 9562, section 5.5), written here because Python's own is several times slower.
    """
    digest = bytearray(sha1(NAMESPACE.bytes + "\x1f".join(parts).encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@dataclass(frozen=True, slots=True)
class Read:
    """How far one source topic has been read: the last offset, and for a log the last accepted record's hash."""

    offset: int = -1
    head: str = ""


Position = Mapping[str, Read]
"""Source topic → how far it was read, in the partition of the record."""


def write_position(position: Position) -> str:
    """The position as one CloudEvents attribute: ``topic=offset`` or ``topic=offset@head``, sorted, comma-separated."""
    return ",".join(
        f"{topic}={read.offset}@{read.head}" if read.head else f"{topic}={read.offset}"
        for topic, read in sorted(position.items())
    )


def parse_position(text: str) -> dict[str, Read]:
    """The inverse of :func:`write_position`. Raises ValueError for anything else."""
    position = {}
    for part in filter(None, text.split(",")):
        topic, _, read = part.rpartition("=")
        offset, _, head = read.partition("@")
        position[topic] = Read(int(offset), head)
    return position


@dataclass(frozen=True, slots=True)
class Envelope:
    """CloudEvents 1.0 attributes, ours among them, with ``data`` still undecoded. Unknown attributes are ignored."""

    id: str
    source: str
    type: str
    time: datetime
    specversion: str = "1.0"
    subject: str = ""
    datacontenttype: str = "application/json"
    dataschema: str = ""
    causationid: str = ""
    correlationid: str = ""
    owner: str = ""
    partitionkey: str = ""
    traceparent: str = ""
    parent: str = ""
    position: str = ""
    hash: str = ""
    data: Any = None

    @property
    def is_read_line(self) -> bool:
        """True for a record that only writes down positions."""
        return self.type.endswith(_READ_LINE)


_READ_LINE: Final = f".{READ}.v1"
_TEXTS: Final = tuple(each.name for each in fields(Envelope) if each.name not in {"time", "data"})
_REQUIRED: Final = ("specversion", "id", "source", "type", "time")


class Malformed(ValueError):  # noqa: N818 — it names the record's state
    """A record that cannot be read. ``code`` is the reason, ``field`` where it lies; neither quotes the record."""

    def __init__(self, code: str, place: str = "") -> None:
        super().__init__(f"{code}: {place}" if place else code)
        self.code, self.place = code, place


def parse(raw: bytes | None, limit: int = MAX_RECORD_BYTES) -> Envelope:
    """The envelope in ``raw``, of at most ``limit`` bytes.

    Raises :class:`Malformed` with a stable code and the field's name, never its value.
    """
    if raw is None:
        raise Malformed("empty")
    if len(raw) > limit:
        raise Malformed("oversized")
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Malformed("not-a-cloudevent") from None
    if not isinstance(found, dict):
        raise Malformed("not-a-cloudevent")
    for name in _REQUIRED:
        if not found.get(name):
            raise Malformed("not-a-cloudevent", name)
    given = {name: found[name] for name in _TEXTS if name in found}
    for name, text in given.items():
        if not isinstance(text, str):
            raise Malformed("not-a-cloudevent", name)
    if found["specversion"] != "1.0":
        raise Malformed("unknown-specversion", "specversion")
    return Envelope(**given, time=_instant(found["time"]), data=found.get("data"))


def _instant(text: object) -> datetime:
    """A CloudEvents time. Raises :class:`Malformed` for anything else, or for one without a zone."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Malformed("not-a-cloudevent", "time")
    return moment.astimezone(UTC)


def first_place(error: ValidationError) -> str:
    """Where the first error lies, as a dotted path. The value and the message, which may quote it, stay behind."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ".".join(str(part) for part in first["loc"])


def sealed(unsealed: bytes) -> tuple[bytes, str]:
    """The record with its hash as last member, and the hash. ``unsealed`` is a JSON object without ``hash``."""
    digest = sha256(unsealed).hexdigest()
    return b'%b,"hash":"%b"}' % (unsealed[:-1], digest.encode()), digest


def hash_holds(raw: bytes, claimed: str) -> bool:
    """True if the record's last member is the hash of all the bytes before it."""
    return raw[-_TAIL:] == b',"hash":"%b"}' % claimed.encode() and sha256(raw[:-_TAIL] + b"}").hexdigest() == claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record about to be written: the envelope's attributes, with ``data`` already encoded as JSON."""

    id: str
    source: str
    type: str
    time: str
    subject: str = ""
    causationid: str = ""
    correlationid: str = ""
    owner: str = ""
    partitionkey: str = ""
    traceparent: str = ""
    data: bytes = b""
    extra: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The record as structured JSON; empty attributes are left out, as CloudEvents asks."""
        attributes = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time,
            "datacontenttype": "application/json",
            "dataschema": f"urn:habeas:{self.type}" if self.data else "",
            "causationid": self.causationid,
            "correlationid": self.correlationid,
            "owner": self.owner,
            "partitionkey": self.partitionkey,
            "traceparent": self.traceparent,
            **self.extra,
        }
        head = orjson.dumps({name: value for name, value in attributes.items() if value})
        return b'%b,"data":%b}' % (head[:-1], self.data) if self.data else head
