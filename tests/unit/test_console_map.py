"""The map tells the truth about what was heard, and turns red only when somebody must act."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from schemas.topics import BY_NAME, SERVICES, events
from services.console.layout import SHEETS, bent
from services.console.map import DOORS, PIPES, drawn, rate
from services.console.trouble import Trouble, of_requests, of_services
from services.console.vitals import Process, Vitals, numbers, vitals
from tests.support.metrics_text import said, well

Heard = Callable[[str, str], Vitals]


def heard(text: str, *, service: str = "router", more: tuple[Process, ...] = ()) -> Vitals:
    process = Process(service, "http://router")
    process.asked(0.0)
    process.told(0.1, numbers(text))
    return vitals(service, (process, *more), 1.0)


def all_well(**other: Vitals) -> dict[str, Vitals]:
    return {name: other.get(name) or heard(well(name), service=name) for name in SERVICES}


def troubles(seen: dict[str, Vitals], **short: float) -> list[Trouble]:
    return list(of_services(seen, 6, short))


def test_rates_are_of_the_last_ten_seconds() -> None:
    process = Process("router", "http://router")
    for second in range(30):
        process.told(float(second), numbers(well("router", events=4.0 * second if second > 15 else 0.0)))
    found = vitals("router", [process], 29.0)
    assert found.events == pytest.approx(4.0, abs=0.5)
    assert found.moves("habeas_events_total")


def test_a_process_that_was_restarted_is_not_told_of_in_negative_rates() -> None:
    process = Process("router", "http://router")
    process.told(0.0, numbers(well("router", events=900)))
    process.told(1.0, numbers(well("router", events=2)))
    assert vitals("router", [process], 1.0).events == 0
    process.told(2.0, numbers(well("router", events=5)))
    assert vitals("router", [process], 2.0).events == 3


def test_replicas_are_one_service() -> None:
    late = ("habeas_deadlines", 4, {"clock": "law", "left": "late"})

    def process(lag: int, partitions: int) -> str:
        topic = {"topic": "dsr.router.inbox"}
        return said("router", ("habeas_lag_records", lag, topic), ("habeas_partitions_held", partitions), late)

    other = Process("router", "http://router-1")
    other.told(0.5, numbers(process(3, 2)))
    found = heard(process(2, 4), more=(other,))
    assert (found.lag, found.partitions, found.processes) == ({"dsr.router.inbox": 5}, 6, 2)
    assert found.deadlines == {("law", "late"): 4}


def test_a_paused_process_is_silent_within_three_seconds_a_refusing_one_at_once() -> None:
    paused = Process("router", "http://router")
    paused.told(0.0, numbers(well("router")))
    paused.asked(1.0)
    paused.failed(refused=False)
    assert not paused.silent_for(1.8)
    assert paused.silent_for(2.8) == pytest.approx(1.8)
    ended = Process("router", "http://router")
    ended.asked(1.0)
    ended.failed(refused=True)
    assert ended.silent_for(1.01)
    ended.told(2.0, numbers(well("router")))
    assert not ended.silent_for(9.0)


def test_nothing_is_red_while_all_is_well() -> None:
    seen = all_well()
    assert troubles(seen) == []
    kinds = {station.kind for station in drawn(seen, {}, [], 6).stations.values()}
    assert kinds == {"done"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"oldest_unhandled_seconds": 31.0}, "has not read on for 31 s"),
        ({"oldest_effect_seconds": 301.0}, "has owed an effect for 5 min"),
    ],
)
def test_what_stands_still_needs_somebody(changed: dict[str, float], words: str) -> None:
    seen = all_well(router=heard(well("router", **changed)))
    (trouble,) = troubles(seen)
    assert words in trouble.what
    assert trouble.act[0].isupper()
    assert drawn(seen, {}, [trouble], 6).stations["router"].kind == "failed"


def test_partitions_that_nobody_holds_need_somebody_only_if_it_lasts() -> None:
    seen = all_well(router=heard(well("router", partitions_held=4.0)))
    assert troubles(seen, router=8.0) == []
    assert drawn(seen, {}, [], 6).stations["router"].word == "takes up 2 of 6 parts"
    assert "2 partitions of 6" in troubles(seen, router=31.0)[0].what


def test_a_restart_is_said_but_is_nobodys_business_yet() -> None:
    process = Process("router", "http://router")
    process.asked(0.0)
    process.failed(refused=True)
    for now, count, kind in ((4.0, 0, "waiting"), (20.0, 1, "failed")):
        seen = all_well(router=vitals("router", [process], now))
        found = troubles(seen)
        station = drawn(seen, {}, found, 6).stations["router"]
        assert (len(found), station.kind, station.word) == (count, kind, "does not answer")


def test_requests_in_trouble_say_what_and_where_to_look() -> None:
    found = list(of_requests({("law", "late"): 2, ("law", "0 to 2"): 9}, must_act=1, parked=3))
    assert [trouble.what for trouble in found] == [
        "2 requests past the law’s date",
        "1 request has a letter that cannot be delivered",
        "3 records were parked since yesterday",
    ]
    assert [trouble.link for trouble in found][1:] == ["/console?trouble=true", "/console/parked"]
    assert list(of_requests({("law", "0 to 2"): 9}, 0, 0)) == []


@pytest.mark.parametrize(
    ("per_second", "words"),
    [(0, ""), (0.001, "1/min"), (0.3, "18/min"), (0.996, "1.0/s"), (1.25, "1.2/s"), (41, "41/s")],
)
def test_rates_are_told_in_the_unit_that_fits(per_second: float, words: str) -> None:
    assert rate(per_second) == words


def test_the_map_has_every_log_and_every_reader_of_the_contract() -> None:
    for writer in SERVICES:
        readers = set(BY_NAME[events(writer)].readers) & set(SERVICES) - {writer}
        assert {reader for begin, reader in PIPES if begin == writer} == readers
    for sheet in SHEETS:
        assert set(sheet.runs) == set(PIPES)
        assert set(sheet.spots) == set(SERVICES) == set(DOORS)


def test_no_station_stands_on_another_or_off_the_sheet() -> None:
    for sheet in SHEETS:
        width, height = sheet.station
        corners = [(spot.x, spot.y) for spot in sheet.spots.values()]
        assert all(x + width <= sheet.width and y + height <= sheet.height for x, y in corners)
        assert all(abs(a[0] - b[0]) >= width or abs(a[1] - b[1]) >= height for a, b in pairwise(corners))


def test_a_line_is_bent_through_its_corners() -> None:
    assert bent((0, 0), (0, 40), (90, 40)) == "M0 0L0.0 28.0Q0 40 12.0 40.0L90 40"
