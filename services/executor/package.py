"""Builds the answer to an access order: one ZIP, the same bytes from the same parts, anywhere and on any day (R32)."""

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
from services.executor import report

FORMAT: Final = "habeas-package/1"
_JSON = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The oldest time a ZIP can hold. The day of packing would make the bytes differ from one attempt to the next."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a package says of its request. Who asked is told by the records themselves."""

    request_id: str
    order_id: str
    number: str
    received_at: datetime
    owner: str
    zone: str
    contact: PrivacyContact

    @classmethod
    def of(cls, request: Request, order_id: str, owner: Owner) -> "Facts":
        """The facts of one order of a request, at the owner that answers it."""
        return cls(
            request.id, order_id, request.number, request.received_at, owner.name, owner.zone, owner.privacy_contact
        )


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
        if raw and sha256(raw).hexdigest() != result.evidence:
            raise ValueError("the part is not the one that its task reported")
        data_sets = orjson.loads(raw) if raw else []
        return cls(result.product, name, result.leaves, {each["name"]: each["records"] for each in data_sets})


def build(facts: Facts, parts: Iterable[Part]) -> bytes:
    """``data.json`` for machines, ``report.html`` for people, ``manifest.json`` with the digests of both."""
    ordered = sorted(parts, key=lambda part: part.product)
    files = {"data.json": portable(facts, ordered), "report.html": report.readable(facts, ordered).encode()}
    files["manifest.json"] = manifest(facts, files)
    return zipped(files)


def portable(facts: Facts, parts: Iterable[Part]) -> bytes:
    """Everything, in a structured and commonly used form that another system can read (R32)."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "request": {"id": facts.request_id, "number": facts.number, "received_at": facts.received_at.isoformat()},
            "order": facts.order_id,
            "owner": facts.owner,
            "privacy_contact": facts.contact.model_dump(),
            "products": [
                {"slug": part.product, "name": part.name, "data_sets": [_data_set(part, leaf) for leaf in part.leaves]}
                for part in parts
            ],
        },
        option=_JSON,
    )


def manifest(facts: Facts, files: Mapping[str, bytes]) -> bytes:
    """What is in the package, file by file, with SHA-256 and size."""
    listed = [
        {"name": name, "sha256": sha256(content).hexdigest(), "size": len(content)}
        for name, content in sorted(files.items())
    ]
    return orjson.dumps({"format": FORMAT, "order": facts.order_id, "files": listed}, option=_JSON)


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
