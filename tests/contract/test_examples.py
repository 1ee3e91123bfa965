"""One example of every message type ever released: each must be accepted, parse, and say all that it ever said."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from schemas.envelope import READ, Envelope, Malformed, hash_holds, parse, parse_position, write_position
from schemas.publish import asyncapi
from schemas.publish.__main__ import EXAMPLES, add_examples
from schemas.publish.schema import data_schema, envelope_schema
from schemas.topics import BY_NAME, TOPICS, TYPES
from services.runtime.chain import decode, follows
from tests.support.examples import records

PATHS = sorted(EXAMPLES.glob("*.json"))
LOGGED = {message.TYPE for topic in TOPICS if topic.is_log for message in topic.messages}
OPEN = {message.TYPE for topic in TOPICS if topic.is_log and topic.one_partition for message in topic.messages}
"""What lies in logs that many append to: they have no sources."""

DOCUMENT = asyncapi.document()

each_example = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def record(path: Path) -> bytes:
    """The record as it would lie in Kafka: the file without its last line end."""
    return path.read_bytes().removesuffix(b"\n")


def chained(envelope: Envelope) -> bool:
    return envelope.type in LOGGED or envelope.is_read_line


def test_every_type_has_an_example() -> None:
    assert set(TYPES) - {path.stem for path in PATHS} == set(), "run: python -m schemas.publish --examples"


@each_example
def test_an_example_parses_as_what_its_name_says(path: Path) -> None:
    envelope = parse(record(path))
    assert path.stem.startswith(envelope.type)
    body = decode(envelope)
    assert type(body) is TYPES.get(envelope.type, type(None))


@each_example
def test_nothing_an_example_says_is_lost_by_reading_it(path: Path) -> None:
    envelope = parse(record(path))
    body = decode(envelope)
    read = {
        **TypeAdapter(Envelope).dump_python(envelope, mode="json"),
        "data": body.model_dump(mode="json") if body else None,
    }
    assert lost(orjson.loads(record(path)), read) == []


@each_example
def test_an_example_fits_the_published_schemas(path: Path) -> None:
    raw = orjson.loads(record(path))
    Draft202012Validator(envelope_schema()).validate(raw)
    if raw["type"] in TYPES:
        Draft202012Validator(data_schema(raw["type"])).validate(raw["data"])
    payload = DOCUMENT["components"]["messages"][raw["type"]]["payload"]
    Draft202012Validator({**payload, "components": DOCUMENT["components"]}).validate(raw)


@each_example
@pytest.mark.requirement("R30")
def test_an_example_of_a_log_belongs_to_its_chain_and_no_byte_of_it_can_change(path: Path) -> None:
    raw = record(path)
    envelope = parse(raw)
    if not chained(envelope):
        assert not envelope.parent
        assert not envelope.hash
        return
    assert follows(raw, envelope.parent) == envelope
    assert follows(raw, "0" * 64) is None
    for place in range(0, len(raw), 97):
        altered = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert not hash_holds(altered, envelope.hash)


@each_example
def test_an_example_says_how_far_the_sources_were_read(path: Path) -> None:
    envelope = parse(record(path))
    position = parse_position(envelope.position)
    assert write_position(position) == envelope.position
    assert bool(position) is (chained(envelope) and envelope.type not in OPEN)
    for topic, read in position.items():
        assert envelope.source in BY_NAME[topic].readers
        assert bool(read.head) is BY_NAME[topic].is_log


def test_an_example_that_is_there_is_never_rewritten(tmp_path: Path) -> None:
    kept = tmp_path / "dsr.verifier.proof-rejected.v1.json"
    kept.write_text("as it was")
    add_examples(tmp_path)
    assert kept.read_text() == "as it was"
    assert {path.stem for path in tmp_path.iterdir()} == set(records())


def test_examples_come_out_the_same_every_time() -> None:
    assert records() == records()


def test_the_read_line_is_shown_too() -> None:
    assert [path.stem for path in PATHS if parse(record(path)).is_read_line] == [f"dsr.verifier.{READ}.v1"]


@pytest.mark.parametrize(
    ("given", "read", "expected"),
    [
        ({"a": 1}, {"a": 1, "b": None}, []),
        ({"a": 1}, {}, ["a"]),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]}, ["a.0.c"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a"]),
    ],
)
def test_a_loss_would_be_seen(given: Any, read: Any, expected: list[str]) -> None:
    assert lost(given, read) == expected


def test_an_example_of_an_unknown_type_would_be_seen() -> None:
    raw = records()["dsr.verifier.proof-rejected.v1"].replace(b"proof-rejected", b"proof-misspelt")
    with pytest.raises(Malformed, match="unknown-type"):
        decode(parse(raw))


def lost(given: Any, read: Any, at: str = "") -> list[str]:
    """Where ``read`` lacks or changes something that ``given`` says. Instants are compared as instants."""
    if isinstance(given, dict) and isinstance(read, dict):
        return [
            place
            for name, value in given.items()
            for place in (lost(value, read[name], f"{at}{name}.") if name in read else [f"{at}{name}"])
        ]
    if isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        return [place for n, value in enumerate(given) for place in lost(value, read[n], f"{at}{n}.")]
    return [] if given == read or same_instant(given, read) else [at.removesuffix(".")]


def same_instant(one: Any, other: Any) -> bool:
    """True for two ways to write the same time in UTC."""
    if not isinstance(one, str) or not isinstance(other, str) or not (one.endswith("Z") and other.endswith("Z")):
        return False
    return one[:-1].partition(".")[0] == other[:-1].partition(".")[0] and fraction(one) == fraction(other)


def fraction(moment: str) -> str:
    return moment[:-1].partition(".")[2].rstrip("0")
