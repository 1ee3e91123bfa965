"""What a client got wrong on the bus: it sees its own, and sends it again; nobody sees another's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.envelope import parse
from schemas.intake import SubmitRequest
from schemas.parked import RecordParked
from schemas.vocabulary import Channel
from services.intake.bus import take
from services.intake.processor import INTAKE
from services.intake.programs.parked_view import MISTAKES_VIEW
from services.runtime.chain import Accepted, Record, decode
from services.runtime.database import writing
from tests.support.doors import Door, door
from tests.support.programs import shown_by
from tests.unit.test_intake_bus import BINARY, DATA, EVENT, record

pytestmark = pytest.mark.requirement("R33")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


async def publish(desk: Door, *records: Record) -> list[str]:
    """What a client publishes is read, and what is parked of it comes to intake's read model; the parked ids."""
    before = len(desk.bus.published)
    for at, each in enumerate(records):
        await take(desk.floor, replace(each, offset=100 + before + at))
    for topic, draft in desk.bus.published[before:]:
        raw = draft.encode()
        envelope = parse(raw, 1 << 21)
        accepted = Accepted(Record(topic, 0, 0, None, raw, datetime.now(UTC)), envelope, decode(envelope))
        with writing(desk.database) as connection:
            MISTAKES_VIEW.apply(connection, accepted)
            MISTAKES_VIEW.apply(connection, accepted)
    return [draft.id for _, draft in desk.bus.published[before:]]


async def call(
    desk: Door, method: str, path: str, body: Any = None, client: str = "lake-portal"
) -> httpx.Response:  # fmt: skip
    async with desk.client(**shown_by(desk.floor, client)) as calling:
        return await calling.request(method, f"/v1/clients/me/parked{path}", **({"json": body} if body else {}))


async def test_a_client_sees_its_own_mistakes_with_their_reasons(desk: Door) -> None:
    bad = {**EVENT, "data": {**DATA, "email": "nowhere"}}
    await publish(desk, record(bad), record({**EVENT, "type": "dsr.cancellation.v1"}), record(bad, client="city-hall"))
    told = (await call(desk, "GET", "")).json()
    assert [(each["reason"], each["place"]) for each in told["parked"]] == [
        ("bad-data", "data.email"),
        ("unknown-type", "type"),
    ]
    assert {each["topic"] for each in told["parked"]} == {"dsr.submissions.lake-portal"}
    assert "next" not in told or told["next"] is None
    assert "uill" not in str(told)


async def test_a_long_list_comes_page_by_page(desk: Door) -> None:
    names = await publish(desk, *(record(b"{nonsense") for _ in range(5)))
    seen, after = [], ""
    while True:
        page = (await call(desk, "GET", f"?limit=2&after={after}")).json()
        seen += [each["id"] for each in page["parked"]]
        if not (after := page.get("next") or ""):
            break
    assert sorted(seen) == sorted(names)
    assert (await call(desk, "GET", "?limit=0")).status_code == 422


async def test_it_sees_what_it_sent_and_that_is_on_record(desk: Door) -> None:
    text, raw = await publish(desk, record({**EVENT, "id": ""}), record(b"\xff\xfe"))
    assert orjson.loads((await call(desk, "GET", f"/{text}")).json()["original"]) == {**EVENT, "id": ""}
    assert (await call(desk, "GET", f"/{raw}")).json()["original_base64"] == "//4="
    with desk.vault_database.connect() as connection:
        by = connection.exec_driver_sql('SELECT DISTINCT "by", why FROM vault_openings').all()
    assert [tuple(row) for row in by] == [("client:lake-portal", "parked")]


async def test_corrected_and_sent_again_it_is_a_request_once_and_the_persons_time_runs_from_then(desk: Door) -> None:
    (name,) = await publish(desk, record({**EVENT, "data": {**DATA, "email": "nowhere"}}))
    first, again = await call(desk, "POST", f"/{name}/resend", DATA), await call(desk, "POST", f"/{name}/resend", DATA)
    assert (first.status_code, first.json()) == (202, again.json())
    ((_, command),) = desk.bus.sent
    assert isinstance(command, SubmitRequest)
    assert (command.request.channel, command.request.client) == (Channel.BUS, "lake-portal")
    parked_at = datetime.fromisoformat((await call(desk, "GET", f"/{name}")).json()["parked_at"])
    assert command.request.received_at == parked_at
    shown = (await call(desk, "GET", "")).json()["parked"][0]["request"]
    assert shown == {"id": first.json()["id"], "number": first.json()["number"]}
    other = await call(desk, "POST", f"/{name}/resend", {**DATA, "rights": ["delete"]})
    assert other.json()["code"] == "idempotency-key-reused"


@pytest.mark.parametrize("given_", [record({**EVENT, "type": "dsr.submission.v9"}), record(DATA, BINARY[1:])])
async def test_without_a_correction_it_is_sent_as_it_was(desk: Door, given_: Record) -> None:
    (name,) = await publish(desk, given_)
    assert (await call(desk, "POST", f"/{name}/resend")).status_code == 202
    assert len(desk.bus.sent) == 1


async def test_what_is_still_wrong_is_named_and_nothing_is_received(desk: Door) -> None:
    (name,) = await publish(desk, record({**EVENT, "data": {**DATA, "email": "nowhere"}}))
    answer = await call(desk, "POST", f"/{name}/resend")
    assert [each["field"] for each in answer.json()["errors"]] == ["email"]
    foreign = await call(desk, "POST", f"/{name}/resend", {**DATA, "owner": "riverton"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign-owner")
    assert desk.bus.sent == []


@pytest.mark.requirement("R27")
async def test_another_clients_mistakes_are_not_there(desk: Door) -> None:
    (name,) = await publish(desk, record(b"{nonsense"))
    for method, path in (("GET", f"/{name}"), ("POST", f"/{name}/resend"), ("GET", "/x")):
        assert (await call(desk, method, path, client="city-hall")).status_code == 404
    assert (await call(desk, "GET", "", client="city-hall")).json()["parked"] == []
    assert (await call(desk, "GET", f"?after={name}", client="city-hall")).json()["parked"] == []


async def test_what_is_forgotten_cannot_be_sent_again(desk: Door) -> None:
    (name,) = await publish(desk, record(b"{nonsense"))
    desk.floor.vault.destroy(name, "record")
    assert (await call(desk, "GET", f"/{name}")).status_code == 410


def test_rows_go_when_the_topic_keeps_their_records_no_longer(desk: Door) -> None:
    def parked(name: str, at: datetime) -> Accepted:
        body = RecordParked(
            reader="intake", topic="dsr.submissions.lake-portal", partition=0, offset=1, reason="empty", size=0,
            digest="d", parked_at=at, original="sealed:v1:record:AAAA",
        )  # fmt: skip
        envelope = parse(orjson.dumps({
            "specversion": "1.0", "id": name, "source": "intake", "type": body.TYPE, "time": at.isoformat(),
        }))  # fmt: skip
        return Accepted(Record("dsr.parked", 0, 0, None, b"", at), envelope, body)

    now = datetime.now(UTC)
    with writing(desk.database) as connection:
        for name, at in (("old", now - timedelta(days=91)), ("new", now)):
            MISTAKES_VIEW.apply(connection, parked(name, at))
        assert connection.exec_driver_sql("SELECT id FROM intake_mistakes").scalars().all() == ["new"]
