"""Folding a log: the chain's records count, everything else is void, and a newer release's log is not guessed at."""

import pytest

from schemas.envelope import Draft, Read, parse, sealed
from schemas.intake import RequestReceived
from schemas.topics import events
from schemas.verifier import SubmitProof
from schemas.vocabulary import Right
from services.runtime.aggregate import encode
from services.runtime.answer import Sealed, answer_to, event_record, read_line
from services.runtime.cache import Mark
from services.runtime.fold import Folding, WrittenByNewer, fold_all
from tests.support.facts import CATALOGUE, CHALLENGE, NOON, RIGHT_DIGEST, WRONG_DIGEST, request
from tests.support.little import VERIFIER

asked = request(Right.ACCESS)
received = RequestReceived(request=asked, digest="content", challenge=CHALLENGE)
SOURCE = events("intake")


def log() -> list[Sealed]:
    """A challenge, a wrong proof, a silence, the right proof."""
    made: list[Sealed] = []
    aggregate, head = None, ""
    for offset, body in enumerate((received, SubmitProof(digest=WRONG_DIGEST), None, SubmitProof(digest=RIGHT_DIGEST))):
        position = {SOURCE: Read(offset, "a" * 64)}
        if body is None:
            record = read_line(VERIFIER, head, position, NOON)
        else:
            cause = parse(
                Draft(
                    id=f"cause-{offset}", source="test", type=body.TYPE, time="2026-03-02T12:00:00Z",
                    subject=asked.id, owner="millbrook", partitionkey=asked.person,
                    data=body.model_dump_json().encode(),
                ).encode()
            )  # fmt: skip
            said = answer_to(cause, body, VERIFIER, aggregate, CATALOGUE)
            assert said is not None
            record = event_record(VERIFIER, cause, said, aggregate, head, position)
            aggregate = record.aggregate
        made.append(record)
        head = record.head
    return made


LOG = log()
RAWS = [record.raw for record in LOG]


def newer(parent: str) -> bytes:
    return sealed(
        Draft(
            id="i", source="verifier", type="dsr.verifier.of-a-later-release.v1", time="2026-03-02T12:00:00Z",
            subject=asked.id, extra={"parent": parent},
        ).encode()
    )[0]  # fmt: skip


def test_a_log_folds_to_what_was_live_byte_for_byte() -> None:
    folded = fold_all(VERIFIER, enumerate(RAWS))
    live = LOG[-1].aggregate
    assert live is not None
    assert encode(VERIFIER, folded.changed[asked.id]) == encode(VERIFIER, live)
    assert folded.mark == Mark(3, LOG[3].head, LOG[3].head, {SOURCE: Read(3, "a" * 64)})


@pytest.mark.parametrize("cut", range(5))
def test_folding_on_from_any_place_ends_where_folding_from_the_start_does(cut: int) -> None:
    before = fold_all(VERIFIER, list(enumerate(RAWS))[:cut])
    rest = Folding(VERIFIER, before.mark, before.changed.get)
    for offset, raw in list(enumerate(RAWS))[cut:]:
        rest.take(offset, raw)
    whole = fold_all(VERIFIER, enumerate(RAWS))
    assert rest.mark == whole.mark
    assert {**before.changed, **rest.changed} == whole.changed


def test_silence_moves_the_position_and_no_state() -> None:
    at_two, at_three = fold_all(VERIFIER, enumerate(RAWS[:2])), fold_all(VERIFIER, enumerate(RAWS[:3]))
    assert at_two.changed == at_three.changed
    assert at_three.mark.position == {SOURCE: Read(2, "a" * 64)}


@pytest.mark.parametrize(
    "stray",
    [RAWS[0], RAWS[3], b"noise", None, newer("f" * 64), RAWS[1].replace(b'_left":2', b'_left":9')],
    ids=["a repeat", "too early", "noise", "a tombstone", "another's chain", "tampered"],
)
def test_what_does_not_belong_to_the_chain_leaves_only_its_offset(stray: bytes | None) -> None:
    strewn = [RAWS[0], stray, *RAWS[1:]]
    folded, clean = fold_all(VERIFIER, enumerate(strewn)), fold_all(VERIFIER, enumerate(RAWS))
    assert folded.changed == clean.changed
    assert (folded.void, folded.mark.offset, folded.mark.head) == (1, 4, clean.mark.head)
    assert folded.mark.position == clean.mark.position


def test_after_a_void_record_the_mark_says_that_there_is_no_hash_to_compare() -> None:
    folded = fold_all(VERIFIER, enumerate([RAWS[0], b"noise"]))
    assert (folded.mark.offset, folded.mark.hash, folded.mark.head) == (1, "", LOG[0].head)
    assert folded.mark.position == {SOURCE: Read(0, "a" * 64)}


def test_an_accepted_event_of_a_newer_release_stops_the_fold() -> None:
    with pytest.raises(WrittenByNewer, match="unknown-type"):
        fold_all(VERIFIER, enumerate([RAWS[0], newer(LOG[0].head)]))
