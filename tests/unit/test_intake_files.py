"""Files that come with a request: known by their content, checked, sealed, kept while the form comes and goes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.intake import SubmitRequest
from services.intake import files, form, gate, uploads
from services.intake.processor import INTAKE
from services.intake.scanner import scan
from services.runtime.vault import Forgotten
from tests.support.doors import HTML, Door, door

PDF = b"%PDF-1.7 a bill"
PNG = b"\x89PNG\r\n\x1a\n picture"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
FILLED: dict[str, Any] = {"rights": ["access"], "name": "Maria Quill", "email": "maria@quill.example"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


async def send(desk: Door, *given: tuple[str, bytes], **entries: Any) -> httpx.Response:
    async with desk.client(**HTML) as client:
        parts = [("upload", (name, data, "application/octet-stream")) for name, data in given]
        return await client.post(
            "/privacy/riverton", data={**FILLED, **entries}, files=parts or [("upload", ("", b""))]
        )


def hidden(page: httpx.Response, name: str) -> str:
    return page.text.partition(f'name="{name}" value="')[2].partition('"')[0]


def packages(home: Path) -> list[Path]:
    return [path for path in (home / "packages").rglob("*") if path.is_file()]


def stored(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def received(desk: Door) -> list[Any]:
    return [command.request for _, command in desk.bus.sent if isinstance(command, SubmitRequest)]


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
        ("A note, naïve".encode(), "text/plain"),
    ],
)
def test_a_kind_is_known_by_what_is_in_the_file(data: bytes, media: str) -> None:
    assert files.media_of(data) == media


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MZ\x90\x00 a program",
        b"<html><script>alert(1)</script>",
        b"  <?xml version='1.0'?><svg/>",
        b"PK\x03\x04 an archive",
        b"\x00\x01\x02",
        "latin-1 é".encode("latin-1"),
        PDF + b"x" * files.LARGEST,
    ],
)
def test_anything_else_is_not_taken(data: bytes) -> None:
    with pytest.raises(files.Unfit):
        files.media_of(data)


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("bill.pdf", "bill.pdf"),
        ("BILL.PDF", "BILL.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\bill.pdf", "bill.pdf"),
        ("bill.pdf.exe", "bill.pdf.exe.pdf"),
        ("ann\u202efdp.exe", "annfdp.exe.pdf"),
        ('a"b<c>\r\nSet-Cookie: x.pdf', "a_b_c_Set-Cookie_ x.pdf"),
        ("", "file.pdf"),
        (".pdf", "pdf.pdf"),
        ("x" * 300, "x" * 95 + ".pdf"),
    ],
)
def test_a_name_is_made_plain(given: str, name: str) -> None:
    assert files.plain_name(given, "application/pdf") == name


async def test_files_travel_sealed_with_the_request_and_their_names_too(desk: Door, tmp_path: Path) -> None:
    sent = await send(desk, ("bill.pdf", PDF), ("me.png", PNG))
    assert sent.status_code == 303
    (request,) = received(desk)
    assert [(one.media, one.size) for one in request.attachments] == [("application/pdf", 15), ("image/png", len(PNG))]
    first = request.attachments[0]
    assert desk.floor.vault.open(request.id, uploads.FIELD, first.name, by="test", why="test") == "bill.pdf"
    assert await desk.floor.blobs.read(request.id, first.ref, by="test", why="test") == PDF
    assert PDF not in stored(tmp_path)
    assert b"bill.pdf" not in stored(tmp_path)


async def test_what_was_fine_is_kept_while_something_else_is_put_right(desk: Door) -> None:
    page = await send(desk, ("bill.pdf", PDF), ("worm.txt", EICAR), ("prog.exe", b"MZ\x00"), email="nowhere")
    assert page.status_code == 422
    assert "number 2 was found to be harmful" in page.text
    assert "number 3 is not a PDF" in page.text
    assert "bill.pdf" in page.text
    assert "worm.txt" not in page.text
    again = await send(desk, ("me.png", PNG), key=hidden(page, "key"), files=hidden(page, "files"))
    assert again.status_code == 303
    (request,) = received(desk)
    assert [one.media for one in request.attachments] == ["application/pdf", "image/png"]
    for one, data in zip(request.attachments, (PDF, PNG), strict=True):
        assert await desk.floor.blobs.read(request.id, one.ref, by="test", why="test") == data


async def test_a_kept_file_can_be_left_out_and_is_of_no_use_to_another_form(desk: Door) -> None:
    page = await send(desk, ("bill.pdf", PDF), email="nowhere")
    kept = hidden(page, "files")
    assert (await send(desk, key=hidden(page, "key"), files=kept, drop=_only(desk, page).sha256)).status_code == 303
    assert received(desk)[-1].attachments == ()
    other = await send(desk, key="another-key-of-one-page", files=kept)
    assert "please add them again" in other.text


def _only(desk: Door, page: httpx.Response) -> uploads.Kept:
    (one,) = uploads.unwrapped(desk.floor, hidden(page, "key"), hidden(page, "files"))
    return one


async def test_five_files_are_the_most(desk: Door) -> None:
    page = await send(desk, *((f"{n}.txt", f"note {n}".encode()) for n in range(6)))
    assert page.status_code == 422
    assert "may be 5 at most" in page.text
    assert page.text.count('name="drop"') == 5


async def test_a_delete_asked_about_once_more_carries_its_files_along(desk: Door) -> None:
    page = await send(desk, ("bill.pdf", PDF), rights=["delete"])
    sent = await send(desk, rights=["delete"], confirm="delete", key=hidden(page, "key"), files=hidden(page, "files"))
    assert sent.status_code == 303
    assert len(received(desk)[0].attachments) == 1


async def test_only_the_half_that_waits_for_proof_has_the_files(desk: Door) -> None:
    await send(desk, ("bill.pdf", PDF), rights=["opt_out", "access"])
    at_once, after = received(desk)
    assert at_once.attachments == ()
    assert len(after.attachments) == 1


@pytest.mark.requirement("R28")
async def test_files_of_a_form_that_was_never_sent_are_swept_with_their_keys(desk: Door, tmp_path: Path) -> None:
    page = await send(desk, ("bill.pdf", PDF), email="nowhere")
    left = _only(desk, page)
    await send(desk, ("me.png", PNG))
    later = datetime.now(UTC) + timedelta(hours=25)
    assert await uploads.sweep(desk.floor, datetime.now(UTC)) == 0
    assert await uploads.sweep(desk.floor, later) == 1
    request_id = left.ref.partition("/")[0]
    with pytest.raises(Forgotten):
        desk.floor.vault.open(request_id, uploads.FIELD, left.sealed, by="test", why="test")
    assert PNG[-7:] not in stored(tmp_path)
    assert [path.suffix for path in packages(tmp_path)] == [".png"]
    again = await send(desk, key=hidden(page, "key"))
    assert "You already sent this page" in again.text


@pytest.mark.requirement("R27")
async def test_a_body_larger_than_all_files_together_is_refused_as_it_comes(desk: Door) -> None:
    async def flood() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="upload"; filename="a.txt"\r\n\r\n'
        while True:
            yield b"y" * (1 << 20)

    async with desk.client(**HTML, **{"Content-Type": "multipart/form-data; boundary=x"}) as client:
        answer = await client.post("/privacy/riverton", content=flood())
    assert answer.status_code == 413


@pytest.mark.requirement("R27")
async def test_forms_with_files_have_a_limit_of_their_own_and_few_are_read_at_once(
    desk: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "UPLOADS", 1)
    large = ("a.txt", b"a" * (300 << 10))
    assert (await send(desk, large)).status_code == 303
    assert (await send(desk, large)).status_code == 429
    monkeypatch.setattr(form, "WAITS", 0.01)
    monkeypatch.setattr(form, "_places", asyncio.Semaphore(0))
    assert (await send(desk, ("a.txt", b"a"))).status_code == 503


async def test_a_form_that_is_none_is_refused(desk: Door) -> None:
    async with desk.client(**HTML, **{"Content-Type": "multipart/form-data"}) as client:
        assert (await client.post("/privacy/riverton", content=b"nonsense")).status_code == 400


@asynccontextmanager
async def clamd(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\0"))
        data = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            data += await reader.readexactly(size)
        asked.append(data)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        server.close()
        await server.wait_closed()


async def test_clamd_is_asked_where_there_is_one() -> None:
    async with clamd(b"stream: OK\0") as (address, asked):
        await scan(PDF * 20_000, address)
    assert asked == [b"zINSTREAM\0", PDF * 20_000]


@pytest.mark.parametrize("answer", [b"stream: Eicar-Signature FOUND\0", b"INSTREAM size limit exceeded. ERROR\0", b""])
async def test_whatever_clamd_does_not_call_clean_is_not_taken(answer: bytes) -> None:
    async with clamd(answer) as (address, _):
        with pytest.raises(files.Unfit):
            await scan(PDF, address)


async def test_a_clamd_that_does_not_answer_lets_nothing_pass() -> None:
    async with clamd(b"") as (address, _):
        pass
    with pytest.raises(files.Unfit):
        await scan(PDF, address)
    with pytest.raises(files.Unfit):
        await scan(EICAR, "")
    await scan(PDF, "")
