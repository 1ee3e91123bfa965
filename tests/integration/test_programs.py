"""Programs at the running stack: a token, many requests in one go, mistakes seen and mended, a ticket solved."""

import json
import time

import httpx
import pytest

from infra.demo.errand import Errand
from infra.demo.residents import person_of
from schemas.topics import submissions
from tests.conftest import Running
from tests.support.programs import bearer
from tests.support.wire import eventually, publish, walk

pytestmark = pytest.mark.stack
LINES = 400


def asked(owner: str, number: int) -> dict[str, object]:
    who = person_of(owner, number)
    return {"owner": owner, "rights": ["opt_out"], "name": who.name, "email": who.email}


@pytest.mark.requirement("R33")
def test_a_bulk_is_answered_line_by_line_and_sent_again_the_same(running: Running) -> None:
    lines = [json.dumps({"request": asked("brookhaven", 440 + number % 40)}) for number in range(LINES)]
    body = "\n".join([*lines, '{"request": {}}']).encode()
    headers = {
        **bearer(running.world),
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": f"bulk-{time.time_ns()}",
    }
    where = f"{running.world.services['intake']}/v1/requests:bulk"
    first = httpx.post(where, content=body, headers=headers, timeout=60)
    *answers, last = map(json.loads, first.content.splitlines())
    assert [each["status"] for each in answers] == [202] * LINES + [422]
    assert last["summary"] == {"lines": LINES + 1, "received": LINES, "refused": 1, "complete": True}
    assert httpx.post(where, content=body, headers=headers, timeout=60).content == first.content


@pytest.mark.requirement("R33")
def test_a_client_finds_its_mistake_and_sends_it_again(running: Running) -> None:
    good, headers = asked("cedar-point", 7), bearer(running.world, "cedar-portal")
    event = {"specversion": "1.0", "id": f"sub-{time.time_ns()}", "source": "portal", "type": "dsr.submission.v1"}
    publish(running.kafka, submissions("cedar-portal"), json.dumps({**event, "data": {**good, "email": "no"}}).encode())
    where = f"{running.world.services['intake']}/v1/clients/me/parked"

    def mine() -> dict[str, object] | None:
        for one in reversed(httpx.get(where, headers=headers, params={"limit": 500}, timeout=20).json()["parked"]):
            found = httpx.get(f"{where}/{one['id']}", headers=headers, timeout=20).json()
            if event["id"] in (found.get("original") or ""):
                return dict(found)
        return None

    mistake = eventually(mine, "the mistake is shown")
    assert (mistake["reason"], mistake["place"]) == ("bad-data", "data.email")
    again = httpx.post(f"{where}/{mistake['id']}/resend", json=good, headers=headers, timeout=20)
    assert again.status_code == 202, again.text

    def shown() -> object:
        return httpx.get(f"{where}/{mistake['id']}", headers=headers, timeout=20).json()["request"]

    assert eventually(shown, "what it became is shown") == {
        "id": again.json()["id"],
        "number": again.json()["number"],
    }


@pytest.mark.requirement("R42")
def test_a_ticket_is_answered_with_the_report_and_solved(running: Running) -> None:
    errand = Errand(person_of("alder-falls", 570), ("access",), "ticket")
    walk(running.world, errand)
    auth = ("x/token", running.world.secrets["DEMO_TICKETS_TOKEN"])
    where = f"{running.world.helpdesk}/api/v2/tickets/{errand.ticket}"
    comments = [each["body"] for each in httpx.get(f"{where}/comments.json", auth=auth).json()["comments"]]
    assert len(comments) == 4
    assert all(errand.number in each for each in comments)
    assert comments[0].startswith("Received as privacy request")
    assert "is at its end" in comments[-1]
    assert "delivered" in comments[-1]
    assert errand.person.name not in "".join(comments)
    assert errand.person.email not in "".join(comments)
