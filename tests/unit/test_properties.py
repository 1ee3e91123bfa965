"""Whatever happens to the workers, what people and owners get is the same: five laws under random schedules."""

from collections import Counter
from functools import lru_cache
from random import Random
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.envelope import Envelope, Malformed, Read, parse
from schemas.executor import OrderBegun, OrderCompleted, TaskSettled
from schemas.router import OwnerInstructed
from schemas.vocabulary import IRREVERSIBLE, Right
from services.runtime.aggregate import encode
from services.runtime.answer import passed, take
from services.runtime.chain import Record, decode
from services.runtime.fold import fold_all
from tests.support.facts import NOON
from tests.support.pipeline import SERVICES, Kind, Move, Pipeline
from tests.support.station import Broker, Disk, Station
from tests.support.townsfolk import CASES

KINDS = get_args(Kind)

some_cases = st.sets(st.sampled_from(sorted(CASES)), min_size=1, max_size=3).map(lambda names: tuple(sorted(names)))
moves = st.tuples(st.sampled_from([*KINDS, "run", "run", "run"]), st.integers(0, 9999))
schedules = st.lists(moves, max_size=50)

quick = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@lru_cache
def undisturbed(cases: tuple[str, ...]) -> Pipeline:
    """The same cases on a day when nothing goes wrong."""
    return Pipeline(cases).play([])


# -- the laws ---------------------------------------------------------------------------------------------------------


@settings(quick, max_examples=60)
@given(some_cases, schedules)
def test_every_request_ends_closed_as_if_nothing_had_happened(cases: tuple[str, ...], schedule: list[Move]) -> None:
    played = Pipeline(cases).play(schedule)
    assert all(len(closings) == 1 for closings in played.results().values())
    assert played.results() == undisturbed(cases).results()
    assert played.event_ids() == undisturbed(cases).event_ids()
    for service in SERVICES:
        events = played.events(service.name)
        assert max(Counter(event.id for event in events).values(), default=1) == 1
        assert max(Counter(event.causationid for event in events).values(), default=1) == 1, "a cause answered twice"


@settings(quick, max_examples=40)
@given(some_cases, schedules)
def test_every_log_replays_to_the_same_bytes_and_every_reader_sees_the_same_chain(
    cases: tuple[str, ...], schedule: list[Move]
) -> None:
    played = Pipeline(cases).play(schedule)
    for station in played.stations:
        folded = fold_all(station.service, enumerate(played.broker.records.get(station.log, ())))
        replayed = {name: encode(station.service, aggregate) for name, aggregate in folded.changed.items()}
        assert replayed == station.disk.states
        assert (folded.mark.head, folded.mark.position) == (station.disk.mark.head, station.disk.mark.position)
        assert folded.void == void_in(played, station.log)
        assert offsets_taken(played, station.log) == [offset for offset, _ in played.broker.accepted(station.log)]


@pytest.mark.requirement("R08")
@pytest.mark.requirement("R11")
@settings(quick, max_examples=40)
@given(some_cases, schedules)
def test_nothing_is_carried_out_that_the_owner_did_not_approve_nor_before_its_turn(
    cases: tuple[str, ...], schedule: list[Move]
) -> None:
    played = Pipeline(cases).play(schedule)
    known = everything(played)
    begun: dict[str, int] = {}
    completed: set[str] = set()
    after = {order.id: order.after for name in cases for order in CASES[name].request.orders}
    for offset, event in played.broker.accepted(topics.events("executor")):
        if event.is_read_line:
            continue
        approved = approvals(event, known)
        assert approved, "an execution without an approval of the same request among its causes"
        body = decode(event)
        match body:
            case OrderBegun(order_id=order_id):
                assert order_id in approved
                assert after[order_id] not in approved or after[order_id] in completed
                begun[order_id] = offset
            case TaskSettled(order_id=order_id):
                assert order_id in approved
            case OrderCompleted(result=result):
                assert result.order_id in approved
                completed.add(result.order_id)
            case _:
                pass
    for call, at in played.world.called:
        (order,) = (order for order in call.request.orders if order.right is call.right)
        assert call.right not in IRREVERSIBLE or begun[order.id] < at, "a product was told before the order had begun"


def everything(played: Pipeline) -> dict[str, Envelope]:
    """Every accepted event, and whatever reached an inbox, by id."""
    inboxes = [
        parse(raw)
        for service in SERVICES
        for raw in played.broker.records.get(topics.inbox(service.name), ())
        if b"\x00" not in raw
    ]
    return {each.id: each for each in [*inboxes, *(one for service in SERVICES for one in played.events(service.name))]}


def approvals(event: Envelope, known: dict[str, Envelope]) -> set[str]:
    """The orders that an instruction among the causes of ``event``, about the same request, approved."""
    cause = known.get(event.causationid)
    while cause is not None:
        if cause.type == OwnerInstructed.TYPE and cause.subject == event.subject:
            word = OwnerInstructed.model_validate(cause.data)
            return {decision.order_id for decision in word.instruction.decisions if decision.approved}
        cause = known.get(cause.causationid)
    return set()


def void_in(played: Pipeline, log: str) -> int:
    return len(played.broker.records.get(log, ())) - len(played.broker.accepted(log))


def offsets_taken(played: Pipeline, log: str) -> list[int]:
    """The records another service takes from the log, however it came by its position."""
    read, found = Read(), []
    for offset, raw in enumerate(played.broker.records.get(log, ())):
        record = Record(log, 0, offset, None, raw, NOON)
        try:
            taken = take(record, read, frozenset())
        except Malformed:
            read = passed(record, read)
            continue
        read = taken.read
        if taken.envelope is not None:
            found.append(offset)
    return found


def test_whoever_says_everything_twice_is_answered_once() -> None:
    """A button pressed twice, a client that never heard: the same id at two offsets, at once and long after."""
    cases = tuple(CASES)
    played = Pipeline(cases, Broker(echo=True)).play([])
    assert played.event_ids() == undisturbed(cases).event_ids()
    for service in SERVICES:
        for raw in list(played.broker.records[topics.inbox(service.name)]):
            played.broker.append(topics.inbox(service.name), raw)
    played.play([])
    assert played.event_ids() == undisturbed(cases).event_ids()
    assert played.results() == undisturbed(cases).results()


# -- the stale worker, step by step -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stale_first", [True, False])
def test_of_two_workers_that_answer_one_cause_the_first_to_land_counts_and_the_other_is_fenced(
    stale_first: bool,
) -> None:
    played = Pipeline(("opt-out",))
    intake, inbox = SERVICES[0], topics.inbox("intake")
    stale, new = played.stations[0], Station(intake, played.broker, Disk(intake))
    for worker in (stale, new):
        worker.answer(inbox)
    first, second = (stale, new) if stale_first else (new, stale)
    first.land()
    second.land()
    assert (first.fenced, second.fenced) == (False, True)
    assert [offset for offset, _ in played.broker.accepted(first.log)] == [0]
    assert offsets_taken(played, first.log) == [0]
    folded = fold_all(intake, enumerate(played.broker.records[first.log]))
    assert (folded.void, folded.mark.offset, folded.mark.head) == (1, 1, first.disk.mark.head)


def two_verifiers() -> tuple[Pipeline, Station, Station]:
    """Two requests in intake's log, and two workers that both believe that the verifier's log is theirs."""
    played = Pipeline(("compound", "ignored"))
    for _ in range(2):
        played.stations[0].answer(topics.inbox("intake"))
        played.stations[0].land()
    return played, played.stations[1], Station(SERVICES[1], played.broker, Disk(SERVICES[1]))


def test_what_a_stale_worker_goes_on_to_write_is_void_for_every_reader() -> None:
    played, stale, new = two_verifiers()
    source, log = topics.events("intake"), stale.log
    played.broker.append(topics.inbox("verifier"), b"something only the new worker has read")
    new.answer(topics.inbox("verifier"))
    for worker, records in ((new, 1), (stale, 2)):
        for _ in range(records):
            worker.answer(source)
        for _ in range(records):
            worker.land()
    assert stale.fenced
    assert offsets_taken(played, log) == [offset for offset, _ in played.broker.accepted(log)] == [0]
    assert fold_all(stale.service, enumerate(played.broker.records[log])).void == 2

    new.answer(source)
    new.land()
    assert new.fenced, "it cannot know whose the records between are, and comes back through recovery"
    assert offsets_taken(played, log) == [0, 3], "but it wrote on the chain, and that counts"
    back = Station(new.service, played.broker, new.disk)
    assert (back.unread(), len(back.disk.states)) == ([], 2)


def test_two_workers_that_say_the_very_same_are_one() -> None:
    """Records are made of causes alone. The same record twice is once void; what follows on it follows on either."""
    played, stale, new = two_verifiers()
    source = topics.events("intake")
    new.answer(source)
    new.land()
    stale.answer(source)
    stale.answer(source)
    stale.land()
    stale.land()
    assert stale.fenced
    assert offsets_taken(played, stale.log) == [0, 2]
    causes = [event.causationid for event in played.events("verifier")]
    assert causes == [event.id for event in played.events("intake")]


def test_silence_survives_the_loss_of_a_worker_and_its_disk() -> None:
    played = Pipeline(("ignored",)).play([])
    before = [station.part.position for station in played.stations]
    again = [Station(service, played.broker, Disk(service)) for service in SERVICES]
    for old, new in zip(before, again, strict=True):
        causes = {topic: read for topic, read in old.items() if topic == topics.inbox(new.service.name)}
        assert {topic: new.part.read(topic) for topic in causes} == causes


def test_the_schedules_do_what_they_threaten() -> None:
    """Else the laws above would hold for want of a storm."""
    storms: Counter[str] = Counter(fenced=0, void=0, done_twice=0, told_twice=0)
    for seed in range(12):
        chance = Random(seed)
        storm: list[Move] = [(chance.choice([*KINDS, "run", "run", "run"]), chance.randrange(9999)) for _ in range(60)]
        played = Pipeline(("compound",)).play(storm)
        told = [raw for service in SERVICES for raw in played.broker.records.get(topics.inbox(service.name), ())]
        storms["fenced"] += played.fenced
        storms["void"] += sum(void_in(played, topics.events(service.name)) for service in SERVICES)
        storms["done_twice"] += len(played.world.called) - len({call.id for call, _ in played.world.called})
        storms["told_twice"] += len(told) - len(set(told))
    assert min(storms.values()) > 0, storms


def test_the_cases_are_as_different_as_they_look() -> None:
    ends = {
        name: [(result.right, result.outcomes[0].value) for result in closings[0]]
        for name in CASES
        for closings in undisturbed((name,)).results().values()
    }
    assert ends == {
        "compound": [(Right.ACCESS, "delivered"), (Right.DELETE, "erased")],
        "opt-out": [(Right.OPT_OUT, "opted_out")],
        "ignored": [(Right.DELETE, "expired")],
        "partly": [(Right.ACCESS, "refused"), (Right.CORRECT, "corrected")],
        "by post": [(Right.DELETE, "erased")],
        "refused": [(Right.KNOW, "refused")],
        "unproved": [(Right.LIMIT, "opted_out"), (Right.DELETE, "unverified")],
        "unlucky": [(Right.ACCESS, "failed"), (Right.DELETE, "failed")],
    }
