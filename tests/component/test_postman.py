"""A line to the mail server that stays open: used again while it stands, never for a letter that may be gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifier import postman as lines
from services.notifier.postman import Postman


class Office:
    """A mail server that counts its callers, and may hang up on them."""

    def __init__(self) -> None:
        self.calls = 0
        self.taken: list[str] = []
        self.refuses = False
        self.hangs_up_at_data = False
        self.sessions: list[SMTP] = []

    def greet(self) -> SMTP:
        """One more caller."""
        self.calls += 1
        session = SMTP(self, hostname="office.example", loop=asyncio.get_running_loop())
        self.sessions.append(session)
        return session

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuses:
            return "554 No"
        self.taken.append(envelope.rcpt_tos[0])
        if self.hangs_up_at_data:
            server.transport.abort()
        return "250 Taken"

    def hang_up(self) -> None:
        """Every line is cut."""
        for session in self.sessions:
            if session.transport is not None:
                session.transport.abort()


@asynccontextmanager
async def open_office() -> AsyncIterator[tuple[Office, Postman]]:
    office = Office()
    server = await asyncio.get_running_loop().create_server(office.greet, "127.0.0.1", 0)
    async with server:
        yield office, Postman("127.0.0.1", server.sockets[0].getsockname()[1], 5)
        office.hang_up()


def letter(to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "us@habeas.example", f"{to}@mail.example", "A letter"
    message.set_content("Hello.\n")
    return message


async def test_one_line_carries_letter_after_letter() -> None:
    async with open_office() as (office, postman):
        for number in range(5):
            await postman.deliver(letter(f"person-{number}"))
        assert (office.calls, len(office.taken)) == (1, 5)


async def test_a_line_that_was_cut_meanwhile_is_replaced_before_the_letter() -> None:
    async with open_office() as (office, postman):
        await postman.deliver(letter("one"))
        office.hang_up()
        await asyncio.sleep(0.05)
        await postman.deliver(letter("two"))
        assert (office.calls, office.taken) == (2, ["one@mail.example", "two@mail.example"])


async def test_a_letter_whose_fate_is_unknown_is_not_sent_again_from_here() -> None:
    async with open_office() as (office, postman):
        office.hangs_up_at_data = True
        with pytest.raises((aiosmtplib.SMTPException, OSError)):
            await postman.deliver(letter("one"))
        assert office.taken == ["one@mail.example"]


async def test_a_refusal_leaves_the_line_in_order() -> None:
    async with open_office() as (office, postman):
        office.refuses = True
        with pytest.raises(aiosmtplib.SMTPResponseException):
            await postman.deliver(letter("one"))
        office.refuses = False
        await postman.deliver(letter("two"))
        assert (office.calls, office.taken) == (1, ["two@mail.example"])


async def test_a_line_that_nobody_used_for_long_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "IDLE", 0.0)
    async with open_office() as (office, postman):
        await postman.deliver(letter("one"))
        await postman.deliver(letter("two"))
        assert office.calls == 2


async def test_letters_at_the_same_time_do_not_share_a_line() -> None:
    async with open_office() as (office, postman):
        await asyncio.gather(*(postman.deliver(letter(f"person-{number}")) for number in range(3)))
        assert (office.calls, len(office.taken)) == (3, 3)
