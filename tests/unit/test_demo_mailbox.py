"""A letter sent to the mailbox can be read there, by people and by tests."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from infra.demo.mailbox.letters import Letters
from infra.demo.mailbox.pages import create
from infra.demo.mailbox.smtp import listen


@dataclass
class Box:
    http: httpx.AsyncClient
    smtp_port: int

    async def send(self, *to: str, text: str = "Hello", html: str = "", message_id: str = "<1@habeas.example>") -> None:
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = (
            "privacy@alder-falls.example",
            ", ".join(to),
            "Recibí su petición",
        )
        letter["Message-ID"], letter["Date"] = message_id, "Mon, 23 Nov 2026 08:00:00 -0800"
        letter["X-Request"] = "HB-1"
        letter.set_content(text)
        if html:
            letter.add_alternative(html, subtype="html")
        await aiosmtplib.send(letter, hostname="127.0.0.1", port=self.smtp_port, start_tls=False)


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[Letters]:
    opened = Letters.open(tmp_path)
    yield opened
    opened.store.close()


@pytest.fixture
async def box(letters: Letters) -> AsyncIterator[Box]:
    door = await listen(letters, 0)
    app = create(letters, "ACdemo", "token")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mailbox") as http:
        yield Box(http, door.sockets[0].getsockname()[1])
    door.close()
    await door.wait_closed()


async def test_a_letter_makes_the_round(box: Box) -> None:
    await box.send("rosa@postbox.example", text="Your code is 4711.", html="<p>Your code</p>")
    [letter] = (await box.http.get("/api/messages", params={"to": "ROSA@postbox.example"})).json()
    assert letter["to"] == "rosa@postbox.example"
    assert letter["from"] == "privacy@alder-falls.example"
    assert letter["subject"] == "Recibí su petición"
    assert letter["date"] == "2026-11-23T08:00:00-08:00"
    assert letter["text"].strip() == "Your code is 4711."
    assert letter["html"].strip() == "<p>Your code</p>"
    assert letter["message_id"] == "<1@habeas.example>"
    assert letter["headers"]["X-Request"] == "HB-1"


async def test_the_same_message_id_twice_is_two_letters(box: Box) -> None:
    await box.send("rosa@postbox.example")
    await box.send("rosa@postbox.example")
    found = (await box.http.get("/api/messages")).json()
    assert [letter["message_id"] for letter in found] == ["<1@habeas.example>"] * 2
    later = (await box.http.get("/api/messages", params={"after_id": found[0]["id"]})).json()
    assert later == found[1:]


async def test_a_letter_to_two_people_lies_in_both_boxes(box: Box) -> None:
    await box.send("rosa@postbox.example", "liam@postbox.example")
    for to in ("rosa@postbox.example", "liam@postbox.example"):
        assert len((await box.http.get("/api/messages", params={"to": to})).json()) == 1


async def test_ids_go_on_after_everything_was_deleted(box: Box) -> None:
    await box.send("rosa@postbox.example")
    [first] = (await box.http.get("/api/messages")).json()
    assert (await box.http.delete("/api/messages")).json() == {"deleted": 1}
    await box.send("rosa@postbox.example")
    [second] = (await box.http.get("/api/messages")).json()
    assert second["id"] > first["id"]


@pytest.mark.requirement("R27")
async def test_a_letter_cannot_do_anything_to_the_page(box: Box) -> None:
    evil = "<script>alert(1)</script>"
    await box.send("rosa@postbox.example", text=f"{evil} https://habeas.example/confirm?c=1&d=2.", html=evil)
    page, listed = await box.http.get("/letters/1"), await box.http.get("/")
    assert evil not in page.text + listed.text
    assert '<a href="https://habeas.example/confirm?c=1&amp;d=2" rel="noreferrer">' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    framed = await box.http.get("/letters/1/html")
    assert evil in framed.text
    assert framed.headers["content-security-policy"].startswith("sandbox ")
    assert "allow-scripts" not in framed.headers["content-security-policy"] + page.text


async def test_the_list_is_newest_first_and_can_be_narrowed(box: Box) -> None:
    empty = await box.http.get("/")
    assert "Nothing has come yet" in empty.text
    await box.send("rosa@postbox.example")
    await box.send("liam@postbox.example")
    page = (await box.http.get("/")).text
    assert page.index("liam@") < page.index("rosa@")
    assert '<meta http-equiv="refresh" content="3">' in page
    assert "liam@" not in (await box.http.get("/", params={"to": "rosa@postbox.example", "paused": "1"})).text
    assert (await box.http.get("/letters/77")).status_code == 404
    assert (await box.http.get("/mailbox.css")).headers["content-type"].startswith("text/css")


MESSAGES = "/2010-04-01/Accounts/ACdemo/Messages.json"


def form(to: str = "+15305550123", body: str = "314159 is your code") -> dict[str, str]:
    return {"To": to, "From": "+15005550006", "Body": body}


async def test_a_text_message_makes_the_round_and_the_same_key_is_the_same_message(box: Box) -> None:
    for _ in range(2):
        answer = await box.http.post(
            MESSAGES, data=form(), auth=("ACdemo", "token"), headers={"Idempotency-Key": "l-1"}
        )  # fmt: skip
        assert (answer.status_code, answer.json()["status"]) == (201, "queued")
    [text] = (await box.http.get("/api/texts", params={"to": "+15305550123"})).json()
    assert (text["to"], text["from"], text["body"]) == ("+15305550123", "+15005550006", "314159 is your code")
    assert (await box.http.get("/api/texts", params={"after_id": text["id"]})).json() == []
    page = (await box.http.get("/phone?to=+15305550123")).text
    assert "314159 is your code" in page
    assert 'aria-current="page">Phone' in page
    assert "Nothing has come for +1999" in (await box.http.get("/phone?to=1999")).text
    assert (await box.http.delete("/api/texts")).json() == {"deleted": 1}


@pytest.mark.parametrize(
    ("account", "auth", "sent", "status", "code"),
    [
        ("ACdemo", ("ACdemo", "wrong"), form(), 401, 20003),
        ("ACother", ("ACother", "token"), form(), 401, 20003),
        ("ACdemo", None, form(), 401, 20003),
        ("ACdemo", ("ACdemo", "token"), form(body=""), 400, 21602),
        ("ACdemo", ("ACdemo", "token"), form(body="x" * 1601), 400, 21602),
        ("ACdemo", ("ACdemo", "token"), form("+15005550001"), 400, 21211),
        ("ACdemo", ("ACdemo", "token"), form("+15005550009"), 400, 21614),
    ],
)
async def test_the_gateway_refuses_as_a_real_one_would(
    box: Box, account: str, auth: tuple[str, str] | None, sent: dict[str, str], status: int, code: int
) -> None:
    path = MESSAGES.replace("ACdemo", account)
    answer = await box.http.post(path, data=sent, auth=auth or httpx.USE_CLIENT_DEFAULT)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await box.http.get("/api/texts")).json() == []


@pytest.mark.requirement("R27")
async def test_a_text_message_cannot_do_anything_to_the_page(box: Box) -> None:
    evil = "<script>alert(1)</script> https://habeas.example/verify?c=1&d=2"
    await box.http.post(MESSAGES, data=form(body=evil), auth=("ACdemo", "token"))
    page = (await box.http.get("/phone")).text
    assert "<script>" not in page
    assert '<a href="https://habeas.example/verify?c=1&amp;d=2" rel="noreferrer">' in page
