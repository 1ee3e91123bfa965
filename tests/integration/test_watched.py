"""The running stack as an operator watches it: what stands still, what is parked, how soon what happened is seen."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from infra.demo.errand import World
from infra.demo.residents import person_of
from infra.stack.layout import REPLICAS
from schemas.topics import SERVICES, events, inbox
from services.console.vitals import numbers
from services.runtime.metrics import REGISTRY
from tests.conftest import Running
from tests.support.programs import bearer
from tests.support.wire import Operator, eventually, publish

pytestmark = pytest.mark.stack

SEEN_WITHIN = 3.0
"""Seconds from the log to the page that a slow machine is given. One second is the aim; the median must keep it."""

ASKS = 5
WHO = [person_of("brookhaven", 430 + number) for number in range(ASKS + 2)]


@pytest.fixture
def operator(running: Running) -> Operator:
    """Somebody who looks at the console."""
    return Operator(running.world)


def submit(world: World, number: int) -> str:
    """One more request; its id."""
    who = WHO[number]
    asked = {"owner": who.owner, "rights": ["access"], "name": who.name, "email": who.email}
    answer = httpx.post(
        f"{world.services['intake']}/v1/requests",
        json=asked,
        headers={"Idempotency-Key": f"watched-{number}-{time.time_ns()}", **bearer(world)},
        timeout=20,
    )
    assert answer.status_code in {201, 202}, answer.text
    return str(answer.json()["id"])


def test_a_new_request_is_on_the_page_within_a_second_of_its_being_in_the_log(
    running: Running, operator: Operator
) -> None:
    delays = []
    with operator.told() as told:
        for number in range(ASKS):
            request_id = submit(running.world, number)
            shown = _shown_at(operator, told, f'id="r-{request_id}"')
            logged = datetime.fromisoformat(operator.get(f"requests/{request_id}")["events"][0]["recorded_at"])
            delays.append((shown - logged).total_seconds())
    print(f"log to page: {', '.join(f'{delay:.3f}' for delay in delays)} s")
    assert max(delays) < SEEN_WITHIN
    assert statistics.median(delays) < 1.0


def _shown_at(operator: Operator, told: Iterator[str], mark: str) -> datetime:
    """When the list's fragment first holds the mark, read as the page's script reads it: after each change."""
    began = time.monotonic()
    while time.monotonic() - began < 30:
        if mark in operator.page("/part"):
            return datetime.now(UTC)
        while next(told) != "changed":
            pass
    raise AssertionError("the request never came")


@contextmanager
def paused(running: Running, name: str) -> Iterator[None]:
    running.stack.pause(name)
    try:
        yield
    finally:
        running.stack.resume(name)


def test_a_service_that_stands_still_is_said_to_within_seconds_and_again_when_it_goes_on(
    running: Running, operator: Operator
) -> None:
    eventually(lambda: "Notifier: " in operator.page("/map") and "not answer" not in operator.page("/map"), "all well")
    with paused(running, "notifier"):
        began = time.monotonic()
        eventually(lambda: "does not answer" in operator.page("/map"), "said so", within=6)
        took = time.monotonic() - began
    print(f"paused to said: {took:.2f} s")
    eventually(lambda: "not answer" not in operator.page("/map"), "heard again", within=20)


def test_a_parked_record_is_on_the_map_with_what_to_do(running: Running, operator: Operator) -> None:
    publish(running.kafka, inbox("router"), b"not a CloudEvent at all")
    page = eventually(lambda: _if_in("parked since yesterday", operator.page("/map")), "the parked record on the map")
    assert 'href="/console/parked"' in page


def _if_in(words: str, page: str) -> str | None:
    return page if words in page else None


def test_every_process_tells_what_the_registry_promises_and_nothing_of_a_person(running: Running) -> None:
    submit(running.world, ASKS)
    base = running.stack.port_base
    urls = {**running.world.services, "verifier-1": f"http://127.0.0.1:{base + REPLICAS}"}
    said = {name: httpx.get(f"{url}/metrics", timeout=20).text for name, url in urls.items()}
    everything = "\n".join(said.values())
    missing = [metric.name for metric in REGISTRY if f"\n{metric.name}" not in everything]
    assert missing == []
    for who in WHO:
        assert who.email not in everything
        assert who.name not in everything
    for name in set(SERVICES) - {"verifier", "executor"}:
        held = {value for (sample, _), value in numbers(said[name]).items() if sample == "habeas_partitions_held"}
        assert held == {6.0}, name


def test_a_fence_that_fired_is_counted_by_the_next_life_of_the_worker(running: Running, operator: Operator) -> None:
    before = _fenced(running) or 0.0
    for partition in range(6):
        publish(running.kafka, events("intake"), b"written by somebody else", partition=partition)
    request_id = submit(running.world, ASKS + 1)
    eventually(lambda: (_fenced(running) or 0.0) > before, "the fence counted", within=40)
    eventually(lambda: f'id="r-{request_id}"' in operator.page("/part"), "the request taken all the same", within=40)


def _fenced(running: Running) -> float | None:
    try:
        said = numbers(httpx.get(f"{running.world.services['intake']}/metrics", timeout=5).text)
    except httpx.HTTPError:
        return None  # it is between two lives
    return next((value for (name, why), value in said.items() if "comebacks" in name and "fenced" in str(why)), None)


def test_replicas_of_a_service_are_one_station(operator: Operator) -> None:
    """Both verifiers and both executors are heard, and hold all partitions together."""

    def page() -> str:
        found: str = operator.page("/map")
        return found

    eventually(
        lambda: "<caption>Services" in page() and "takes up" not in page(),
        "every partition held by the replicas heard",
        within=30,
    )
