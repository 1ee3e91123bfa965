"""A record nobody can read is parked with its reason, on every topic, and the stream goes on."""

import json

import pytest

from infra.demo.errand import Errand
from infra.demo.residents import person_of
from schemas.topics import BY_NAME, PARKED, TOPICS, submissions
from tests.conftest import Running
from tests.support.wire import Operator, eventually, publish, walk

pytestmark = pytest.mark.stack
MARK = "Petronella-Quux-4711"
"""Stands in every bad record; may stand nowhere in what is said about it."""


def bad_records(topic: str) -> dict[str, bytes]:
    """Reason → a record that must be parked for it."""
    stem = BY_NAME[topic].messages[0].TYPE.rpartition(".v")[0]
    envelope = {"specversion": "1.0", "id": "1", "source": MARK, "time": "2026-01-01T00:00:00Z", "data": {"x": MARK}}
    typed = {"unknown-type": "dsr.nobody.knows.v1", "unknown-version": f"{stem}.v99"}
    records = {"not-a-cloudevent": MARK.encode()}
    if topic != PARKED:  # what parks others may be as large as the broker takes
        records["oversized"] = json.dumps({**envelope, "type": f"{stem}.v1", "pad": "x" * (300 << 10)}).encode()
    records |= {reason: json.dumps({**envelope, "type": tag}).encode() for reason, tag in typed.items()}
    wrong = "unsealed" if BY_NAME[topic].is_log else "bad-data"
    records[wrong] = json.dumps({**envelope, "type": f"{stem}.v1"}).encode()
    return records


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS])
def test_what_cannot_be_read_is_parked_with_its_reason(running: Running, operator: Operator, topic: str) -> None:
    before = len(operator.parked(topic))
    bad = bad_records(topic)
    publish(running.kafka, topic, *bad.values())
    expected = set(bad)

    def all_there() -> list[dict[str, object]] | None:
        parked = operator.parked(topic)
        reasons = {str(one["reason"]) for one in parked}
        return parked if expected <= reasons and len(parked) >= before + len(bad) else None

    parked = eventually(all_there, f"{expected} parked from {topic}")
    assert MARK not in json.dumps(parked)


def test_the_stream_goes_on_after_all_of_that(running: Running) -> None:
    walk(running.world, Errand(person_of("alder-falls", 560), ("access", "delete"), "api"))


def test_a_clients_mistakes_are_parked_and_its_next_request_is_taken(running: Running, operator: Operator) -> None:
    who, topic = person_of("cedar-point", 3), submissions("cedar-portal")
    good = {"owner": who.owner, "rights": ["access"], "name": who.name, "email": who.email}
    event = {"specversion": "1.0", "id": "sub-1", "source": "portal", "type": "dsr.submission.v1", "data": good}
    publish(
        running.kafka,
        topic,
        b"{not json",
        json.dumps({**event, "id": "sub-2", "data": {**good, "owner": "alder-falls"}}).encode(),
        json.dumps({**event, "id": "sub-3", "data": {**good, "email": MARK}}).encode(),
        json.dumps({**event, "id": "sub-4", "type": "dsr.submission.v9"}).encode(),
        json.dumps(event).encode(),
        json.dumps({**event, "data": {**good, "rights": ["delete"]}}).encode(),
    )
    reasons = {"not-json", "foreign-owner", "bad-data", "unknown-version", "idempotency-key-reused"}

    def all_there() -> list[dict[str, object]] | None:
        found = operator.parked(topic)
        return found if reasons <= {str(one["reason"]) for one in found} else None

    parked = eventually(all_there, "the client's mistakes parked")
    assert MARK not in json.dumps(parked)
    assert next(one for one in parked if one["reason"] == "bad-data")["place"] == "data.email"
    eventually(lambda: _requests_of(operator, "cedar-point", "bus"), "the good submission received")


def test_binary_mode_is_understood_too(running: Running, operator: Operator) -> None:
    who = person_of("cedar-point", 4)
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"binary-1"),
        ("ce_source", b"portal"),
        ("ce_type", b"dsr.submission.v1"),
        ("content-type", b"application/json"),
    ]
    before = len(_requests_of(operator, "cedar-point", "bus"))
    body = {"owner": who.owner, "rights": ["delete"], "name": who.name, "email": who.email}
    publish(running.kafka, submissions("cedar-portal"), json.dumps(body).encode(), headers=headers)
    eventually(lambda: len(_requests_of(operator, "cedar-point", "bus")) > before, "the submission received")


def _requests_of(operator: Operator, owner: str, channel: str) -> list[dict[str, object]]:
    return [one for one in operator.get(f"requests?owner={owner}")["requests"] if one["channel"] == channel]
