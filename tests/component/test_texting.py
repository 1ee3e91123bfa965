"""Codes on their way to a telephone, through a real HTTP server: told as it answers, and the number nowhere else."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
import uvicorn

from infra.demo.mailbox.letters import Letters
from infra.demo.mailbox.pages import create
from schemas.intake import Challenge
from schemas.notifier import Audience, Letter, LetterAccepted, LetterKind, LetterRefused
from schemas.request import Contact, Request
from schemas.vocabulary import Method
from services.notifier import texting
from services.notifier.domain import SendLetter
from services.notifier.effects import send_letter
from services.notifier.texting import TextRefused, Twilio
from services.runtime.floor import Floor
from tests.component.test_smtp import floor, owed

NUMBER = "+15305550123"
TOKEN = "the auth token"


@dataclass
class Answering:
    """A gateway that says one thing, and what it was asked."""

    status: str = "201 Created"
    body: str = '{"sid": "SM1", "status": "queued", "error_code": null}'
    headers: str = ""
    hang_up: bool = False
    silent: bool = False
    asked: list[tuple[str, dict[str, str], dict[str, list[str]]]] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.strip().split("\r\n")
        named = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        form = parse_qs((await reader.readexactly(int(named["content-length"]))).decode())
        self.asked.append((line, named, form))
        if self.silent:
            await reader.read()  # until the other side has had enough
        elif not self.hang_up:
            more = f"{self.headers}Content-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
            writer.write(f"HTTP/1.1 {self.status}\r\n{more}{self.body}".encode())
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        self.done.set()


@asynccontextmanager
async def gateway(answering: Answering) -> AsyncIterator[Twilio]:
    server = await asyncio.start_server(answering.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        async with httpx.AsyncClient() as http:
            yield Twilio(http, url=f"http://127.0.0.1:{port}/", account="AC1", token=TOKEN, sender="+15005550006")
        if answering.asked:
            await answering.done.wait()


async def refused(answering: Answering) -> TextRefused:
    async with gateway(answering) as twilio:
        with pytest.raises(TextRefused) as error:
            await twilio.send(NUMBER, "Your code is 314159", key="l-1")
    return error.value


async def test_a_message_is_handed_over_as_the_api_wants_it() -> None:
    answering = Answering()
    async with gateway(answering) as twilio:
        await twilio.send(NUMBER, "Su código es 314159", key="l-1")
    [(line, headers, form)] = answering.asked
    assert line == "POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1"
    assert headers["authorization"] == httpx.BasicAuth("AC1", TOKEN)._auth_header
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["idempotency-key"] == "l-1"
    assert form == {"To": [NUMBER], "From": ["+15005550006"], "Body": ["Su código es 314159"]}


async def test_a_messaging_service_may_be_the_sender() -> None:
    answering = Answering()
    async with gateway(answering) as twilio:
        twilio._sender = "MG1"
        await twilio.send(NUMBER, "Hello", key="l-1")
    assert answering.asked[0][2] == {"To": [NUMBER], "MessagingServiceSid": ["MG1"], "Body": ["Hello"]}


@pytest.mark.parametrize(
    ("status", "body", "reason", "permanent"),
    [
        ("400 Bad Request", f'{{"code": 21211, "message": "{NUMBER} is not valid"}}', "sms-400-21211", True),
        ("400 Bad Request", "<html>", "sms-400", True),
        ("400 Bad Request", f'{{"code": {NUMBER[1:]}}}', "sms-400", True),
        ("401 Unauthorized", '{"code": 20003}', "sms-401-20003", False),
        ("403 Forbidden", '["no"]', "sms-403", False),
        ("404 Not Found", '{"code": 20404}', "sms-404-20404", False),
        ("429 Too Many Requests", '{"code": 20429}', "sms-429-20429", False),
        ("500 Internal Server Error", "", "sms-500", False),
        ("503 Service Unavailable", "{}", "sms-503", False),
        ("302 Found", "", "sms-302", False),
        ("201 Created", '{"status": "failed", "error_code": 30006}', "sms-not-delivered-30006", True),
    ],
)
async def test_what_the_gateway_says_is_told_by_its_status(
    status: str, body: str, reason: str, permanent: bool
) -> None:
    error = await refused(Answering(status, body))
    assert (error.reason, error.permanent) == (reason, permanent)


async def test_it_waits_as_long_as_the_gateway_asks_and_no_longer_than_six_hours() -> None:
    for asked, wait in (("90", timedelta(seconds=90)), ("999999", timedelta(hours=6))):
        error = await refused(Answering("429 Too Many Requests", "{}", f"Retry-After: {asked}\r\n"))
        assert error.retry_at is not None
        assert abs(error.retry_at - datetime.now(UTC) - wait) < timedelta(seconds=5)
    assert (await refused(Answering("503 Busy", "{}", "Retry-After: soon\r\n"))).retry_at is None


async def test_trouble_with_the_connection_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await refused(Answering(hang_up=True))).reason == "sms-no-connection"
    monkeypatch.setattr(texting, "PATIENCE", httpx.Timeout(0.2))
    assert (await refused(Answering(silent=True))).reason == "sms-timeout"


@pytest.mark.requirement("R27")
async def test_a_redirect_does_not_carry_the_number_elsewhere() -> None:
    elsewhere = Answering()
    async with gateway(elsewhere):
        error = await refused(Answering("307 Temporary Redirect", "", "Location: http://127.0.0.1:1/\r\n"))
    assert error.reason == "sms-307"
    assert elsewhere.asked == []


# --- the whole way, to the demo's own gateway


@asynccontextmanager
async def demo(home: Path) -> AsyncIterator[tuple[Floor, httpx.AsyncClient]]:
    """A notifier whose text messages end in the demo's mailbox, and that mailbox."""
    letters = Letters.open(home)
    config = uvicorn.Config(create(letters, "ACdemo", TOKEN), port=0, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    on = floor(home, 1)
    told = {"sms_url": url, "sms_account": "ACdemo", "sms_token": TOKEN, "sms_from": "+15005550006"}
    on.settings = type(on.settings).model_validate(on.settings.model_dump() | told | _keys(on))
    try:
        async with httpx.AsyncClient(base_url=url) as mailbox:
            yield on, mailbox
    finally:
        await on.http.aclose()
        server.should_exit = True
        await serving
        letters.store.close()


def _keys(on: Floor) -> dict[str, str]:
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    return {"master_key": key, "person_secret": key, "session_secret": key, "product_token": "t"}


def code(on: Floor, phone: str | None = NUMBER, letter_id: str = "l-1", locale: str = "en") -> SendLetter:
    request: Request = owed(on, LetterKind.CODE).request
    contact = on.vault.seal_model("r-1", "fulfilment", "contact", Contact(name="Rosa Okafor", phone=phone))
    sealed = on.vault.seal("r-1", "verification", "code", "314159")
    letter = Letter(
        id=letter_id, kind=LetterKind.CODE, audience=Audience.PERSON, challenge=Challenge(digest="d", token=sealed),
        expires_at=datetime(2026, 3, 10, 18, tzinfo=UTC), wanted=(Method.SMS_CODE,),
    )  # fmt: skip
    asked = request.model_copy(update={"contact": contact, "locale": locale})
    return SendLetter(id=f"{letter_id}:1", request=asked, letter=letter, attempt=1)


@pytest.mark.requirement("R34")
async def test_a_code_reaches_the_telephone_once_and_says_what_it_must(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with demo(tmp_path) as (on, mailbox):
        for _ in range(2):
            sent = await send_letter(code(on), on)
            assert sent == LetterAccepted(effect_id="l-1:1", letter_id="l-1", attempt=1)
        logged = caplog.text
        [text] = (await mailbox.get("/api/texts", params={"to": NUMBER})).json()
        page = (await mailbox.get("/phone")).text
    assert text["body"].startswith("314159 is your code for privacy request HB-")
    assert "314159 is your code" in page
    assert "Messages.json" in logged
    for hidden in (NUMBER.removeprefix("+1"), "314159", TOKEN):
        assert hidden not in logged


async def test_a_code_is_told_in_the_persons_language(tmp_path: Path) -> None:
    async with demo(tmp_path) as (on, mailbox):
        await send_letter(code(on, locale="es"), on)
        [text] = (await mailbox.get("/api/texts")).json()
    assert text["body"].startswith("314159 es su código para la solicitud de privacidad HB-")


def not_sent(reason: str, letter_id: str = "l-1") -> LetterRefused:
    return LetterRefused(effect_id=f"{letter_id}:1", letter_id=letter_id, attempt=1, reason=reason, permanent=True)


async def test_a_number_that_cannot_get_messages_is_told_as_such(tmp_path: Path) -> None:
    async with demo(tmp_path) as (on, _):
        assert await send_letter(code(on, "+15005550009"), on) == not_sent("sms-400-21614")
        assert await send_letter(code(on, None), on) == not_sent("no-phone")
        on.settings = on.settings.model_copy(update={"sms_account": ""})
        assert await send_letter(code(on), on) == not_sent("no-sms-gateway")


@pytest.mark.requirement("R27")
async def test_a_telephone_gets_only_so_many_codes_a_day(tmp_path: Path) -> None:
    async with demo(tmp_path) as (on, mailbox):
        on.settings = on.settings.model_copy(update={"texts_per_number": 2})
        told = [await send_letter(code(on, letter_id=f"l-{n}"), on) for n in range(4)]
        assert [type(each) for each in told] == [LetterAccepted] * 2 + [LetterRefused] * 2
        held = told[-1]
        assert isinstance(held, LetterRefused)
        assert (held.reason, held.permanent) == ("too-many-letters", False)
        assert held.retry_at is not None
        assert len((await mailbox.get("/api/texts")).json()) == 2
