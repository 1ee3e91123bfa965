"""A call, a letter and an agent on the running stack: entered, vouched for, followed by number, and on record."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from schemas.topics import ACTS, events, inbox
from tests.conftest import Running
from tests.support.wire import eventually, records

pytestmark = pytest.mark.stack
CALLER = "Philomena Vandersloot"
STREET = "77 Quillwort Crescent"
AGENT = "Octavian Fairweather"


@contextmanager
def at(running: Running, service: str, prefix: str, login: str) -> Iterator[httpx.Client]:
    """Somebody signed in at a service's pages; ``login`` is role@owner."""
    role, _, owner = login.partition("@")
    who = next(one for one in running.world.logins if (one["role"], one["owner"]) == (role, owner))
    with httpx.Client(base_url=running.world.services[service], timeout=20, headers={"Accept": "text/html"}) as http:
        login = {"email": who["email"], "password": who["password"]}
        answer = eventually(lambda: _signed_in(http, f"{prefix}/api/session", login), f"{login['email']} signed in")
        http.headers["X-CSRF-Token"] = answer.json()["csrf"]
        yield http


def _signed_in(http: httpx.Client, where: str, login: dict[str, str]) -> httpx.Response | None:
    """The answer; None while the service is between two lives."""
    try:
        answer = http.post(where, json=login)
    except httpx.TransportError:
        return None
    return answer if answer.status_code == 200 else None


def enter(desk: httpx.Client, files: dict[str, Any] | None = None, **entries: Any) -> tuple[str, str]:
    """The request's id and number, as the page reads it back."""
    key = re.search(r'name="key" value="([^"]+)"', desk.get("/desk").text)
    assert key
    answer = desk.post("/desk", data={"key": key[1], **entries}, files=files)
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    page = eventually(lambda: _shown(desk, where), "the number to read back")
    number = re.search(r"HB-\w{4}-\w{4}", page)
    assert number
    return where.rpartition("/")[2], number[0]


def _shown(desk: httpx.Client, where: str) -> str | None:
    page = desk.get(where)
    return page.text if page.status_code == 200 else None


def state(desk: httpx.Client, number: str, wanted: str) -> str:
    """The page of a request once it says ``wanted``, found by its number as a caller says it."""

    def told() -> str | None:
        found = desk.get("/desk/find", params={"number": " ".join(number.lower())})
        page = desk.get(found.headers["location"]).text if found.status_code == 303 else ""
        return page if wanted in page else None

    return eventually(told, f"the state “{wanted}”")


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R34")
@pytest.mark.requirement("R30")
@pytest.mark.requirement("R44")
def test_a_caller_without_e_mail_is_vouched_for_and_told_by_number_and_on_paper(running: Running) -> None:
    call = {
        "channel": "phone", "owner": "cedar-point", "rights": "delete", "name": CALLER, "phone": "+1 831 555 0188",
        "address": STREET, "attested": "yes",
    }  # fmt: skip
    with at(running, "intake", "/desk", "phone-desk@habeas-custodian") as desk:
        request_id, number = enter(desk, **call)
        state(desk, number, "With the owner")

    with at(running, "router", "/portal", "admin@cedar-point") as portal:
        case = portal.get(f"/portal/api/requests/{request_id}").json()
        assert case["identity"]["method"] == "attestation"
        acts = eventually(lambda: _holds(portal.get("/portal/acts").text, "gave the attestation"), "the acts")
        assert "made the entry by telephone" in acts

    with at(running, "notifier", "/letters", "phone-desk@habeas-custodian") as counter:
        lying = eventually(lambda: _holds(counter.get("/letters").text, number), "the letter that cannot be mailed")
    assert CALLER not in lying


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R34")
def test_an_agent_with_a_power_of_attorney_needs_nobody_else(running: Running) -> None:
    letter = {
        "channel": "post", "rights": "access", "name": CALLER, "email": "philomena@vandersloot.example",
        "agent_name": AGENT, "agent_email": "octavian@fairweather.example", "agent_basis": "power_of_attorney",
    }  # fmt: skip
    scan = {"document": ("power.txt", f"I, {CALLER}, appoint {AGENT}.".encode(), "text/plain")}
    with at(running, "intake", "/desk", "handler@alder-falls") as desk:
        _, number = enter(desk, scan, **letter)
        page = state(desk, number, "With the owner")
    assert "An agent, for the person" in page
    assert "/portal/requests/" in page


def test_no_log_holds_who_they_are(running: Running) -> None:
    logs = [topic(service) for service in ("intake", "verifier", "router", "notifier") for topic in (events, inbox)]
    written = records(running.kafka, *logs, ACTS)
    marks = [text.encode() for text in (CALLER, "Vandersloot", STREET, "Quillwort", AGENT, "fairweather", "8315550188")]
    assert [mark for record in written for mark in marks if mark in (record.value or b"")] == []


def _holds(page: str, wanted: str) -> str | None:
    return page if wanted in page else None
