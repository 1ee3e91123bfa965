"""A line to the mail server that stays open for the next letter: greeting anew costs more than the letter does."""

import time
from asyncio import AbstractEventLoop, get_running_loop
from collections import deque
from email.message import EmailMessage
from typing import Final
from weakref import WeakKeyDictionary

import aiosmtplib
from aiosmtplib import SMTP

KEPT: Final = 4
"""Lines kept open at most."""

IDLE: Final = 10.0
"""Seconds after which a line that nobody used is not used again: servers hang up."""


class Postman:
    """Hands letters over, each on a line of its own, and keeps lines that are in order. One per server."""

    def __init__(self, host: str, port: int, patience: float) -> None:
        self._host, self._port, self._patience = host, port, patience
        self._idle: deque[tuple[SMTP, float]] = deque()

    async def deliver(self, message: EmailMessage) -> None:
        """Returns when the server has taken the letter. Raises aiosmtplib's errors, OSError and TimeoutError.

        A line is asked whether it still stands before a letter is begun on it: nothing is ever sent twice from here.
        """
        line = await self._standing() or await self._new()
        try:
            await line.send_message(message)
        except aiosmtplib.SMTPResponseException:
            await self._keep(line)  # it said no, and goes on listening
            raise
        except BaseException:
            line.close()
            raise
        await self._keep(line)

    async def _standing(self) -> SMTP | None:
        while self._idle:
            line, since = self._idle.pop()
            if time.monotonic() - since < IDLE and line.is_connected:
                try:
                    await line.rset()
                except (aiosmtplib.SMTPException, OSError):
                    pass
                else:
                    return line
            line.close()
        return None

    async def _new(self) -> SMTP:
        line = SMTP(hostname=self._host, port=self._port, timeout=self._patience)
        await line.connect()
        return line

    async def _keep(self, line: SMTP) -> None:
        if line.is_connected and len(self._idle) < KEPT:
            self._idle.append((line, time.monotonic()))
        else:
            line.close()


_POSTMEN: Final[WeakKeyDictionary[AbstractEventLoop, dict[tuple[str, int], Postman]]] = WeakKeyDictionary()


def postman(host: str, port: int, patience: float) -> Postman:
    """The one for a server. A line belongs to the event loop that opened it, and so does who keeps it."""
    known = _POSTMEN.setdefault(get_running_loop(), {})
    if (host, port) not in known:
        known[host, port] = Postman(host, port, patience)
    return known[host, port]
