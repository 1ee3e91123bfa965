"""What is not read, and since when, told from where the sources end."""

import pytest

from services.runtime.backlog import KEPT, Backlog
from services.runtime.measuring import pss

HERE, THERE = ("dsr.intake.events", 0), ("dsr.intake.events", 1)


def test_what_is_read_to_its_end_is_no_backlog() -> None:
    behind = Backlog().look(100.0, {HERE: 7}, {HERE: 7}, {})
    assert behind.records == {"dsr.intake.events": 0}
    assert behind.oldest == 0.0


def test_records_are_added_up_over_partitions() -> None:
    assert Backlog().look(100.0, {HERE: 7, THERE: 9}, {HERE: 5}, {}).records == {"dsr.intake.events": 11}


def test_the_oldest_counts_from_the_look_that_first_saw_it_not_from_the_last_record_read() -> None:
    backlog = Backlog()
    backlog.look(0.0, {HERE: 5}, {HERE: 5}, {HERE: 0.0})
    backlog.look(3600.0, {HERE: 6}, {HERE: 5}, {HERE: 0.0})  # quiet for an hour, then one record
    assert backlog.look(3604.0, {HERE: 9}, {HERE: 5}, {HERE: 0.0}).oldest == 4.0


def test_reading_on_makes_what_is_left_younger() -> None:
    backlog = Backlog()
    for at, (end, read) in enumerate([(5, 5), (6, 5), (8, 5), (9, 7)]):
        found = backlog.look(10.0 * at, {HERE: end}, {HERE: read}, {})
    assert found.oldest == 10.0  # record 7 was first there at the third look


def test_what_was_there_before_the_process_is_as_old_as_what_it_reads() -> None:
    backlog = Backlog()
    assert backlog.look(1000.0, {HERE: 500}, {HERE: 0}, {}).oldest == 0.0
    assert backlog.look(1002.0, {HERE: 500}, {HERE: 40}, {HERE: 400.0}).oldest == 602.0


def test_a_place_that_stands_still_keeps_its_age_and_little_else() -> None:
    backlog = Backlog()
    backlog.look(0.0, {HERE: 1}, {HERE: 1}, {})
    for look in range(1, 3 * KEPT):
        found = backlog.look(float(look), {HERE: 1 + look}, {HERE: 1}, {})
    assert found.oldest == 3 * KEPT - 2
    assert len(backlog._seen[HERE].ends) <= KEPT


def test_a_partition_that_went_to_another_worker_is_forgotten() -> None:
    backlog = Backlog()
    backlog.look(0.0, {HERE: 9}, {HERE: 5}, {})
    assert backlog.look(50.0, {THERE: 3}, {THERE: 3}, {}).oldest == 0.0


@pytest.mark.parametrize("text", ["Rss: 9 kB\nPss:    2048 kB\n", "Pss: 2048 kB"])
def test_memory_is_the_kernels_proportional_share(text: str) -> None:
    assert pss(text) == 2 << 20
    assert pss("nothing here") == 0
