"""The door for tickets: only who signs comes in; a ticket is a request once, and says what is asked by its tags."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import Client, TicketSystem
from schemas.intake import SubmitRequest
from schemas.request import Ticket
from schemas.vocabulary import Channel, Right
from services.intake.processor import INTAKE
from services.intake.programs.zendesk import SIGNATURE, TIMESTAMP, signed
from tests.support.doors import CATALOGUE, Door, door
from tests.support.programs import program

pytestmark = pytest.mark.requirement("R42")
SECRET = "the secret of the webhook"
TAKEN: dict[str, Any] = {
    "id": 4711,
    "subject": "What do you have about me?",
    "description": "I would like to know.\u2028\tReally.\x00",
    "requester": {"name": "Maria Quill", "email": "maria@quill.example", "phone": "extension 12", "id": 9},
    "tags": ["vip", "privacy_access", "privacy_opt_out"],
    "via": {"channel": "email"},
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        one, both = helpdesk(made, "helpdesk", "riverton"), helpdesk(made, "shared-desk", "riverton", "lakeside")
        clients = {**CATALOGUE.clients, "helpdesk": one, "shared-desk": both}
        made.floor.catalogue = lambda: replace(CATALOGUE, clients=clients)
        yield made


def helpdesk(desk: Door, name: str, *owners: str) -> Client:
    shelf, vault = f"client:{name}", desk.floor.vault
    vault.prepare(shelf, ("record",))
    there = TicketSystem(
        api="http://helpdesk.test",
        user="habeas@helpdesk.test",
        token=vault.seal(shelf, "record", "token", "token"),
        signing=vault.seal(shelf, "record", "signing", SECRET),
    )
    return program(name, *owners, tickets=there)


async def call(
    desk: Door, ticket: Any = TAKEN, client: str = "helpdesk", at: datetime | None = None, secret: str = SECRET
) -> httpx.Response:  # fmt: skip
    body = ticket if isinstance(ticket, bytes) else orjson.dumps({"ticket": ticket})
    timestamp = (at or datetime.now(UTC)).isoformat()
    headers = {TIMESTAMP: timestamp, SIGNATURE: signed(secret, timestamp, body), "Content-Type": "application/json"}
    async with desk.client(**headers) as calling:
        return await calling.post(f"/v1/tickets/{client}", content=body)


async def test_a_ticket_becomes_requests_that_know_their_ticket(desk: Door) -> None:
    answer = await call(desk)
    assert answer.status_code == 202, answer.text
    requests = [command.request for _, command in desk.bus.sent if isinstance(command, SubmitRequest)]
    assert {request.orders[0].right for request in requests} == {Right.ACCESS, Right.OPT_OUT}
    for request in requests:
        assert (request.channel, request.client, request.entered_by) == (Channel.TICKET, "helpdesk", "helpdesk")
        assert request.ticket == Ticket(client="helpdesk", id="4711")
    assert answer.json()["id"] in {request.id for request in requests}


async def test_called_twice_it_is_one_request_and_changed_it_is_refused(desk: Door) -> None:
    first, again = await call(desk), await call(desk)
    assert again.json() == first.json()
    assert len(desk.bus.sent) == 2
    changed = await call(desk, {**TAKEN, "description": "Something else."})
    assert changed.json()["code"] == "idempotency-key-reused"


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "another"},
        {"at": datetime.now(UTC) - timedelta(minutes=6)},
        {"at": datetime.now(UTC) + timedelta(days=1)},
        {"client": "nobody"},
        {"client": "lake-portal"},
    ],
)
async def test_whoever_does_not_sign_learns_nothing(desk: Door, wrong: dict[str, Any]) -> None:
    answer = await call(desk, **wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad-signature")
    assert desk.bus.sent == []


async def test_without_headers_there_is_no_signature(desk: Door) -> None:
    async with desk.client() as calling:
        for headers in ({}, {TIMESTAMP: "yesterday", SIGNATURE: "x"}):
            assert (await calling.post("/v1/tickets/helpdesk", json={}, headers=headers)).status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tags": ["vip"]}, "ticket.tags"),
        ({"requester": {"name": "Maria"}}, "email"),
        ({"requester": {"name": "7", "email": "maria@quill.example"}}, "name"),
        ({"tags": "privacy_correct"}, "corrections"),
        ({"id": "../../etc"}, "ticket.id"),
        ({"tags": 5}, "ticket.tags"),
    ],
)
async def test_a_ticket_that_says_too_little_is_refused_by_the_field(
    desk: Door, change: dict[str, Any], field: str
) -> None:
    answer = await call(desk, {**TAKEN, **change})
    assert answer.status_code == 422
    assert any(each["field"].startswith(field) for each in answer.json()["errors"])
    assert "aria" not in answer.text


@pytest.mark.parametrize("tag", ["owner_lakeside", "owner_riverton"])
async def test_where_a_system_serves_several_owners_a_tag_names_one(desk: Door, tag: str) -> None:
    assert (await call(desk, client="shared-desk")).status_code == 422
    answer = await call(desk, {**TAKEN, "tags": f"privacy_access {tag}"}, client="shared-desk")
    assert answer.json()["owner"] == tag.removeprefix("owner_")


async def test_the_persons_time_runs_from_when_the_ticket_was_opened(desk: Door) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    for number, at in enumerate((hour_ago, hour_ago - timedelta(days=40), hour_ago + timedelta(days=40))):
        sent = {**TAKEN, "id": number, "tags": ["privacy_access"], "created_at": at.isoformat()}
        assert (await call(desk, sent)).status_code == 202
    times = [command.request.received_at for _, command in desk.bus.sent if isinstance(command, SubmitRequest)]
    assert times[0] == hour_ago
    assert timedelta(days=6) < datetime.now(UTC) - times[1] < timedelta(days=8)
    assert times[2] <= datetime.now(UTC)


async def test_a_secret_is_opened_once_a_minute_and_not_for_every_call(desk: Door) -> None:
    for number in range(5):
        await call(desk, {**TAKEN, "id": number})
    with desk.vault_database.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM vault_openings").scalar_one() == 1


scraps = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.lists(st.text(max_size=5), max_size=3)
almost = st.fixed_dictionaries(
    {name: st.just(value) | scraps for name, value in TAKEN.items() if name != "requester"},
    optional={
        "created_at": scraps | st.datetimes().map(str),
        "corrections": scraps | st.lists(st.fixed_dictionaries({"field": scraps, "value": scraps}), max_size=2),
        "requester": st.fixed_dictionaries({"name": scraps, "email": scraps}, optional={"phone": st.text(max_size=20)}),
    },
)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(INTAKE, tmp_path_factory.mktemp("intake")) as made:
        one = helpdesk(made, "helpdesk", "riverton")
        made.floor.catalogue = lambda: replace(CATALOGUE, clients={"helpdesk": one})
        yield made


@pytest.mark.requirement("R27")
@given(ticket=almost | scraps)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_system_sends_is_taken_or_refused(lasting: Door, ticket: Any) -> None:
    try:
        body = orjson.dumps({"ticket": ticket})
    except TypeError:
        body = b"[1e999"
    answer = await call(lasting, body)
    assert answer.status_code == 202 or 400 <= answer.status_code < 500, answer.text
