"""An account's whole life on the running stack: invited, written to, welcomed, at work, deactivated, on record."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import httpx
import pytest

from schemas.topics import ACTS, CATALOGUE, events, inbox
from tests.conftest import Running
from tests.support.wire import eventually, records

pytestmark = pytest.mark.stack
EMAIL = "quintessa.vandermolen@alder-falls.example"
NAME = "Quintessa Vandermolen"
PASSWORD = "mauve-Kettle-ninety-orbit"


@contextmanager
def signed_in(running: Running, email: str, password: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.world.services["router"], timeout=20) as http:
        answer = http.post("/portal/api/session", json={"email": email, "password": password})
        assert answer.status_code == 200
        http.headers["X-CSRF-Token"] = answer.json()["csrf"]
        yield http


def link(running: Running) -> str | None:
    letters = httpx.get(f"{running.world.mailbox}/api/messages", params={"to": EMAIL}, timeout=20).json()
    found = re.search(r"http://\S+/portal/welcome/\S+", unescape(letters[-1]["text"])) if letters else None
    return found[0] if found else None


@pytest.mark.requirement("R30")
def test_invited_at_work_deactivated_signed_out_and_all_of_it_on_record(running: Running) -> None:
    admin = next(one for one in running.world.logins if one["owner"] == "alder-falls" and one["role"] == "admin")
    with signed_in(running, admin["email"], admin["password"]) as by:
        invited = by.post("/portal/people", data={"email": EMAIL, "name": NAME, "role": "handler"})
        assert (invited.status_code, invited.headers["location"]) == (303, "/portal/people?done=invited")

        where = eventually(lambda: link(running), "the invitation in the mailbox")
        assert httpx.get(where, timeout=20).status_code == 200
        welcomed = httpx.post(where, data={"password": PASSWORD, "again": PASSWORD}, timeout=20)
        assert welcomed.status_code == 303
        assert httpx.get(where, timeout=20).status_code == 410, "a link works once"

        with signed_in(running, EMAIL, PASSWORD) as new:
            assert new.get("/portal/api/requests").status_code == 200
            person = re.search(rf'/portal/people/([0-9a-f-]+)">{NAME}', by.get("/portal/people").text)
            assert person
            assert by.post(f"/portal/people/{person[1]}/deactivate").status_code == 303
            assert new.get("/portal/api/requests").status_code == 401
            again = new.post("/portal/api/session", json={"email": EMAIL, "password": PASSWORD})
            assert again.status_code == 401

        def told() -> str | None:
            page = by.get(f"/portal/acts?account={person[1]}").text
            return page if "deactivated" in page else None

        page = eventually(told, "the acts on the page")
        assert [word for word in ("invited", "accepted the invitation", "signed in") if word not in page] == []


def test_no_log_holds_who_they_are(running: Running) -> None:
    written = records(running.kafka, CATALOGUE, ACTS, inbox("notifier"), events("notifier"))
    marks = [EMAIL.encode(), NAME.encode(), b"Quintessa", PASSWORD.encode(), b"127.0.0.1"]
    about_accounts = [record for record in written if b"account" in (record.value or b"")]
    assert about_accounts
    assert [mark for record in about_accounts for mark in marks[:-1] if mark in (record.value or b"")] == []
    acts = [record.value or b"" for record in written if record.topic == ACTS]
    assert [raw for raw in acts if marks[-1] in raw] == []
