"""The door on the bus: both modes of CloudEvents, a reason for everything that is parked, and nothing lost."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.envelope import Malformed
from schemas.intake import SubmitRequest
from schemas.topics import PARKED
from schemas.vocabulary import Channel
from services.intake.bus import take, wanted
from services.intake.cloudevent import submitted
from services.intake.processor import INTAKE
from services.runtime.bus import BusUnavailable
from services.runtime.chain import Record
from tests.support.doors import Door, door

DATA: dict[str, Any] = {
    "owner": "lakeside",
    "rights": ["access"],
    "name": "Maria Quill",
    "email": "maria@quill.example",
}
EVENT: dict[str, Any] = {
    "specversion": "1.0", "id": "ticket-7", "source": "//portal", "type": "dsr.submission.v1", "data": DATA
}  # fmt: skip
STRUCTURED = (("content-type", b"application/cloudevents+json; charset=utf-8"),)
BINARY = (
    ("ce_specversion", b"1.0"), ("ce_id", b"ticket-7"), ("ce_source", b"//portal"), ("ce_type", b"dsr.submission.v1"),
    ("content-type", b"application/json"),
)  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


def record(
    value: Any = EVENT, headers: tuple[tuple[str, bytes], ...] = STRUCTURED, client: str = "lake-portal"
) -> Record:
    raw = value if isinstance(value, bytes) or value is None else orjson.dumps(value)
    return Record(f"dsr.submissions.{client}", 0, 7, None, raw, datetime.now(UTC), headers)


def parked(desk: Door) -> list[tuple[str, str]]:
    assert all(topic == PARKED for topic, _ in desk.bus.published)
    bodies = [orjson.loads(draft.data) for _, draft in desk.bus.published]
    return [(body["reason"], body["place"]) for body in bodies]


@pytest.mark.requirement("R33")
@pytest.mark.parametrize(
    "given_",
    [record(), record(headers=()), record(headers=(("content-type", b"application/json"),)), record(DATA, BINARY)],
    ids=["structured", "a JSON object with specversion", "the same as JSON", "binary"],
)
async def test_a_submission_is_received_in_every_mode(desk: Door, given_: Record) -> None:
    await take(desk.floor, given_)
    ((_, command),) = desk.bus.sent
    assert isinstance(command, SubmitRequest)
    assert (command.request.client, command.request.channel) == ("lake-portal", Channel.BUS)
    assert parked(desk) == []


async def test_a_record_read_twice_is_one_request(desk: Door) -> None:
    await take(desk.floor, record())
    await take(desk.floor, record(DATA, BINARY))
    assert len(desk.bus.sent) == 1
    assert parked(desk) == []


@pytest.mark.parametrize(
    ("given_", "reason", "place"),
    [
        (record(None), "empty", ""),
        (record(b"x" * (257 << 10)), "oversized", ""),
        (record(b"{nonsense"), "not-json", ""),
        (record([1]), "not-a-cloudevent", ""),
        (record(DATA), "not-a-cloudevent", ""),
        (record({**EVENT, "specversion": "0.3"}), "unknown-specversion", "specversion"),
        (record({**EVENT, "id": ""}), "not-a-cloudevent", "id"),
        (record({**EVENT, "id": "k" * 201}), "not-a-cloudevent", "id"),
        (record({**EVENT, "type": "dsr.cancellation.v1"}), "unknown-type", "type"),
        (record({**EVENT, "type": "dsr.submission.v2"}), "unknown-version", "type"),
        (record({**EVENT, "datacontenttype": "text/xml"}), "unknown-content-type", "datacontenttype"),
        (record(DATA, (*BINARY[:4], ("content-type", b"text/xml"))), "unknown-content-type", "datacontenttype"),
        (record(EVENT, (("content-type", b"text/xml"),)), "unknown-content-type", "content-type"),
        (record(DATA, BINARY[1:]), "not-a-cloudevent", ""),
        (record({**EVENT, "data": {**DATA, "email": "nowhere"}}), "bad-data", "data.email"),
        (record({**EVENT, "data": {**DATA, "MariaQuill": 1}}), "bad-data", "data"),
        (record({**EVENT, "data": None}), "bad-data", "data"),
        (record({**EVENT, "data": {**DATA, "owner": "riverton"}}), "foreign-owner", "data.owner"),
        (record(client="nobody"), "foreign-owner", "data.owner"),
    ],
)
async def test_what_cannot_be_received_is_parked_with_its_reason(
    desk: Door, given_: Record, reason: str, place: str
) -> None:
    await take(desk.floor, given_)
    assert parked(desk) == [(reason, place)]
    assert desk.bus.sent == []
    assert not any(b"uill" in draft.encode() for _, draft in desk.bus.published)


async def test_other_content_under_a_key_is_parked(desk: Door) -> None:
    await take(desk.floor, record())
    await take(desk.floor, record({**EVENT, "data": {**DATA, "rights": ["delete"]}}))
    assert parked(desk) == [("idempotency-key-reused", "id")]


async def test_without_a_broker_a_record_is_neither_received_nor_parked_but_handed_back(desk: Door) -> None:
    desk.bus.gone = True
    for given_ in (record(), record(b"{nonsense")):
        with pytest.raises(BusUnavailable):
            await take(desk.floor, given_)


async def test_the_statutory_clock_starts_when_the_client_published_but_never_ahead_of_us(desk: Door) -> None:
    hour_ago, now = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)
    for number, moment in enumerate((hour_ago, now + timedelta(days=9), now - timedelta(days=900))):
        await take(desk.floor, replace(record({**EVENT, "id": f"ticket-{number}"}), recorded_at=moment))
    times = [command.request.received_at for _, command in desk.bus.sent if isinstance(command, SubmitRequest)]
    assert times[0] == hour_ago
    assert now <= times[1] <= datetime.now(UTC)
    assert times[2] >= now - timedelta(days=7)


def test_the_topics_are_those_of_the_registered_clients_and_no_client_poses_as_a_door(desk: Door) -> None:
    assert wanted(desk.floor) == {"dsr.submissions.lake-portal", "dsr.submissions.city-hall"}


@given(
    value=st.binary(max_size=80) | st.builds(orjson.dumps, st.dictionaries(
        st.sampled_from([*EVENT, "owner", "x"]), st.sampled_from([*EVENT.values(), 1, None, [], "1.0"])
    )),
    headers=st.lists(st.tuples(st.sampled_from([n for n, _ in BINARY]), st.binary(max_size=12)), max_size=5),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_no_record_is_too_strange_to_be_refused_with_a_reason(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    code = "understood"
    try:
        submitted(record(value, tuple(headers)))
    except Malformed as reason:
        code = reason.code
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)


PLANTED = "zq7-planted-zq7"
scraps = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just(PLANTED)
things = st.recursive(
    scraps, lambda i: st.lists(i, max_size=3) | st.dictionaries(st.text(max_size=6), i, max_size=3), max_leaves=6
)
almost_data = st.fixed_dictionaries(
    {name: st.just(value) | things for name, value in DATA.items() if name != "rights"}
    | {"rights": things | st.lists(st.sampled_from(["access", "opt_out", "correct", "x"]), max_size=3)},
    optional={
        "phone": things | st.just("+1 530 555 0101"),
        "corrections": things,
        "period": things,
        "agent": things,
        "details": st.text(max_size=40),
        "more": things,
    },
)
almost_events = st.fixed_dictionaries(
    {name: st.just(value) | things for name, value in EVENT.items() if name not in {"data", "id"}},
    optional={
        "data": almost_data | things,
        "id": st.text(max_size=30) | st.just("ticket-7"),
        "datacontenttype": things,
    },
)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(INTAKE, tmp_path_factory.mktemp("intake")) as made:
        yield made


@pytest.mark.requirement("R27")
@given(
    event=almost_events | st.fixed_dictionaries({**{n: st.just(v) for n, v in EVENT.items()}, "data": almost_data}),
    headers=st.sampled_from([STRUCTURED, (), BINARY]),
    raw=st.none() | st.binary(max_size=60),
    client=st.sampled_from(["lake-portal", "city-hall", "nobody", "web"]),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_published_is_received_or_parked_and_never_stops_the_partition(
    lasting: Door, event: Any, headers: tuple[tuple[str, bytes], ...], raw: bytes | None, client: str
) -> None:
    sent, kept = len(lasting.bus.sent), len(lasting.bus.published)
    value = raw if raw is not None else _json(event)
    await take(lasting.floor, record(value, headers, client))
    assert len(lasting.bus.sent) > sent or len(lasting.bus.published) == kept + 1 or _seen(lasting)
    for _, draft in lasting.bus.published[kept:]:
        assert PLANTED.encode() not in draft.encode()


def _json(event: Any) -> bytes:
    try:
        return orjson.dumps(event)
    except TypeError:  # a number or a text that JSON has not
        return b"1e999"


def _seen(desk: Door) -> bool:
    """A key that came before with the same content is answered by silence."""
    return len(desk.bus.sent) > 0
