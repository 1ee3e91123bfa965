"""What belongs to a chain, and what a record is told to be when it cannot be understood."""

import orjson
import pytest

from schemas.envelope import Draft, Malformed, Read, parse, sealed
from schemas.topics import TYPES, events, inbox
from schemas.verifier import ProofRejected, SubmitProof
from services.runtime.answer import passed, take
from services.runtime.chain import Record, decode, follows
from tests.support.facts import NOON


def draft(kind: str = ProofRejected.TYPE, data: bytes = b'{"attempts_left":2}', **extra: str) -> bytes:
    return Draft(id="i", source="verifier", type=kind, time="2026-03-02T12:00:00Z", data=data, extra=extra).encode()


FIRST, HEAD = sealed(draft())
SECOND, NEXT = sealed(draft(parent=HEAD))


def record(raw: bytes | None, topic: str = events("verifier"), offset: int = 5) -> Record:
    return Record(topic, 0, offset, None, raw, NOON)


def test_a_record_follows_the_one_it_names() -> None:
    assert follows(FIRST, "") is not None
    found = follows(SECOND, HEAD)
    assert found is not None
    assert found.hash == NEXT


@pytest.mark.parametrize("head", ["", NEXT, "f" * 64])
def test_a_record_of_another_parent_is_void(head: str) -> None:
    assert follows(SECOND, head) is None


def test_a_repeat_is_void() -> None:
    assert follows(FIRST, HEAD) is None


@pytest.mark.parametrize(
    "raw",
    [
        draft(parent=HEAD),
        SECOND.replace(b'"attempts_left":2', b'"attempts_left":9'),
        SECOND[:-66] + b"0" * 64 + b'"}',
        b" " + SECOND,
        SECOND + b" ",
    ],
    ids=["no hash", "other data", "other hash", "space before", "space behind"],
)
def test_a_record_whose_hash_is_not_right_is_void_and_worth_parking(raw: bytes) -> None:
    with pytest.raises(Malformed) as refusal:
        follows(raw, HEAD)
    assert (refusal.value.code, refusal.value.place) == ("unsealed", "hash")


@pytest.mark.parametrize(
    ("tag", "code"),
    [("dsr.nobody.knows.v1", "unknown-type"), ("dsr.verifier.proof-rejected.v99", "unknown-version")],
)
def test_a_foreign_record_in_a_log_is_told_by_its_type(tag: str, code: str) -> None:
    with pytest.raises(Malformed) as refusal:
        follows(Draft(id="1", source="s", type=tag, time="2026-03-02T12:00:00Z").encode(), "")
    assert refusal.value.code == code


@pytest.mark.parametrize(("raw", "code"), [(None, "empty"), (b"{", "not-a-cloudevent"), (b" " * 300_000, "oversized")])
def test_bytes_that_are_no_envelope_are_worth_parking(raw: bytes | None, code: str) -> None:
    with pytest.raises(Malformed) as refusal:
        follows(raw, "")
    assert refusal.value.code == code


def test_data_is_decoded_to_its_type() -> None:
    assert decode(parse(FIRST)) == ProofRejected(attempts_left=2)


@pytest.mark.parametrize(
    ("kind", "data", "code", "place"),
    [
        ("dsr.verifier.never-heard-of.v1", b"{}", "unknown-type", "type"),
        ("dsr.verifier.proof-rejected.v2", b"{}", "unknown-version", "type"),
        ("nonsense", b"{}", "unknown-type", "type"),
        (".v1", b"{}", "unknown-type", "type"),
        (ProofRejected.TYPE, b'{"attempts_left":"secret of a person"}', "bad-data", "data.attempts_left"),
        (ProofRejected.TYPE, b"{}", "bad-data", "data.attempts_left"),
        (ProofRejected.TYPE, b'"secret of a person"', "bad-data", "data."),
        (ProofRejected.TYPE, b"", "bad-data", "data."),
    ],
)
def test_what_cannot_be_decoded_is_told_by_code_and_field_and_never_quoted(
    kind: str, data: bytes, code: str, place: str
) -> None:
    with pytest.raises(Malformed) as refusal:
        decode(parse(draft(kind, data)))
    assert (refusal.value.code, refusal.value.place) == (code, place)
    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_place_inside_nested_data_is_named_in_full() -> None:
    kind = "dsr.executor.task-reported.v1"
    data = orjson.dumps(
        {"effect_id": "e", "task_id": "t", "attempt": 1, "leaves": [{"data_set": "a", "outcome": "zap"}]}
    )
    with pytest.raises(Malformed) as refusal:
        decode(parse(draft(kind, data)))
    assert refusal.value.place == "data.leaves.0.outcome"


def test_types_not_asked_for_are_not_decoded() -> None:
    unreadable = parse(draft(data=b'{"attempts_left":"x"}'))
    assert decode(unreadable, frozenset({SubmitProof.TYPE})) is None


def test_a_read_line_carries_nothing() -> None:
    assert decode(parse(draft("dsr.verifier.read.v1", b""))) is None


@pytest.mark.parametrize("tag", sorted(TYPES))
def test_every_type_of_the_contract_is_known_and_its_next_version_is_told_as_such(tag: str) -> None:
    for kind, code in ((tag.rpartition(".v")[0] + ".v99", "unknown-version"), (tag + "x", "unknown-version")):
        with pytest.raises(Malformed) as refusal:
            decode(parse(draft(kind)))
        assert refusal.value.code == code


# -- a reader of a source ---------------------------------------------------------------------------------------------

WANTED = frozenset({ProofRejected.TYPE, SubmitProof.TYPE})


def test_of_a_log_only_what_follows_is_taken_and_the_head_moves_with_it() -> None:
    taken = take(record(SECOND), Read(4, HEAD), WANTED)
    assert (taken.read, taken.body) == (Read(5, NEXT), ProofRejected(attempts_left=2))


def test_a_void_record_of_a_log_moves_the_offset_alone() -> None:
    taken = take(record(FIRST), Read(4, HEAD), WANTED)
    assert (taken.read, taken.envelope, taken.body) == (Read(5, HEAD), None, None)


def test_of_an_inbox_everything_is_taken() -> None:
    told = Draft(
        id="c", source="web", type=SubmitProof.TYPE, time="2026-03-02T12:00:00Z", data=b'{"digest":"d"}'
    ).encode()
    taken = take(record(told, inbox("verifier")), Read(4), WANTED)
    assert (taken.read, taken.body) == (Read(5), SubmitProof(digest="d"))


def test_what_is_taken_but_not_wanted_moves_the_chain_on() -> None:
    taken = take(record(SECOND), Read(4, HEAD), frozenset())
    assert (taken.read, taken.body) == (Read(5, NEXT), None)


def test_a_chain_goes_on_over_a_record_of_its_own_that_cannot_be_understood() -> None:
    strange, head = sealed(draft("dsr.verifier.of-a-later-release.v1", parent=HEAD))
    with pytest.raises(Malformed):
        take(record(strange), Read(4, HEAD), WANTED)
    assert passed(record(strange), Read(4, HEAD)) == Read(5, head)


@pytest.mark.parametrize("raw", [b"{", None, sealed(draft("dsr.verifier.strange.v1", parent="f" * 64))[0]])
def test_a_chain_stays_where_it_is_over_what_does_not_belong_to_it(raw: bytes | None) -> None:
    assert passed(record(raw), Read(4, HEAD)) == Read(5, HEAD)


def test_an_inbox_has_no_chain_to_go_on() -> None:
    assert passed(record(b"{", inbox("verifier")), Read(4)) == Read(5)
