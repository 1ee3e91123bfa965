"""Every step of a request from one service, hop or product call to the next is a span under the one before it."""

import pytest

from infra.demo.residents import person_of
from tests.conftest import Running
from tests.support.edges import EXPECTED, edges, told
from tests.support.walk import standard_request
from tests.support.wire import Operator, eventually

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def request_id(running: Running) -> str:
    """A standard request that went the whole way."""
    return standard_request(running.world, person_of("alder-falls", 590))


def test_every_edge_is_there_and_no_other(running: Running, request_id: str) -> None:
    def found() -> set[str]:
        return edges(running.traces.spans, request_id)

    try:
        eventually(lambda: found() >= EXPECTED, "every edge", within=30)
    except AssertionError:
        assert sorted(EXPECTED - found()) == []
    assert sorted(found() - EXPECTED) == []


def test_the_console_was_sent_the_same_and_shows_three_linked_traces(operator: Operator, request_id: str) -> None:

    def shown() -> list[dict[str, object]] | None:
        traces: list[dict[str, object]] = operator.get(f"requests/{request_id}/traces")["traces"]
        spans = [span for trace in traces for span in trace["spans"]]  # type: ignore[attr-defined]
        named = {span["number"]: told(span["service"], span["name"]) for span in spans}
        found = {f"{named[span['parent']]} -> {named[span['number']]}" for span in spans if span["parent"]}
        return traces if found >= EXPECTED else None

    traces = eventually(shown, "every edge in the console", within=30)
    assert [trace["continues"] for trace in traces] == [[], [1], [2]]


def test_no_span_tells_a_path(running: Running, request_id: str) -> None:
    """A path may hold the secret of a letter."""
    assert not [raw for raw in running.traces.raw if f"/verify/{request_id}/".encode() in raw]
