"""Every step of a request from one service, hop or product call to the next is a span under the one before it."""

import asyncio
from contextlib import closing

import httpx
import pytest

from infra.demo.errand import Errand, Handler, run
from infra.demo.residents import person_of
from tests.conftest import Running
from tests.support.otlp import Span
from tests.support.wire import Operator, eventually

pytestmark = pytest.mark.stack
WHO = person_of("alder-falls", 431)

PRODUCTS = ("civicengage", "civicrec", "seeclickfix")
"""What the owner uses."""

BETWEEN_SERVICES = (
    "intake RequestReceived -> verifier ChallengeIssued",
    "intake RequestReceived -> notifier LettersOrdered",
    "verifier ChallengeIssued -> notifier LettersOrdered",
    "verifier IdentityVerified -> router RequestRouted",
    "router RequestRouted -> notifier LettersOrdered",
    "router OwnerInstructed -> executor ExecutionPlanned",
    "router OwnerInstructed -> notifier LettersOrdered",
    "executor OrderCompleted -> router OrderRecorded",
    "executor OrderCompleted -> router RequestClosed",
    "router RequestClosed -> notifier LettersOrdered",
)
AT_THE_DOORS = (
    "intake POST /v1/requests -> intake RequestReceived",
    "verifier POST /verify/{request_id}/{token} -> verifier IdentityVerified",
    "router POST /portal/api/requests/{request_id}/instruction -> router OwnerInstructed",
)
OF_EFFECTS = (
    "executor ExecutionPlanned -> executor CallProduct",
    "executor CallProduct -> executor TaskSettled",
    "executor TaskSettled -> executor MakePackage",
    "executor MakePackage -> executor OrderCompleted",
    "executor OrderCompleted -> executor Wake",
    "executor Wake -> executor OrderBegun",
    "executor OrderBegun -> executor CallProduct",
    "executor CallProduct -> executor OrderCompleted",
    "notifier LettersOrdered -> notifier SendLetter",
    "notifier SendLetter -> notifier LetterSent",
)
AT_PRODUCTS = tuple(
    f"executor CallProduct -> executor {product} {action}"
    for product in PRODUCTS
    for action in ("find", "access", "erase")
)
EXPECTED = frozenset((*AT_THE_DOORS, *BETWEEN_SERVICES, *OF_EFFECTS, *AT_PRODUCTS))
"""Parent -> child of a standard request: access, then delete, at three products, all letters. Each once at least."""


@pytest.fixture(scope="module")
def request_id(running: Running) -> str:
    """A standard request that went the whole way."""
    errand = Errand(WHO, ("access", "delete"), "api")

    async def walk() -> None:
        handler = Handler(running.world, WHO.owner)
        async with httpx.AsyncClient(timeout=20) as http, handler.http:
            await handler.sign_in()
            await run(errand, running.world, handler, http)

    asyncio.run(walk())
    assert errand.trouble == ""
    return errand.request_id


def test_every_edge_is_there_and_no_other(running: Running, request_id: str) -> None:
    def complete() -> set[str] | None:
        found = edges(running.traces.spans, request_id)
        return found if found >= EXPECTED else None

    try:
        found = eventually(complete, "every edge", within=30)
    except AssertionError:
        found = edges(running.traces.spans, request_id)
    assert sorted(EXPECTED - found) == []
    assert sorted(found - EXPECTED) == []


def test_the_console_was_sent_the_same_and_shows_three_linked_traces(running: Running, request_id: str) -> None:
    operator = Operator(running.world)

    def shown() -> list[dict[str, object]] | None:
        traces: list[dict[str, object]] = operator.get(f"requests/{request_id}/traces")["traces"]
        spans = [span for trace in traces for span in trace["spans"]]  # type: ignore[attr-defined]
        named = {span["number"]: _named(span["service"], span["name"]) for span in spans}
        found = {f"{named[span['parent']]} -> {named[span['number']]}" for span in spans if span["parent"]}
        return traces if found >= EXPECTED else None

    with closing(operator):
        traces = eventually(shown, "every edge in the console", within=30)
    assert [trace["continues"] for trace in traces] == [[], [1], [2]]


def test_no_span_tells_a_path(running: Running, request_id: str) -> None:
    """A path may hold the secret of a letter."""
    assert not [raw for raw in running.traces.raw if f"/verify/{request_id}/".encode() in raw]


def edges(spans: list[Span], request_id: str) -> set[str]:
    """Parent -> child within the request's traces."""
    traces = {span.trace for span in spans if span.attributes.get("habeas.request") == request_id}
    known = {(span.trace, span.span): span for span in spans if span.trace in traces}
    pairs = ((known.get((span.trace, span.parent)), span) for span in known.values())
    return {f"{_told(parent)} -> {_told(span)}" for parent, span in pairs if parent}


def _told(span: Span) -> str:
    return _named(span.service, span.name)


def _named(service: str, name: str) -> str:
    own = service.removeprefix("habeas-")
    return name if name.startswith(f"{own} ") else f"{own} {name}"
