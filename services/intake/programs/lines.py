"""A body as it comes, line by line, and answers as they are wanted: neither side has to wait for the other."""

import asyncio
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import Final

from starlette.types import Receive, Send

LONGEST: Final = 256 * 1024
"""Bytes of a line; the same as a record's limit on the bus."""

HELD: Final = 1 << 20
"""Bytes of answers kept in memory for a client that does not read them yet; more of them wait in a file."""

PIECE: Final = 64 * 1024


class BrokenOff(Exception):  # noqa: N818 — a state
    """The client went away before the end of its body."""


async def lines(receive: Receive, longest: int = LONGEST) -> AsyncIterator[tuple[int, bytes | None]]:
    """Each line that is not blank, with its number from 1; None for one that is too long. The last needs no end.

    Raises :class:`BrokenOff`, and then gives nothing of the line that was cut.
    """
    held, number, dropping, more = bytearray(), 0, False, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BrokenOff
        more = message.get("more_body", False)
        *whole, rest = (bytes(held) + message.get("body", b"")).split(b"\n")
        held = bytearray(rest)
        for line in whole:
            number += 1
            if dropping or len(line) > longest:
                dropping = False
                yield number, None
            elif line.strip():
                yield number, line
        if len(held) > longest:
            held, dropping = bytearray(), True
    if dropping or held.strip():
        yield number + 1, None if dropping else bytes(held)


class Outbox:
    """Answers on their way to a client that may read them only when it has sent all. No personal data is in them."""

    def __init__(self) -> None:
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=HELD)  # noqa: SIM115 — see close
        self._written = self._read = 0
        self._news, self._ended = asyncio.Event(), False

    def say(self, answer: bytes) -> None:
        """Adds an answer. Never waits."""
        self._file.seek(self._written)
        self._written += self._file.write(answer)
        self._news.set()

    def end(self) -> None:
        """There will be no more."""
        self._ended = True
        self._news.set()

    async def deliver(self, send: Send) -> None:
        """Sends what is there as it comes, until the end. Waits while the client does not read."""
        while True:
            while self._read < self._written:
                self._file.seek(self._read)
                piece = self._file.read(PIECE)
                self._read += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if self._ended:
                break
            self._news.clear()
            await self._news.wait()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def close(self) -> None:
        """Lets go of what is left."""
        self._file.close()
