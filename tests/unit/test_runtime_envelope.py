"""The envelope: there and back, and no byte of it can change unnoticed."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import (
    MAX_RECORD_BYTES,
    Draft,
    Malformed,
    Read,
    derived_id,
    hash_holds,
    parse,
    parse_position,
    sealed,
    write_position,
)
from services.runtime.answer import written

text = st.text(max_size=40)
DRAFT = Draft(
    id="id-1",
    source="verifier",
    type="dsr.verifier.proof-rejected.v1",
    time="2026-03-02T12:00:00.000001Z",
    subject="request-1",
    causationid="cause-1",
    correlationid="correlation-1",
    owner="millbrook",
    partitionkey="person-1",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    data='{"attempts_left":2,"named":"Zoë"}'.encode(),
    extra={"parent": "f" * 64, "position": "dsr.verifier.inbox=7"},
)
RAW, DIGEST = sealed(DRAFT.encode())


@given(text, text, text, text, st.dictionaries(text, text, max_size=3))
def test_what_is_written_is_read(subject: str, owner: str, key: str, cause: str, data: dict[str, str]) -> None:
    draft = Draft(
        id="id-1", source="intake", type="t.v1", time="2026-03-02T12:00:00Z", subject=subject, owner=owner,
        partitionkey=key, causationid=cause, data=orjson.dumps(data), extra={"parent": "p"},
    )  # fmt: skip
    raw, digest = sealed(draft.encode())
    read = parse(raw)
    assert (read.subject, read.owner, read.partitionkey, read.causationid) == (subject, owner, key, cause)
    assert (read.data, read.parent, read.hash) == (data, "p", digest)
    assert hash_holds(raw, read.hash)


def test_a_record_is_a_cloudevent_with_its_hash_last() -> None:
    read = orjson.loads(RAW)
    assert list(read)[-1] == "hash"
    assert {"specversion", "id", "source", "type"} <= read.keys()
    assert (read["datacontenttype"], read["dataschema"]) == ("application/json", f"urn:habeas:{DRAFT.type}")


def test_empty_attributes_are_left_out() -> None:
    bare = orjson.loads(Draft(id="i", source="s", type="t", time="2026-03-02T12:00:00Z").encode())
    assert bare.keys() == {"specversion", "id", "source", "type", "time", "datacontenttype"}


@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    changed = RAW[:place] + bytes([RAW[place] ^ change]) + RAW[place + 1 :]
    assert hash_holds(RAW, DIGEST)
    assert not hash_holds(changed, DIGEST)
    try:
        claimed = parse(changed).hash
    except Malformed:
        return
    assert not hash_holds(changed, claimed), "also when it is asked for the hash that it claims itself"


@given(st.integers(0, len(RAW)), st.binary(min_size=1, max_size=8))
def test_any_byte_that_is_put_in_is_noticed(place: int, more: bytes) -> None:
    assert not hash_holds(RAW[:place] + more + RAW[place:], DIGEST)


@given(st.integers(0, len(RAW) - 1))
def test_a_record_that_was_cut_is_noticed(length: int) -> None:
    assert not hash_holds(RAW[:length], DIGEST)


def test_a_second_hash_behind_the_first_one_does_not_pass() -> None:
    assert not hash_holds(RAW[:-1] + b',"hash":"' + DIGEST.encode() + b'"}', DIGEST)


topic = st.from_regex(r"\Adsr\.[a-z=]{1,8}\.(events|inbox)\Z")
read = st.builds(Read, st.integers(-1, 2**63), st.from_regex(r"\A([0-9a-f]{64})?\Z"))


@given(st.dictionaries(topic, read, max_size=4))
def test_a_position_is_read_as_it_was_written(position: dict[str, Read]) -> None:
    assert parse_position(write_position(position)) == position


@given(st.lists(st.tuples(topic, read), max_size=4, unique_by=lambda item: item[0]))
def test_equal_positions_are_equal_text(items: list[tuple[str, Read]]) -> None:
    assert write_position(dict(items)) == write_position(dict(reversed(items)))


def test_a_position_looks_as_documented() -> None:
    assert write_position({"b": Read(3), "a": Read(12, "ff")}) == "a=12@ff,b=3"
    assert parse_position("") == {}


@pytest.mark.parametrize("nonsense", ["a", "a=", "a=x", "a=1.5", "=", ",a"])
def test_what_is_no_position_is_refused(nonsense: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 — which one does not matter
        parse_position(nonsense)


WITH_TIME = b'{"specversion":"1.0","id":"1","source":"s","type":"t","time":"%b"}'


@pytest.mark.parametrize(
    ("raw", "code", "place"),
    [
        (None, "empty", ""),
        (b"x" * (MAX_RECORD_BYTES + 1), "oversized", ""),
        (b"", "not-a-cloudevent", ""),
        (b"secret of a person", "not-a-cloudevent", ""),
        (b'{"specversion":"1.0","id":"1","source":"s","time":"2026-03-02T12:00:00Z"}', "not-a-cloudevent", "type"),
        (WITH_TIME % b"secret of a person", "not-a-cloudevent", "time"),
        (WITH_TIME % b"2026-03-02T12:00:00", "not-a-cloudevent", "time"),
        (
            b'{"specversion":"0.3","id":"1","source":"s","type":"t","time":"2026-03-02T12:00:00Z"}',
            "unknown-specversion",
            "specversion",
        ),
    ],
)
def test_what_cannot_be_read_is_told_by_code_and_place_and_never_quoted(
    raw: bytes | None, code: str, place: str
) -> None:
    with pytest.raises(Malformed) as refusal:
        parse(raw)
    assert (refusal.value.code, refusal.value.place) == (code, place)
    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_record_of_the_largest_size_is_read() -> None:
    frame = Draft(id="i", source="s", type="t", time="2026-03-02T12:00:00Z", data=b'""').encode()
    largest = frame[:-2] + b"x" * (MAX_RECORD_BYTES - len(frame)) + frame[-2:]
    assert len(largest) == MAX_RECORD_BYTES
    parse(largest)


def test_attributes_of_a_later_release_are_passed_over() -> None:
    parse(b'{"specversion":"1.0","id":"1","source":"s","type":"t","time":"2026-03-02T12:00:00Z","later":{"a":1}}')


@pytest.mark.parametrize(
    ("kind", "is_one"),
    [
        ("dsr.intake.read.v1", True),
        ("dsr.intake.request-received.v1", False),
        ("read", False),
        ("dsr.read.x.v1", False),
    ],
)
def test_a_read_line_is_known_by_its_type(kind: str, is_one: bool) -> None:
    assert parse(Draft(id="i", source="s", type=kind, time="2026-03-02T12:00:00Z").encode()).is_read_line is is_one


@given(st.lists(text, min_size=1, max_size=4), st.lists(text, min_size=1, max_size=4))
def test_ids_follow_from_their_parts(one: list[str], other: list[str]) -> None:
    plain = [part.replace("\x1f", "") for part in one], [part.replace("\x1f", "") for part in other]
    assert (derived_id(*plain[0]) == derived_id(*plain[1])) is (plain[0] == plain[1])


@given(st.datetimes(min_value=datetime(2000, 1, 1)), st.integers(0, 999_999))  # noqa: DTZ001
def test_instants_are_written_with_six_decimals_and_sort_as_text(moment: datetime, more: int) -> None:
    earlier = moment.replace(tzinfo=UTC)
    assert len(written(earlier)) == len("2026-03-02T12:00:00.000000Z")
    if earlier.year < 9999:
        assert (written(earlier) < written(earlier + timedelta(microseconds=more))) is (more > 0)
