"""The console asks every process for its pulse, is held up by none, and tells open pages only of changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from services.console import pulse as pulse_module
from services.console.pulse import Pulse
from services.runtime.web.live import merged
from tests.support.metrics_text import well


class Town:
    """The processes: what each answers, or how it fails."""

    def __init__(self) -> None:
        self.events = 0
        self.failing: dict[str, Exception] = {}
        self.asked: list[httpx.URL] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        if request.url.host in self.failing:
            raise self.failing[request.url.host]
        return httpx.Response(200, text=well(request.url.host, events=self.events))


@asynccontextmanager
async def beating(town: Town, *services: str) -> AsyncIterator[Pulse]:
    found = Pulse()
    found.begin([(name, f"http://{name}") for name in services], partitions=6)
    async with httpx.AsyncClient(transport=httpx.MockTransport(town.answer)) as client:
        task = asyncio.create_task(found.run(client))
        try:
            yield found
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse_module, "EVERY", 0.01)
    monkeypatch.setattr(pulse_module, "AT_REST", 0.05)


async def test_each_process_is_asked_only_for_what_the_map_shows() -> None:
    town = Town()
    async with beating(town, "intake", "router") as found, asyncio.timeout(5):
        while not found.look()["router"].heard:
            await asyncio.sleep(0.01)
    assert {url.host for url in town.asked} == {"intake", "router"}
    names = town.asked[0].params.get_list("name[]")
    assert "habeas_events_total" in names
    assert not any("http" in name for name in names)


async def test_one_that_fails_holds_up_none_of_the_others() -> None:
    town = Town()
    town.failing = {"router": httpx.ConnectError("refused"), "intake": httpx.ReadTimeout("slow")}
    async with beating(town, "intake", "verifier", "router") as found, asyncio.timeout(5):
        while not found.look()["verifier"].heard:
            await asyncio.sleep(0.01)
        seen = found.look()
    assert seen["router"].silent == 1
    assert seen["intake"].silent == 0  # slow: there is hope for a moment yet
    assert seen["verifier"].silent == 0


async def test_pages_hear_of_changes_and_of_nothing_else() -> None:
    town = Town()
    async with beating(town, "intake") as found, asyncio.timeout(5):
        while not found.look()["intake"].heard:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        changes = found.changes()
        hearing = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0.1)
        assert not hearing.done()
        town.events += 5
        await hearing
        await changes.aclose()  # type: ignore[attr-defined]


async def test_several_changes_come_as_one_stream_by_name() -> None:
    bells = {name: asyncio.Queue[object]() for name in ("changed", "pulse")}

    async def ringing(name: str) -> AsyncIterator[object]:
        while (item := await bells[name].get()) != "end":
            yield item

    heard = merged(changed=ringing("changed"), pulse=ringing("pulse"))
    async with asyncio.timeout(5):
        for name in ("pulse", "changed", "changed", "pulse"):
            bells[name].put_nowait(1)
            assert await anext(heard) == name
        bells["changed"].put_nowait("end")
        assert [name async for name in heard] == []
