"""A form as it arrives: its entries and its files, read so that a flood of large ones cannot fill the memory."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.intake import files
from services.runtime.web.language import mark
from services.runtime.web.problem import Problem

FIELDS: Final = 100
LONGEST_ENTRY: Final = 64 << 10

AT_ONCE: Final = 3
"""Forms with files that are read at the same time, by this process; others wait for a place."""

WAITS: Final = 10.0
SLOWEST: Final = 180.0
"""Seconds for reading one form, over the slowest line that is reasonable."""

_places = asyncio.Semaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: what its sender calls it, and what is in it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """Entries by name, in the order they came, and the files somebody chose."""

    entries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    uploads: Sequence[Upload] = ()

    def text(self, name: str) -> str:
        """What was entered last under ``name``, without space around it."""
        return self.entries.get(name, [""])[-1].strip()


class InMemory(MultiPartParser):
    """Keeps the files in memory: what somebody sends us never lies unsealed on a disk."""

    spool_max_size = files.LARGEST + 1

    def close(self) -> None:
        """Lets go of the files, however far they came."""
        for file in self._files_to_close_on_error:
            file.close()


async def read(request: Request) -> Sent:
    """The form that ``request`` carries. Raises a problem where it is none, too much, or too slow."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await _taken_apart((await request.form(max_fields=FIELDS)).multi_items())
    try:
        async with asyncio.timeout(WAITS):
            await _places.acquire()
    except TimeoutError:
        raise _busy() from None
    parser = InMemory(
        request.headers, request.stream(), max_files=2 * files.MOST, max_fields=FIELDS, max_part_size=LONGEST_ENTRY
    )
    try:
        async with asyncio.timeout(SLOWEST):
            return await _taken_apart((await parser.parse()).multi_items())
    except MultiPartException:
        raise Problem(400, mark("We could not read that form"), code="malformed-form") from None
    except TimeoutError:
        raise Problem(408, mark("The form took too long to arrive"), code="too-slow") from None
    finally:
        parser.close()
        _places.release()


async def _taken_apart(items: Sequence[tuple[str, str | UploadFile]]) -> Sent:
    entries: dict[str, list[str]] = {}
    uploads: list[Upload] = []
    for name, entry in items:
        if isinstance(entry, str):
            entries.setdefault(name, []).append(entry)
        elif entry.filename or entry.size:
            uploads.append(Upload(entry.filename or "", await entry.read()))
            await entry.close()
    return Sent(entries, uploads)


def _busy() -> Problem:
    return Problem(
        503,
        mark("Many files are arriving just now"),
        code="busy",
        detail=mark("Please try again in a minute, or send your request without files."),
        headers={"Retry-After": "60"},
    )
