"""Builds the answer to an access order: one ZIP, the same bytes from the same parts, anywhere and on any day (R32).

What every package is made of is here too: :mod:`categories` builds the answer to an order to know from the same pieces.
"""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from schemas.catalogue import Owner, PrivacyContact
from schemas.request import Leaf, Request, TaskResult
from schemas.vocabulary import Right
from services.executor import report

FORMAT: Final = "habeas-package/1"
_JSON = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The oldest time a ZIP can hold. The day of packing would make the bytes differ from one attempt to the next."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a package says of its request. Who asked is told by the records themselves.

    ``instead_of`` is the right that was asked for, where it could not be granted as asked (11 CCR 7024(a)).
    """

    request_id: str
    order_id: str
    number: str
    received_at: datetime
    owner: str
    zone: str
    contact: PrivacyContact
    instead_of: Right | None = None

    @classmethod
    def of(cls, request: Request, order_id: str, owner: Owner) -> "Facts":
        """The facts of one order of a request, at the owner that answers it."""
        return cls(
            request.id, order_id, request.number, request.received_at, owner.name, owner.zone, owner.privacy_contact,
            next((order.instead_of for order in request.orders if order.id == order_id), None),
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """What every ``data.json`` begins with."""
        return {
            "format": FORMAT,
            "request": {"id": self.request_id, "number": self.number, "received_at": self.received_at.isoformat()},
            "order": self.order_id,
            "owner": self.owner,
            "privacy_contact": self.contact.model_dump(),
        }


@dataclass(frozen=True, slots=True)
class Part:
    """What one product brought: its leaves, and the records by data set."""

    product: str
    name: str
    leaves: tuple[Leaf, ...]
    records: Mapping[str, Sequence[Mapping[str, Any]]]

    @classmethod
    def of(cls, result: TaskResult, name: str, raw: bytes) -> "Part":
        """The part as its task wrote it; no bytes where nothing was delivered. Raises ValueError for other bytes."""
        return cls(
            result.product, name, result.leaves, {each["name"]: each["records"] for each in checked(result, raw)}
        )


def checked(result: TaskResult, raw: bytes) -> list[Any]:
    """What a task kept for the package. Raises ValueError for bytes that are not the ones it reported."""
    if raw and sha256(raw).hexdigest() != result.evidence:
        raise ValueError("the part is not the one that its task reported")
    kept: list[Any] = orjson.loads(raw) if raw else []
    return kept


def build(facts: Facts, parts: Iterable[Part]) -> bytes:
    """``data.json`` for machines, ``report.html`` for people, ``manifest.json`` with the digests of both."""
    ordered = sorted(parts, key=lambda part: part.product)
    return packed(facts, portable(facts, ordered), report.readable(facts, ordered))


def packed(facts: Facts, data: bytes, page: str) -> bytes:
    """The package of these two files, with its manifest."""
    files = {"data.json": data, "report.html": page.encode()}
    files["manifest.json"] = manifest(facts, files)
    return zipped(files)


def portable(facts: Facts, parts: Iterable[Part]) -> bytes:
    """Everything, in a structured and commonly used form that another system can read (R32)."""
    products = [
        {"slug": part.product, "name": part.name, "data_sets": [_data_set(part, leaf) for leaf in part.leaves]}
        for part in parts
    ]
    return as_json(facts.told() | {"products": products})


def as_json(content: Mapping[str, Any]) -> bytes:
    """The same content makes the same bytes, for eyes as well as for machines."""
    return orjson.dumps(content, option=_JSON)


def manifest(facts: Facts, files: Mapping[str, bytes]) -> bytes:
    """What is in the package, file by file, with SHA-256 and size."""
    listed = [
        {"name": name, "sha256": sha256(content).hexdigest(), "size": len(content)}
        for name, content in sorted(files.items())
    ]
    return as_json({"format": FORMAT, "order": facts.order_id, "files": listed})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files, sorted. Stored and not deflated: compressors differ between machines, and the bytes may not."""
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, content)
    return box.getvalue()


def _data_set(part: Part, leaf: Leaf) -> dict[str, Any]:
    return {
        "name": leaf.data_set,
        "outcome": leaf.outcome.value,
        "count": leaf.done,
        "records": part.records.get(leaf.data_set, ()),
        "held_not_disclosed": leaf.withheld,
    }
