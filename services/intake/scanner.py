"""Looks for harm in a file: asks clamd where one is configured (``HABEAS_CLAMD``), and always knows the test virus.

Without clamd a file's kind is checked, and nothing else: whoever opens it should know that.
"""

import asyncio
import struct
from typing import Final

from services.intake.files import HARMFUL, UNCHECKED, Unfit

PATIENCE: Final = 20.0
"""Seconds for one file."""

CHUNK: Final = 64 << 10
_TEST_VIRUS: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + b"$H+H*"


async def scan(data: bytes, clamd: str) -> None:
    """Returns if nothing was found. ``clamd`` is host:port, or the path of its socket; empty where there is none.

    Raises :class:`Unfit`: also where clamd is configured and gives no answer.
    """
    if _TEST_VIRUS in data:
        raise Unfit(HARMFUL)
    if not clamd:
        return
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await _ask(data, clamd)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        raise Unfit(UNCHECKED) from None
    if answer.endswith(b"FOUND"):
        raise Unfit(HARMFUL)
    if not answer.endswith(b": OK"):
        raise Unfit(UNCHECKED)


async def _ask(data: bytes, clamd: str) -> bytes:
    """clamd's INSTREAM: pieces, each after its length, and a length of zero."""
    host, _, port = clamd.rpartition(":")
    reader, writer = await (
        asyncio.open_unix_connection(clamd) if clamd.startswith("/") else asyncio.open_connection(host, int(port))
    )
    try:
        writer.write(b"zINSTREAM\0")
        for at in range(0, len(data), CHUNK):
            piece = data[at : at + CHUNK]
            writer.write(struct.pack(">I", len(piece)) + piece)
            await writer.drain()
        writer.write(struct.pack(">I", 0))
        await writer.drain()
        return (await reader.readuntil(b"\0")).rstrip(b"\0").strip()
    finally:
        writer.close()
