"""The console's views and pages on a real database, filled with made-up stories; no broker anywhere."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from schemas.request import short_number
from schemas.topics import SERVICES
from schemas.vocabulary import Right
from services.console.listing import Rows, Wanted
from services.console.views import EVENTS, PARKED, REQUESTS
from services.console.vitals import numbers
from services.console.web import throttled
from tests.support.console_world import EMAIL, PASSWORD, World, operator, parked, stories
from tests.support.metrics_text import well
from tests.support.pipeline_story import BEGIN, Story


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest_asyncio.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    client = await world.signed_in()
    yield client
    await client.aclose()


def closed() -> Story:
    return Story("closed", Right.ACCESS, Right.DELETE).submit().prove().instruct(refuse=[Right.DELETE])


def test_a_story_becomes_one_request_and_its_events(world: World) -> None:
    story = closed()
    world.show(*story.accepted)
    with world.engine.connect() as connection:
        row = connection.execute(select(REQUESTS)).mappings().one()
        assert connection.execute(select(func.count()).select_from(EVENTS)).scalar_one() == len(story.accepted)
    assert (row["number"], row["stage"], row["ball"]) == (short_number(story.id), "closed", "nobody")
    assert row["rights"] == ["access", "delete"]
    assert {"right": "delete", "outcomes": ["refused"]} in row["outcomes"]
    assert row["closed_at"] is not None
    assert row["letters_owed"] == 0


def test_logs_read_in_another_order_make_the_same_row(tmp_path: Path) -> None:
    story, rows = closed(), []
    for backwards in (False, True):
        world = World(tmp_path / str(backwards))
        by_log = sorted(story.accepted, key=lambda one: one.record.topic, reverse=backwards)
        world.show(*by_log)  # sorting keeps each log's own order
        with world.engine.connect() as connection:
            rows.append(dict(connection.execute(select(REQUESTS)).mappings().one()))
    assert rows[0] == rows[1]


def test_the_same_event_twice_counts_once(world: World) -> None:
    story = Story().submit()
    world.show(*story.accepted, *story.accepted)
    assert sum(Rows(world.engine).pipeline(BEGIN).events.values()) == len(story.accepted)


def test_several_deliveries_of_a_parked_record_show_once(world: World) -> None:
    world.show(parked(delivery=0), parked(delivery=1))
    with world.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(PARKED)).scalar_one() == 1


def test_the_list_is_paged_without_gaps_or_repeats(world: World) -> None:
    for number in range(7):
        world.show(*Story(str(number), begin=BEGIN + timedelta(minutes=number // 2)).submit().accepted)
    rows, seen, wanted = Rows(world.engine), [], Wanted()
    while True:
        listed = rows.requests(wanted, limit=3)
        seen += [row["request_id"] for row in listed.rows]
        if not listed.older:
            break
        wanted = Wanted(before=listed.older)
    assert len(seen) == len(set(seen)) == 7
    assert rows.requests(Wanted(before="nonsense~x")).rows == rows.requests(Wanted()).rows


@pytest.mark.parametrize(
    "path", ["/console", "/console/part", "/console/parked", "/console/requests/x", "/console/stream", "/console/map"]
)
async def test_without_a_sign_in_every_page_leads_to_it(world: World, path: str) -> None:
    async with world.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in")


@pytest.mark.parametrize("path", ["/console", "/console/parked", "/console/api/requests", "/console/stream"])
async def test_only_operators_may_look(world: World, browser: httpx.AsyncClient, path: str) -> None:
    world.catalogue = world.catalogue.with_entry(operator("handler"))
    assert (await browser.get(path)).status_code == 403


async def test_the_list_shows_states_filters_and_what_must_be_looked_at(
    world: World, browser: httpx.AsyncClient
) -> None:
    for story in stories(BEGIN):
        world.show(*story.accepted)
    world.show(parked(at=datetime.now(UTC)))
    page = (await browser.get("/console")).text
    for words in ("Waiting for proof", "With the owner", "Closed", "1 record was parked", "cannot be delivered"):
        assert words in page
    assert "2 things need somebody" in page
    waiting = (await browser.get("/console/part?state=challenged")).text
    assert "<html" not in waiting
    assert waiting.count("<tr>") == 1 + 2
    one = Story("deciding").id
    assert short_number(one) in (await browser.get(f"/console?number={short_number(one)[3:].lower()}")).text
    assert (await browser.get("/console?state=nonsense")).status_code == 422


async def test_what_was_parked_long_ago_is_counted_and_nobodys_alarm(world: World, browser: httpx.AsyncClient) -> None:
    world.show(parked())
    page = (await browser.get("/console/map")).text
    assert "1 record</a>" in page
    assert "Nobody needs to act" in page


async def test_the_map_shows_every_service_in_words_and_in_numbers(world: World, browser: httpx.AsyncClient) -> None:
    processes = [(name, f"http://{name}") for name in SERVICES]
    world.pulse.begin(processes, partitions=6)
    for process in world.pulse._processes:
        process.told(0.0, numbers(well(process.service, oldest_unhandled_seconds=40.0)))
    page = (await browser.get("/console/map")).text
    assert "<html" not in page
    assert page.count('<svg class="map') == 2
    assert "5 things need somebody" in page
    for name in SERVICES:
        assert f'aria-label="{name.capitalize()}: 0 ' in page
        assert f"{name.capitalize()} has not read on for 40 s" in page
    assert page.count("<caption>") == 2
    assert 'style="' not in page  # the policy forbids it


async def test_a_service_of_the_map_filters_the_list(world: World, browser: httpx.AsyncClient) -> None:
    for story in stories(BEGIN):
        world.show(*story.accepted)
    page = (await browser.get("/console?service=router")).text
    assert 'data-fragment="/console/map?service=router"' in page
    assert 'class="station later chosen" href="/console"' in page


async def test_an_empty_console_says_so(browser: httpx.AsyncClient) -> None:
    assert "No requests yet" in (await browser.get("/console")).text
    assert "Nothing is parked" in (await browser.get("/console/parked")).text


async def test_the_journey_is_drawn_told_and_explained(world: World, browser: httpx.AsyncClient) -> None:
    story = closed()
    world.show(*story.accepted)
    by_number = await browser.get(f"/console/requests/{short_number(story.id)}")
    assert by_number.headers["location"] == f"/console/requests/{story.id}"
    page = (await browser.get(by_number.headers["location"])).text
    for words in (
        "<svg",
        "Owner instructed",
        "the owner&#39;s turn",
        "a submission at the door",
        "Refused",
        "legal obligation",
    ):
        assert words in page
    assert page.count("<tr id=") == len(story.accepted)
    assert (await browser.get("/console/requests/HB-0000-0000")).status_code == 404


async def test_nothing_sealed_is_ever_shown(world: World, browser: httpx.AsyncClient) -> None:
    story = closed()
    world.show(*story.accepted, parked())
    paths = [f"/console/requests/{story.id}", f"/console/api/requests/{story.id}", "/console", "/console/api/requests"]
    paths += ["/console/parked", "/console/api/parked"]
    for path in paths:
        assert "sealed:v1" not in (await browser.get(path)).text


async def test_a_parked_record_tells_why_since_when_and_where(world: World, browser: httpx.AsyncClient) -> None:
    record = parked()
    world.show(record)
    assert "dsr.router.inbox" in (await browser.get("/console/parked")).text
    page = (await browser.get(f"/console/parked/{record.envelope.id}")).text
    for words in ("Data does not fit", "data.instruction.decisions", "partition", "dsr.router.inbox"):
        assert words.lower() in page.lower()
    assert "<button" not in page.replace('<button class="plain little">Sign out</button>', "")
    assert (await browser.get("/console/parked/none")).status_code == 404


async def test_the_api_signs_in_and_tells_the_same(world: World) -> None:
    story = closed()
    world.show(*story.accepted, parked())
    async with world.client() as client:
        client.headers["Accept"] = "application/json"
        assert (await client.get("/console/api/requests")).status_code == 401
        wrong = await client.post("/console/api/session", json={"email": EMAIL, "password": "wrong"})
        assert wrong.status_code == 401
        signed = await client.post("/console/api/session", json={"email": EMAIL, "password": PASSWORD})
        assert len(signed.json()["csrf"]) == 64
        listed = (await client.get("/console/api/requests?state=closed")).json()
        assert [row["request_id"] for row in listed["requests"]] == [story.id]
        told = (await client.get(f"/console/api/requests/{story.id}")).json()
        assert (told["stage"], len(told["events"])) == ("closed", len(story.accepted))
        assert told["events"][1]["caused_by"] == 1
        assert told["causes"][0]["number"] == 1
        assert (await client.get("/console/api/parked")).json()["parked"][0]["reason"] == "bad-data"


async def test_the_api_refuses_to_be_tried_for_ever(world: World) -> None:
    async with world.client() as client:
        entered = {"email": EMAIL, "password": "wrong"}
        answers = [(await client.post("/console/api/session", json=entered)).status_code for _ in range(11)]
    assert answers[-1] == 429


async def test_changes_are_told_at_most_twice_a_second() -> None:
    async def changes() -> AsyncIterator[None]:
        for _ in range(3):
            yield None

    pauses = [each async for each in throttled(changes(), pause=0)]
    assert len(pauses) == 3
