"""Letters on their way to a real mail server: what it says is told as it is, and nobody else hears of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from schemas.catalogue import Catalogue, Owner, PrivacyContact
from schemas.intake import Challenge
from schemas.notifier import (
    AccountLetter,
    AccountLetterKind,
    Audience,
    Letter,
    LetterAccepted,
    LetterKind,
    LetterRefused,
)
from schemas.request import Contact, Order, Request
from schemas.vocabulary import Channel, Right
from services.notifier import mail
from services.notifier.domain import SendLetter, SendToAccount
from services.notifier.effects import send_letter, send_to_account
from services.runtime.blobs import Blobs
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.settings import Settings
from services.runtime.vault import Vault

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
TOKEN = "Zm9ydHktdHdvIGlzIHRoZSBhbnN3ZXI_-1"
OWNER = Owner(
    slug="alder-falls",
    name="City of Alder Falls",
    kind="city",
    zone="America/Los_Angeles",
    regime="ccpa-contract",
    locale="en",
    privacy_contact=PrivacyContact(email="privacy@alder-falls.example", phone="+1 530 555 0101"),
    suites=(),
)


class Door:
    """A mail server's mind: what it answers at each step, and what it took."""

    def __init__(self, at_recipient: str = "250 OK", at_data: str = "250 Taken") -> None:
        self.at_recipient, self.at_data = at_recipient, at_data
        self.taken: list[tuple[str, list[str], EmailMessage]] = []

    async def handle_RCPT(  # noqa: N802 — the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.at_recipient.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.at_data.startswith("2"):
            message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(bytes(envelope.content or b""))
            self.taken.append((envelope.mail_from or "", list(envelope.rcpt_tos), message))
        return self.at_data


@asynccontextmanager
async def listening(greet: Callable[[], asyncio.Protocol]) -> AsyncIterator[int]:
    opened = await asyncio.get_running_loop().create_server(greet, "127.0.0.1", 0)
    async with opened:
        yield opened.sockets[0].getsockname()[1]


@asynccontextmanager
async def server(door: Door) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    async with listening(lambda: cast("asyncio.Protocol", SMTP(door, loop=loop, hostname="mx.example"))) as port:
        yield port


def floor(home: Path, port: int) -> Floor:
    vault = Vault(engine(f"sqlite:///{home}/vault.db"), bytes(range(32)), "notifier")
    given = {
        "home": home, "master_key": KEY, "person_secret": KEY, "session_secret": KEY, "product_token": "t",
        "smtp": f"127.0.0.1:{port}",
    }  # fmt: skip
    return Floor(
        settings=Settings.model_validate(given),
        service="notifier",
        bus=cast("Any", None),
        vault=vault,
        blobs=Blobs(f"file://{home}/packages", vault),
        views=cast("Any", None),
        http=httpx.AsyncClient(),
        catalogue=lambda: Catalogue(1, {OWNER.slug: OWNER}),
        unready=list,
    )


def owed(on: Floor, kind: LetterKind, email: str = "rosa@postbox.example", name: str = "Rosa Okafor") -> SendLetter:
    on.vault.prepare("r-1")
    request = Request(
        id="r-1",
        owner=OWNER.slug,
        client="web",
        channel=Channel.WEB,
        received_at=datetime(2026, 3, 4, 2, tzinfo=UTC),
        person="p-1",
        orders=(Order(id="o-1", right=Right.DELETE),),
        contact=on.vault.seal_model("r-1", "fulfilment", "contact", Contact(name=name, email=email)),
    )
    token = on.vault.seal("r-1", "verification", "token", TOKEN)
    audience = Audience.OWNER if kind in {LetterKind.OWNER_NOTICE, LetterKind.OWNER_COMPLETION} else Audience.PERSON
    letter = Letter(
        id="l-1",
        kind=kind,
        audience=audience,
        challenge=Challenge(digest="d", token=token),
        expires_at=datetime(2026, 3, 10, 18, tzinfo=UTC),
    )
    return SendLetter(id="l-1:1", request=request, letter=letter, attempt=1)


def refused(reason: str, *, permanent: bool) -> LetterRefused:
    return LetterRefused(effect_id="l-1:1", letter_id="l-1", attempt=1, reason=reason, permanent=permanent)


async def test_the_verification_reaches_the_person_in_the_owners_name(tmp_path: Path) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        sent = await send_letter(owed(on, LetterKind.VERIFICATION), on)
    assert sent == LetterAccepted(effect_id="l-1:1", letter_id="l-1", attempt=1)
    [(sender, to, message)] = door.taken
    assert (sender, to) == ("privacy-desk@habeas.example", ["rosa@postbox.example"])
    assert message["From"] == "City of Alder Falls via Habeas <privacy-desk@habeas.example>"
    assert message["Reply-To"] == "privacy@alder-falls.example"
    assert message["Message-ID"] == "<l-1@habeas.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    link = f"{on.settings.url_of('verifier')}/verify/r-1/{TOKEN}"
    assert link in text.get_content().splitlines()
    assert f'href="{link}"' in html.get_content()


async def test_the_owner_gets_a_link_and_no_personal_data_and_no_contact_is_opened(tmp_path: Path) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        effect = owed(on, LetterKind.OWNER_NOTICE)
        on.vault.destroy("r-1", "fulfilment")
        assert isinstance(await send_letter(effect, on), LetterAccepted)
    [(_, to, message)] = door.taken
    assert to == ["privacy@alder-falls.example"]
    whole = "".join(part.get_content() for part in message.iter_parts())
    assert f"{on.settings.url_of('router')}/portal/requests/r-1" in whole
    assert "rosa" not in (whole + message.as_string()).casefold()


async def test_a_second_attempt_is_the_same_letter(tmp_path: Path) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        effect = owed(on, LetterKind.RECEIPT)
        await send_letter(effect, on)
        await send_letter(effect, on)
    first, second = (message for _, _, message in door.taken)
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_body(("plain",)).get_content() == second.get_body(("plain",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("door", "expected"),
    [
        (Door(at_recipient="550 No such mailbox rosa@postbox.example"), refused("smtp-550", permanent=True)),
        (Door(at_recipient="450 Busy"), refused("smtp-450", permanent=False)),
        (Door(at_data="554 Spam"), refused("smtp-554", permanent=True)),
        (Door(at_data="451 Later"), refused("smtp-451", permanent=False)),
    ],
)
async def test_what_the_server_says_is_told_by_its_status(tmp_path: Path, door: Door, expected: LetterRefused) -> None:
    async with server(door) as port:
        on = floor(tmp_path, port)
        assert await send_letter(owed(on, LetterKind.RECEIPT), on) == expected
    assert door.taken == []


async def test_no_server_is_a_reason_to_wait(tmp_path: Path) -> None:
    on = floor(tmp_path, 1)
    assert await send_letter(owed(on, LetterKind.RECEIPT), on) == refused("no-connection", permanent=False)


class Canned(asyncio.Protocol):
    """Says one thing to whoever connects; hangs up if it says nothing more."""

    def __init__(self, greeting: bytes, *, hang_up: bool) -> None:
        self._greeting, self._hang_up = greeting, hang_up

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._greeting)
        if self._hang_up:
            transport.close()


@pytest.mark.parametrize(
    ("greeting", "hang_up", "reason"),
    [
        (b"421 Not now\r\n", True, "smtp-421-at-greeting"),
        (b"554 Not for you\r\n", True, "smtp-554-at-greeting"),
        (b"", True, "no-connection"),
        (b"220 mx.example\r\n", True, "no-connection"),
        (b"", False, "timeout"),
    ],
)
async def test_trouble_with_the_connection_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, greeting: bytes, hang_up: bool, reason: str
) -> None:
    monkeypatch.setattr(mail, "PATIENCE", 0.3)
    async with listening(lambda: Canned(greeting, hang_up=hang_up)) as port:
        on = floor(tmp_path, port)
        told = await send_letter(owed(on, LetterKind.RECEIPT), on)
    assert told == refused(reason, permanent=False)


async def test_a_person_who_was_forgotten_gets_no_letter(tmp_path: Path) -> None:
    on = floor(tmp_path, 1)
    effect = owed(on, LetterKind.COMPLETION)
    on.vault.destroy("r-1", "fulfilment")
    assert await send_letter(effect, on) == refused("forgotten", permanent=True)


async def test_a_proof_that_was_destroyed_is_not_sent(tmp_path: Path) -> None:
    on = floor(tmp_path, 1)
    effect = owed(on, LetterKind.VERIFICATION)
    on.vault.destroy("r-1", "verification")
    assert await send_letter(effect, on) == refused("forgotten", permanent=True)


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(
    "email",
    [
        "rosa@postbox.example\r\nBcc: all@postbox.example",
        "rosa@postbox.example, all@postbox.example",
        "rosa@postbox.example>\r\nRCPT TO:<all@postbox.example",
        "not an address",
    ],
)
async def test_an_address_that_would_be_more_than_one_is_refused(tmp_path: Path, email: str) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        told = await send_letter(owed(on, LetterKind.RECEIPT, email=email), on)
    assert told == refused("no-address", permanent=True)
    assert door.taken == []


async def test_an_address_in_another_script_is_reached_by_its_domain_in_ascii(tmp_path: Path) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        await send_letter(owed(on, LetterKind.DECISION, email="rosa@bücher.example", name="Rósa Ó Núñez"), on)
    [(_, to, message)] = door.taken
    assert to == ["rosa@xn--bcher-kva.example"]
    text = message.get_body(("plain",))
    assert text is not None
    assert "Hello Rósa Ó Núñez," in text.get_content()


def to_account(on: Floor, door: str) -> SendToAccount:
    shelf = "account:a-1"
    on.vault.prepare(shelf, ("record", "verification"))
    letter = AccountLetter(
        id="l-1",
        kind=AccountLetterKind.INVITATION,
        account="a-1",
        owner=OWNER.slug,
        door=door,
        email=on.vault.seal(shelf, "record", "email", "nora@alder-falls.example"),
        name=on.vault.seal(shelf, "record", "name", "Nora Newcome"),
        token=on.vault.seal(shelf, "verification", "token:l-1", TOKEN),
        expires_at=datetime(2026, 3, 10, 18, tzinfo=UTC),
    )
    return SendToAccount(id="l-1:1", letter=letter, attempt=1)


@pytest.mark.parametrize(("door_of_it", "service"), [("portal", "router"), ("console", "console"), ("desk", "intake")])
async def test_an_invitation_leads_to_the_pages_of_its_door(tmp_path: Path, door_of_it: str, service: str) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        sent = await send_to_account(to_account(on, door_of_it), on)
    assert sent == LetterAccepted(effect_id="l-1:1", letter_id="l-1", attempt=1)
    [(_, to, message)] = door.taken
    assert to == ["nora@alder-falls.example"]
    text = message.get_body(("plain",))
    assert text is not None
    assert f"{on.settings.url_of(service)}/{door_of_it}/welcome/{TOKEN}" in text.get_content().splitlines()


async def test_an_invitation_sealed_for_another_letter_is_not_sent(tmp_path: Path) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        effect = to_account(on, "portal")
        moved = SendToAccount(
            id="l-2:1", letter=effect.letter.model_copy(update={"id": "l-2"}), attempt=1
        )  # another letter's token does not open under this one's name
        told = await send_to_account(moved, on)
    assert told == LetterRefused(effect_id="l-2:1", letter_id="l-2", attempt=1, reason="tampered", permanent=True)
    assert door.taken == []
