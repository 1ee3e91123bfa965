"""One trace from the submission to where a person must act, the next one linked to it; nobody's data in any of it."""

from pathlib import Path

import pytest

from infra.demo.errand import Errand
from infra.demo.residents import person_of
from schemas.topics import TOPICS, submissions
from tests.conftest import Running
from tests.support.otlp import Span
from tests.support.wire import eventually, records, walk

pytestmark = pytest.mark.stack
WHO = person_of("alder-falls", 561)


@pytest.fixture(scope="module")
def errand(running: Running) -> Errand:
    """A request that went the whole way."""
    done = Errand(WHO, ("access", "delete"), "api")
    walk(running.world, done)
    return done


def test_three_traces_one_for_each_act_of_a_person_each_linked_to_the_one_before(
    running: Running, errand: Errand
) -> None:
    def complete() -> list[Span] | None:
        spans = running.traces.of_request(errand.request_id)
        return spans if any(span.name == "router RequestClosed" for span in spans) else None

    spans = eventually(complete, "the spans of the whole request")
    trace_of = {span.name: span.trace for span in spans}
    asked, proved, decided = (
        trace_of["intake RequestReceived"],
        trace_of["verifier IdentityVerified"],
        trace_of["router OwnerInstructed"],
    )
    assert len({asked, proved, decided}) == 3
    assert trace_of["verifier ChallengeIssued"] == asked
    assert trace_of["router RequestRouted"] == proved
    assert trace_of["executor ExecutionPlanned"] == trace_of["router RequestClosed"] == decided
    links = {span.name: span.links for span in spans}
    assert links["verifier IdentityVerified"] == (asked,)
    assert links["router OwnerInstructed"] == (proved,)


def test_every_span_but_a_root_has_its_parent_in_the_same_trace(running: Running, errand: Errand) -> None:
    def orphans() -> list[str]:
        known = {(span.trace, span.span) for span in running.traces.spans}
        spans = running.traces.of_request(errand.request_id)
        return [span.name for span in spans if span.parent and (span.trace, span.parent) not in known]

    eventually(lambda: not orphans(), "every span's parent", within=30)  # an effect's span is sent after its event's


def test_no_span_log_or_topic_holds_who_asked(running: Running, errand: Errand) -> None:
    planted = [WHO.email.encode(), WHO.name.encode(), WHO.phone.encode()]
    topics = [topic.name for topic in TOPICS] + [submissions("cedar-portal")]
    places = {f"topic {record.topic}": record.value or b"" for record in records(running.kafka, *topics)}
    places |= {f"trace {number}": raw for number, raw in enumerate(running.traces.raw)}
    places |= {str(path): path.read_bytes() for path in _files(running.home)}
    found = [place for place, content in places.items() for mark in planted if mark in content]
    assert found == []
    assert errand.request_id


def _files(home: Path) -> list[Path]:
    """Logs and read models; the products and the mailbox are the outside world, where people have names."""
    return [path for folder in ("log", "sql") for path in (home / folder).rglob("*") if path.is_file()]
