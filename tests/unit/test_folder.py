"""A read model's rows: each accepted record once, in order, whatever crashes, repeats or is lost."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, String, inspect

from schemas.envelope import Draft
from schemas.parked import RecordParked
from schemas.router import OrderRecorded
from schemas.topics import PARKED
from schemas.verifier import ProofRejected
from services.runtime.chain import Record
from services.runtime.database import engine
from services.runtime.track import Lost, OutOfStep
from tests.support.reading import NOW, ROUTER, VERIFIER, Log, Parked, Seen, loaded, resumed


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    opened = engine(f"sqlite:///{tmp_path}/views.db")
    yield opened
    opened.dispose()


def test_accepted_records_become_rows_in_order_with_their_decoded_bodies(database: Engine) -> None:
    log, view = Log(), Seen()
    log.add("a"), log.read_line(), log.add("b")
    accepted = loaded(database, view, log).apply(log.records, Parked())
    assert view.shown(database) == ["a", "", "b"]
    assert [one.body for one in accepted] == [ProofRejected(attempts_left=3), None, ProofRejected(attempts_left=3)]


def test_void_records_leave_no_row_and_are_not_parked(database: Engine) -> None:
    log, view, parked = Log(), Seen(), Parked()
    log.add("a"), log.void("stale"), log.add("b"), log.void("stale again")
    loaded(database, view, log).apply(log.records, parked)
    assert (view.shown(database), parked.told) == (["a", "b"], [])


def test_a_repeated_record_is_void(database: Engine) -> None:
    log, view = Log(), Seen()
    first = log.add("a")
    log.raw(first.value)
    log.add("b")
    loaded(database, view, log).apply(log.records, Parked())
    assert view.shown(database) == ["a", "b"]


def test_a_record_changed_in_the_log_is_void_and_so_is_all_that_follows(database: Engine) -> None:
    log, view = Log(), Seen()
    log.add("a"), log.add("b"), log.add("c")
    changed = (log.records[1].value or b"").replace(b'"subject":"b"', b'"subject":"x"')
    log.records[1] = replace(log.records[1], value=changed)
    loaded(database, view, log).apply(log.records, Parked())
    assert view.shown(database) == ["a"]


@pytest.mark.parametrize(
    ("tag", "data", "report"),
    [
        ("dsr.verifier.invented.v1", b"{}", ("unknown-type", "type")),
        ("dsr.verifier.proof-rejected.v9", b"{}", ("unknown-version", "type")),
        (ProofRejected.TYPE, b'{"attempts_left":"many"}', ("bad-data", "data.attempts_left")),
    ],
)
def test_what_cannot_be_decoded_is_parked_and_the_chain_goes_on(
    database: Engine, tag: str, data: bytes, report: tuple[str, str]
) -> None:
    log, view, parked = Log(), Seen(), Parked()
    log.add("a"), log.add("odd", tag, data), log.add("b")
    loaded(database, view, log).apply(log.records, parked)
    assert view.shown(database) == ["a", "odd", "b"]
    assert parked.told == [(1, *report)]


@pytest.mark.parametrize(("raw", "code"), [(None, "empty"), (b"{", "not-a-cloudevent"), (b"x" * 300_000, "oversized")])
def test_bytes_that_are_no_envelope_are_void_and_parked_once(database: Engine, raw: bytes | None, code: str) -> None:
    log, view, parked = Log(), Seen(), Parked()
    log.add("a"), log.raw(raw)
    resumed(database, view, parked, log)
    resumed(database, view, parked, log)
    log.add("b")
    resumed(database, view, parked, log)
    assert view.shown(database) == ["a", "b"]
    assert [told[:2] for told in parked.told] == [(1, code)]


def test_a_view_sees_only_its_own_topics_and_each_partition_has_its_own_chain(database: Engine) -> None:
    view = Seen(topics=(VERIFIER,))
    one, two, foreign = Log(partition=0), Log(partition=1), Log(ROUTER)
    one.add("a"), two.add("b"), foreign.add("c", OrderRecorded.TYPE), one.add("d"), two.add("e")
    mixed = [one.records[0], two.records[0], foreign.records[0], two.records[1], one.records[1]]
    loaded(database, view, one, two, foreign).apply(mixed, Parked())
    assert view.shown(database) == ["a", "b", "e", "d"]


def test_a_restart_goes_on_where_the_rows_stand(database: Engine) -> None:
    log, view, parked = Log(), Seen(), Parked()
    log.add("a"), log.void("stale"), log.raw(b"junk"), log.void("stale")
    resumed(database, view, parked, log)
    log.add("b"), log.void("stale")
    resumed(database, view, parked, log)
    resumed(database, view, parked, log)
    assert view.shown(database) == ["a", "b"]
    assert len(parked.told) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from(["add", "void", "junk", "read"]), max_size=25), cuts=st.sets(st.integers(1, 25)))
def test_however_the_log_is_cut_into_runs_the_rows_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], cuts: set[int]
) -> None:
    database = engine(f"sqlite:///{tmp_path_factory.mktemp('cut')}/views.db")
    whole, log, view, parked = Log(), Log(), Seen(), Parked()
    expected = []
    for number, kind in enumerate(kinds):
        for each in (whole, log):
            each.write(kind, str(number))
        expected += {"add": [str(number)], "read": [""]}.get(kind, [])
        if number in cuts:
            resumed(database, view, parked, log)
    resumed(database, view, parked, log)
    assert view.shown(database) == expected
    assert len(parked.told) == kinds.count("junk")
    database.dispose()


def test_a_batch_whose_commit_fails_leaves_neither_rows_nor_position(database: Engine) -> None:
    log, view = Log(), Seen()
    log.add("a")

    def broken(_record: Record, _code: str, _place: str) -> None:
        raise ConnectionError("no broker to park on")

    folder = loaded(database, view, log)
    log.raw(b"junk")
    with pytest.raises(ConnectionError):
        folder.apply(log.records, broken)
    assert view.shown(database) == []
    resumed(database, view, Parked(), log)
    assert view.shown(database) == ["a"]


def test_a_record_on_which_the_view_chokes_is_parked_without_its_half_made_rows(database: Engine) -> None:
    log, view, parked = Log(), Seen(), Parked()
    log.add("a"), log.add("poison"), log.add("b"), log.add("poison")
    loaded(database, view, log).apply(log.records, parked)
    assert view.shown(database) == ["a", "b"]
    assert parked.told == [(1, "view-failed", "seen"), (3, "view-failed", "seen")]


def test_a_log_with_another_record_at_the_head_is_lost_and_the_rows_are_made_anew(database: Engine) -> None:
    log, view, other = Log(), Seen(), Log(salt="'")
    log.add("a"), log.add("b"), log.void("stale")
    resumed(database, view, Parked(), log)
    other.add("x"), other.add("y"), other.add("z")
    folder = loaded(database, view, other)
    with pytest.raises(Lost):
        folder.apply(other.records[1:], Parked())
    folder.wipe()
    assert view.shown(database) == []
    resumed(database, view, Parked(), other)
    assert view.shown(database) == ["x", "y", "z"]


@pytest.mark.parametrize("length", [0, 1])
def test_a_log_that_ends_before_the_head_is_lost(database: Engine, length: int) -> None:
    log, shorter, view = Log(), Log(salt="'"), Seen()
    log.add("a"), log.add("b")
    resumed(database, view, Parked(), log)
    for number in range(length):
        shorter.add(str(number))
    with pytest.raises(Lost):
        resumed(database, view, Parked(), shorter)


def test_a_log_that_lost_only_what_was_void_goes_on(database: Engine) -> None:
    log, view = Log(), Seen()
    log.add("a"), log.void("stale"), log.void("stale")
    resumed(database, view, Parked(), log)
    del log.records[1:]
    log.add("b")
    resumed(database, view, Parked(), log)
    resumed(database, view, Parked(), log)
    assert view.shown(database) == ["a", "b"]


def test_a_log_that_does_not_reach_back_to_the_head_is_lost(database: Engine) -> None:
    log, view = Log(), Seen()
    log.add("a"), log.add("b")
    resumed(database, view, Parked(), log)
    log.add("c")
    del log.records[:2]
    with pytest.raises(Lost):
        resumed(database, view, Parked(), log)


def test_offsets_that_run_backwards_mean_to_begin_again(database: Engine) -> None:
    log, view = Log(), Seen()
    log.add("a"), log.add("b")
    folder = loaded(database, view, log)
    folder.apply(log.records, Parked())
    with pytest.raises(OutOfStep):
        folder.apply(log.records[:1], Parked())


def test_two_replicas_on_one_database_show_each_record_once_and_both_learn_of_it(database: Engine) -> None:
    log, view = Log(), Seen()
    one, two = loaded(database, view, log), loaded(database, view, log)
    log.add("a"), log.add("b"), log.void("stale"), log.add("c")
    assert len(one.apply(log.records[:1], Parked())) == 1
    assert len(two.apply(log.records[:3], Parked())) == 2
    assert len(one.apply(log.records[1:], Parked())) == 2
    assert len(two.apply(log.records[3:], Parked())) == 1
    assert view.shown(database) == ["a", "b", "c"]


def test_a_replica_notices_that_another_one_began_anew(database: Engine) -> None:
    log, view = Log(), Seen()
    log.add("a")
    one, two = loaded(database, view, log), loaded(database, view, log)
    one.apply(log.records, Parked())
    two.apply(log.records, Parked())
    one.wipe()
    log.add("b")
    with pytest.raises(OutOfStep):
        two.apply(log.records[1:], Parked())
    one.load([(VERIFIER, 0)])
    two.wipe()
    assert one.apply(log.records, Parked())
    assert view.shown(database) == ["a", "b"]


def test_tables_that_are_defined_anew_are_made_anew(database: Engine) -> None:
    log = Log()
    log.add("a")
    resumed(database, Seen(), Parked(), log)
    wider = Seen("seen", (VERIFIER,), Column("note", String))
    resumed(database, wider, Parked(), log)
    assert wider.shown(database) == ["a"]
    assert "note" in {column["name"] for column in inspect(database).get_columns("seen_rows")}


def test_two_views_keep_their_own_place(database: Engine) -> None:
    log, early, late = Log(), Seen("early"), Seen("late")
    log.add("a"), log.add("b")
    resumed(database, early, Parked(), log)
    log.add("c")
    folders = [loaded(database, early, log), loaded(database, late, log)]
    for folder in folders:
        folder.apply(log.records, Parked())
    assert early.shown(database) == late.shown(database) == ["a", "b", "c"]


def parked_record(number: int) -> bytes:
    body = RecordParked(
        reader="router", topic=VERIFIER, partition=0, offset=number, reason="empty", size=0,
        digest=sha256(b"").hexdigest(), parked_at=NOW, original="",
    )  # fmt: skip
    draft = Draft(id=f"p-{number}", source="router", type=RecordParked.TYPE, time=NOW.isoformat(), subject=str(number))
    return replace(draft, data=body.model_dump_json().encode()).encode()


def test_a_topic_that_is_no_log_needs_no_chain(database: Engine) -> None:
    log, view, parked = Log(PARKED), Seen(topics=(PARKED,)), Parked()
    log.raw(parked_record(0)), log.raw(b"junk"), log.raw(parked_record(2))
    resumed(database, view, parked, log)
    log.raw(parked_record(3))
    resumed(database, view, parked, log)
    assert view.shown(database) == ["0", "2", "3"]
    assert [told[:2] for told in parked.told] == [(1, "not-a-cloudevent")]


def test_a_topic_that_is_trimmed_goes_on_after_the_gap(database: Engine) -> None:
    log, view = Log(PARKED), Seen(topics=(PARKED,))
    log.raw(parked_record(0))
    resumed(database, view, Parked(), log)
    for number in range(1, 5):
        log.raw(parked_record(number))
    del log.records[:3]
    resumed(database, view, Parked(), log)
    assert view.shown(database) == ["0", "3", "4"]


def test_a_topic_made_anew_is_read_from_its_beginning(database: Engine) -> None:
    log, again, view = Log(PARKED), Log(PARKED), Seen(topics=(PARKED,))
    log.raw(parked_record(0))
    resumed(database, view, Parked(), log)
    again.raw(parked_record(7)), again.raw(parked_record(8))
    with pytest.raises(Lost):
        resumed(database, view, Parked(), again)
