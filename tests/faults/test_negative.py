"""The negative control: each check of the audit is shown evidence that was tampered with, and must not stay silent."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from infra.demo.errand import Errand
from infra.demo.residents import person_of
from infra.demo.seeding import open_product
from infra.demo.suites import SUITES
from schemas import topics
from schemas.executor import ExecutionPlanned, OrderBegun, OrderCompleted, TaskSettled
from schemas.intake import RequestReceived
from schemas.notifier import LetterSent, LettersOrdered
from schemas.router import OwnerInstructed, RequestClosed
from schemas.vocabulary import Outcome
from services.runtime.chain import Accepted, Record, decode
from tests.support import audit, audit_world
from tests.support.evidence import Evidence, Row, effects_under, told_by
from tests.support.facts import NOON
from tests.support.pipeline import Pipeline

ROUTER, EXECUTOR, VERIFIER = map(topics.events, ("router", "executor", "verifier"))


@pytest.fixture(scope="module")
def honest() -> Evidence:
    """What a request for access and deletion leaves behind when nothing goes wrong."""
    broker = Pipeline(cases=("compound",)).play(()).broker
    logs = {
        topics.events(service): [
            Accepted(Record(topics.events(service), 0, offset, None, None, NOON), envelope, decode(envelope))
            for offset, envelope in broker.accepted(topics.events(service))
        ]
        for service in topics.SERVICES
    }
    inboxes = {
        name: [told for offset, raw in enumerate(raws) for told in told_by(Record(name, 0, offset, None, raw, NOON))]
        for name, raws in broker.records.items()
        if name not in logs
    }
    evidence = Evidence(logs, inboxes, {name: len(broker.records[name]) for name in logs})
    return replace(evidence, effects=_books(evidence), letters=_mail(evidence))


def test_honest_evidence_leaves_nothing_to_say(honest: Evidence) -> None:
    requests = _requests(honest)
    assert audit.unfinished(honest, requests) == []
    assert audit_world.letters_missing(honest, requests) == []
    assert audit.anything_wrong(honest) == []
    assert honest.void == {}


def test_a_request_without_an_end_is_seen(honest: Evidence) -> None:
    assert audit.unfinished(_without(honest, ROUTER, RequestClosed), _requests(honest))


def test_a_request_that_was_never_received_is_seen(honest: Evidence) -> None:
    assert audit.unfinished(honest, [*_requests(honest), "accepted at a door, and lost"])


def test_a_dishonest_end_is_seen(honest: Evidence) -> None:
    *before, last = honest.log("router")
    assert isinstance(last.body, RequestClosed)
    failed = last.body.results[0].model_copy(update={"tasks": (), "closed_as": Outcome.FAILED})
    body = last.body.model_copy(update={"results": (failed, *last.body.results[1:])})
    tampered = _with(honest, ROUTER, [*before, replace(last, body=body)])
    assert audit.unfinished(tampered, _requests(honest))


def test_a_duplicated_answer_is_seen(honest: Evidence) -> None:
    log = list(honest.log("verifier"))
    again = replace(log[-1], record=replace(log[-1].record, offset=len(log)))
    assert audit.answered_twice(_with(honest, VERIFIER, [*log, again]))


def test_an_answer_under_an_id_of_its_own_is_seen(honest: Evidence) -> None:
    *before, last = honest.log("verifier")
    other = replace(last, envelope=replace(last.envelope, id="of-my-own"))
    assert audit.answered_twice(_with(honest, VERIFIER, [*before, other]))


def test_a_record_taken_out_of_the_chain_is_seen(honest: Evidence) -> None:
    first, _, *rest = honest.log("executor")
    assert audit.broken_chains(_with(honest, EXECUTOR, [first, *rest]))


def test_a_position_that_runs_backwards_is_seen(honest: Evidence) -> None:
    *before, last = honest.log("executor")
    back = replace(last, envelope=replace(last.envelope, position=before[0].envelope.position))
    assert audit.broken_chains(_with(honest, EXECUTOR, [*before, back]))


def test_a_cause_that_nobody_read_is_seen(honest: Evidence) -> None:
    assert audit.left_unread(_with(honest, VERIFIER, [*honest.log("verifier"), _at(honest, 999)]))
    assert audit.left_unread(_with(honest, EXECUTOR, [])), "a log that is lost has read nothing"


@pytest.mark.requirement("R11")
def test_a_missing_approval_is_seen(honest: Evidence) -> None:
    assert audit.without_approval(_without(honest, ROUTER, OwnerInstructed))


@pytest.mark.requirement("R11")
def test_an_approval_of_another_request_or_of_the_other_order_does_not_count(honest: Evidence) -> None:
    log = list(honest.log("router"))
    at, approval = next((n, one) for n, one in enumerate(log) if isinstance(one.body, OwnerInstructed))
    elsewhere = replace(approval, envelope=replace(approval.envelope, subject="another request"))
    assert audit.without_approval(_with(honest, ROUTER, [*log[:at], elsewhere, *log[at + 1 :]]))
    assert isinstance(approval.body, OwnerInstructed)
    first, second = approval.body.instruction.decisions
    only_one = approval.body.instruction.model_copy(
        update={"decisions": (first, second.model_copy(update={"approved": False}))}
    )
    partly = replace(approval, body=approval.body.model_copy(update={"instruction": only_one}))
    assert audit.without_approval(_with(honest, ROUTER, [*log[:at], partly, *log[at + 1 :]]))


@pytest.mark.requirement("R08")
def test_a_delete_that_began_before_its_access_was_complete_is_seen(honest: Evidence) -> None:
    log = list(honest.log("executor"))
    begun = next(one for one in log if isinstance(one.body, OrderBegun))
    planned = next(one for one in log if isinstance(one.body, ExecutionPlanned))
    rest = [one for one in log if one not in (begun, planned)]
    assert audit.begun_too_early(_with(honest, EXECUTOR, [planned, begun, *rest]))


def test_a_task_performed_twice_is_seen(honest: Evidence) -> None:
    product, rows = next((product, rows) for product, rows in honest.effects.items() if rows)
    assert audit_world.tasks_not_done_once(replace(honest, effects={**honest.effects, product: [*rows, rows[0]]}))


def test_a_task_that_nobody_planned_or_nobody_performed_is_seen(honest: Evidence) -> None:
    product, rows = next((product, rows) for product, rows in honest.effects.items() if rows)
    stray: Row = {**rows[0], "task_id": "of-my-own"}
    assert audit_world.tasks_not_done_once(replace(honest, effects={**honest.effects, product: [*rows, stray]}))
    assert audit_world.tasks_not_done_once(replace(honest, effects={**honest.effects, product: rows[1:]}))


def test_a_product_that_did_another_thing_than_the_log_tells_is_seen(honest: Evidence) -> None:
    product, rows = next((product, rows) for product, rows in honest.effects.items() if rows)
    less: Row = {**rows[0], "reply": {"data_sets": [{"name": "registrations", "count": 0}]}}
    assert audit_world.tasks_not_done_once(replace(honest, effects={**honest.effects, product: [less, *rows[1:]]}))


def test_a_letter_missing_unknown_or_sent_to_somebody_else_is_seen(honest: Evidence) -> None:
    first, *rest = honest.letters
    assert audit_world.letters_missing(replace(honest, letters=rest), _requests(honest))
    assert audit_world.letters_missing(_without(honest, topics.events("notifier"), LettersOrdered), _requests(honest))
    assert audit_world.letters_astray(_without(honest, topics.events("notifier"), LetterSent))
    assert audit_world.letters_astray(replace(honest, letters=[first, *rest, {**first, "to": "other@example.org"}]))
    assert not audit_world.letters_astray(replace(honest, letters=[first, first, *rest])), "a repeat is no harm"


def test_people_who_are_still_there_and_numbers_that_were_not_corrected_are_seen(tmp_path: Path) -> None:
    for suite in SUITES:
        open_product(suite, tmp_path).close()
    person = person_of("alder-falls", 0)
    errand = Errand(person, ("delete", "correct"), "api")
    found = audit_world.not_done_to_people(tmp_path, [errand])
    assert {suite for suite in person.suites if any(line.startswith(f"{suite} still has ") for line in found)} == set(
        person.suites
    )
    assert any("old telephone number" in line for line in found)


def test_a_total_that_was_counted_twice_is_seen(tmp_path: Path) -> None:
    for suite in SUITES:
        open_product(suite, tmp_path).close()
    assert audit_world.counted_wrong(tmp_path, Evidence(effects=effects_under(tmp_path))) == []
    with closing(sqlite3.connect(tmp_path / "products" / "civicengage.db")) as connection, connection:
        connection.execute("INSERT INTO visit_totals (owner, path, total) VALUES ('alder-falls', '/', 3)")
    assert audit_world.counted_wrong(tmp_path, Evidence(effects=effects_under(tmp_path)))


def _requests(evidence: Evidence) -> list[str]:
    return [one.envelope.subject for one in evidence.events("intake") if isinstance(one.body, RequestReceived)]


def _with(evidence: Evidence, log: str, records: list[Accepted]) -> Evidence:
    return replace(evidence, logs={**evidence.logs, log: records})


def _without(evidence: Evidence, log: str, kind: type[object]) -> Evidence:
    return _with(evidence, log, [one for one in evidence.logs[log] if not isinstance(one.body, kind)])


def _at(evidence: Evidence, offset: int) -> Accepted:
    """An event that the router consumes, further on than it has read."""
    verified = next(one for one in evidence.events("verifier") if "identity-verified" in one.envelope.type)
    return replace(verified, record=replace(verified.record, offset=offset))


def _books(evidence: Evidence) -> dict[str, list[Row]]:
    """The products' books as they must be, made from what the log tells of them."""
    rights = {
        task.id: order.right
        for one in evidence.events("executor")
        if isinstance(one.body, ExecutionPlanned)
        for order in one.body.orders
        for task in order.tasks
    }
    books: dict[str, list[Row]] = {suite.slug: [] for suite in SUITES}
    results = {}
    for one in evidence.events("executor"):
        if isinstance(one.body, TaskSettled):
            results[one.body.result.id] = one.body.result
        elif isinstance(one.body, OrderCompleted):
            results |= {result.id: result for result in one.body.result.tasks}
    for result in results.values():
        lines = [{"name": leaf.data_set, "count": leaf.found} for leaf in result.leaves]
        action = audit_world.ACTIONS[rights[result.id]]
        books[result.product].append(
            {"task_id": result.id, "action": action, "times_asked": 1, "reply": {"data_sets": lines}}
        )
    return books


def _mail(evidence: Evidence) -> list[Row]:
    ordered = [one.body for one in evidence.events("notifier") if isinstance(one.body, LettersOrdered)]
    return [
        {"to": f"{letter.audience}@example.org", "message_id": f"<{letter.id}@habeas.example>"}
        for body in ordered
        for letter in body.letters
    ]
