"""The mailbox's SMTP door: whatever is sent here is taken and goes no further."""

import asyncio

from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.demo.mailbox.letters import Letters
from infra.demo.serving import HOST

_LARGEST = 10 * 1024 * 1024


class _Door:
    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        await asyncio.to_thread(
            self._letters.take, envelope.mail_from or "", tuple(envelope.rcpt_tos), bytes(envelope.content or b"")
        )
        self._letters.ring(envelope.rcpt_tos)
        return "250 Taken"


async def listen(letters: Letters, port: int) -> asyncio.Server:
    """Opens the door. The caller closes it."""
    loop = asyncio.get_running_loop()
    door = _Door(letters)

    def greet() -> asyncio.Protocol:
        protocol: asyncio.Protocol = SMTP(
            door, loop=loop, hostname="mailbox.example", enable_SMTPUTF8=True, data_size_limit=_LARGEST
        )
        return protocol

    return await loop.create_server(greet, HOST, port)
