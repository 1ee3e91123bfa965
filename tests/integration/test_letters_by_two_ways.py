"""On the running stack: a person without e-mail proves themselves by a code, and staff post what nobody could send."""

import re
from uuid import uuid4

import httpx
import pytest

from schemas.topics import ACTS, events, inbox
from tests.conftest import Running
from tests.support.programs import bearer
from tests.support.wire import eventually, records

pytestmark = pytest.mark.stack
NUMBER, NAME = "+15305550188", "Telmo Sinbuzon"


def texts(running: Running) -> list[dict[str, str]]:
    found = httpx.get(f"{running.world.mailbox}/api/texts", params={"to": NUMBER}, timeout=20)
    messages: list[dict[str, str]] = found.json()
    return messages


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R34")
@pytest.mark.requirement("R44")
def test_somebody_without_e_mail_is_reached_by_telephone_and_by_post(running: Running) -> None:
    asked = {"owner": "alder-falls", "rights": ["delete"], "name": NAME, "phone": NUMBER, "locale": "es"}
    received = httpx.post(
        f"{running.world.services['intake']}/v1/requests", json=asked, timeout=20,
        headers={"Idempotency-Key": str(uuid4()), **bearer(running.world)},
    ).json()  # fmt: skip

    [text] = eventually(lambda: texts(running) or None, "the code on the telephone")
    assert received["number"] in text["body"]
    assert "es su código" in text["body"]
    code, link = text["body"][:6], re.search(r"http\S+/code", text["body"])
    assert link
    with httpx.Client(headers={"Accept": "text/html"}, timeout=20, follow_redirects=True) as person:
        page = person.get(link[0]).text
        press = re.search(r'name="press" value="([^"]*)"', page)
        assert press
        assert person.post(link[0], data={"code": code, "press": press[1]}).status_code == 200

    login = next(one for one in running.world.logins if one["role"] == "phone-desk")
    with httpx.Client(base_url=running.world.services["notifier"], headers={"Accept": "text/html"}, timeout=20) as desk:
        who = {"email": login["email"], "password": login["password"]}
        desk.headers["X-CSRF-Token"] = desk.post("/letters/api/session", json=who).json()["csrf"]

        def waiting() -> str | None:
            row = re.search(rf'href="(/letters/[0-9a-f-]+)">{received["number"]}', desk.get("/letters").text)
            return row[1] if row else None

        letter = eventually(waiting, "the receipt among the letters to hand over")
        opened = desk.post(f"{letter}/opened")
        assert NAME in opened.text
        assert "Hemos recibido su solicitud de privacidad" in opened.text
        assert desk.post(f"{letter}/handed-over", data={"way": "post"}).headers["location"] == "/letters"
        assert letter not in desk.get("/letters").text
        assert letter in desk.get("/letters?done=true").text

    written = records(running.kafka, ACTS, inbox("notifier"), events("notifier"))
    for hidden in (NUMBER.removeprefix("+1"), NAME, code):
        assert not [record for record in written if hidden.encode() in (record.value or b"")]
