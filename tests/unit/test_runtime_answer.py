"""One cause, one event: what the record of an answer holds, and why the same answer is always the same record."""

from dataclasses import replace
from datetime import UTC, datetime

from schemas.cause import Cause
from schemas.envelope import Draft, Envelope, Read, derived_id, hash_holds, parse
from schemas.intake import RequestReceived
from schemas.verifier import ChallengeIssued, ProofRejected, SubmitProof
from schemas.vocabulary import Right
from services.runtime.aggregate import Aggregate
from services.runtime.answer import answer_to, cause_of, event_record, read_line
from services.runtime.chain import decode, follows
from tests.support.facts import CATALOGUE, CHALLENGE, NOON, WRONG_DIGEST, request
from tests.support.little import VERIFIER

asked = request(Right.ACCESS)
received = RequestReceived(request=asked, digest="content", challenge=CHALLENGE)
HEAD = "e" * 64
POSITION = {"dsr.intake.events": Read(3, "a" * 64), "dsr.verifier.inbox": Read(8)}


def told(body: RequestReceived | SubmitProof, id: str = "cause-1", correlation: str = "") -> Envelope:  # noqa: A002
    draft = Draft(
        id=id, source="intake", type=body.TYPE, time="2026-03-02T12:00:00Z", subject=asked.id, owner="millbrook",
        partitionkey=asked.person, data=body.model_dump_json().encode(),
    )  # fmt: skip
    return parse(replace(draft, correlationid=correlation).encode())


def challenged() -> Aggregate:
    cause = told(received)
    event = answer_to(cause, received, VERIFIER, None, CATALOGUE)
    assert isinstance(event, ChallengeIssued)
    aggregate = event_record(VERIFIER, cause, event, None, HEAD, POSITION).aggregate
    assert aggregate is not None
    return aggregate


def test_a_domain_sees_of_a_record_what_a_decision_may_depend_on() -> None:
    assert cause_of(told(received), received, CATALOGUE) == Cause(
        "cause-1", NOON, asked.id, "millbrook", received, CATALOGUE
    )


def test_the_event_follows_from_its_cause_and_continues_the_chain() -> None:
    cause = told(received, correlation="correlation-1")
    event = ProofRejected(attempts_left=1)
    record = event_record(VERIFIER, cause, event, challenged(), HEAD, POSITION)
    written = follows(record.raw, HEAD)
    assert written is not None
    assert hash_holds(record.raw, record.head)
    assert decode(written) == event
    assert (written.id, written.causationid) == (derived_id("verifier", "cause-1"), "cause-1")
    assert (written.source, written.type, written.time) == ("verifier", ProofRejected.TYPE, cause.time)
    assert (written.subject, written.owner, written.partitionkey) == (asked.id, "millbrook", asked.person)
    assert written.correlationid == "correlation-1"
    assert written.position == f"dsr.intake.events=3@{'a' * 64},dsr.verifier.inbox=8"


def test_a_cause_without_correlation_begins_one() -> None:
    record = event_record(VERIFIER, told(received), ProofRejected(attempts_left=1), challenged(), HEAD, POSITION)
    assert parse(record.raw).correlationid == "cause-1"


def test_the_same_answer_is_the_same_record_byte_for_byte() -> None:
    made = [
        event_record(VERIFIER, told(received), ProofRejected(attempts_left=1), challenged(), HEAD, position)
        for position in (POSITION, dict(reversed(POSITION.items())))
    ]
    assert made[0] == made[1]


def test_the_aggregate_after_it_is_kept_under_the_requests_id_with_the_events_stamp() -> None:
    record = event_record(VERIFIER, told(received), ProofRejected(attempts_left=1), challenged(), HEAD, POSITION)
    assert record.name == asked.id
    assert record.aggregate is not None
    assert record.aggregate.state.case.attempts_left == 1
    assert record.aggregate.stamp.event_id == parse(record.raw).id


def test_silence_is_written_down_with_nothing_but_the_position() -> None:
    record = read_line(VERIFIER, HEAD, POSITION, datetime(2026, 3, 2, 12, tzinfo=UTC))
    written = follows(record.raw, HEAD)
    assert written is not None
    assert written.is_read_line
    assert (written.subject, written.partitionkey, written.data) == ("", "", None)
    assert written.position == f"dsr.intake.events=3@{'a' * 64},dsr.verifier.inbox=8"
    assert (record.head, record.aggregate) == (written.hash, None)


def test_a_command_sent_twice_is_answered_once() -> None:
    """The button was pressed twice, or the client never heard: the second one costs no attempt."""
    wrong = SubmitProof(digest=WRONG_DIGEST)
    press = told(wrong, "press-1")
    before = challenged()
    first = answer_to(press, wrong, VERIFIER, before, CATALOGUE)
    assert first == ProofRejected(attempts_left=2)
    after = event_record(VERIFIER, press, first, before, HEAD, POSITION).aggregate
    assert answer_to(press, wrong, VERIFIER, after, CATALOGUE) is None
    assert answer_to(told(wrong, "press-2"), wrong, VERIFIER, after, CATALOGUE) == ProofRejected(attempts_left=1)
