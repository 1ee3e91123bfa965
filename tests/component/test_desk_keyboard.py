"""The desk in a real browser, with the keyboard alone: a caller is on the line."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from schemas.vocabulary import Right
from tests.support.accessible import barriers, scrolls_sideways
from tests.support.browser import page
from tests.support.desk_world import DeskWorld


@contextmanager
def served(world: DeskWorld) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(world.app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        world.database.dispose()
        world.vault_database.dispose()


def focused(found: Any) -> str:
    return str(found.evaluate("document.activeElement.id || document.activeElement.textContent"))


def signed_in(found: Any, site: str) -> None:
    found.goto(f"{site}/desk")
    found.fill("#email", "phone-desk@custodian.example")
    found.fill("#password", "custodian-phone-desk")
    found.keyboard.press("Enter")
    found.wait_for_selector("#rights")


@pytest.mark.requirement("R33")
def test_a_call_is_entered_without_the_mouse(tmp_path: Path) -> None:
    world = DeskWorld(tmp_path)
    with served(world) as site, page() as found:
        signed_in(found, site)
        assert focused(found) == "owner"
        found.keyboard.type("City of R")
        found.keyboard.press("Tab")
        assert focused(found) == "rights"
        for key in ("1", "4", "5", "5"):
            found.keyboard.press(key)
        found.focus("#name")
        found.keyboard.type("Maria Quill 1")
        found.keyboard.press("Tab")
        found.keyboard.type("maria@quill.example")
        found.keyboard.press("Control+Enter")
        found.wait_for_selector(".spelled")
        assert focused(found) == "Next request"
        found.keyboard.press("Enter")
        found.wait_for_selector("#rights")
    (request,) = world.submitted()
    assert [order.right for order in request.orders] == [Right.ACCESS, Right.DELETE]
    assert request.owner == "riverton"


def test_without_script_the_form_is_the_same(tmp_path: Path) -> None:
    world = DeskWorld(tmp_path)
    with served(world) as site, page(width=400, script=False) as found:
        signed_in(found, site)
        found.select_option("#owner", "lakeside")
        found.check("#rights")
        found.fill("#name", "Maria Quill")
        found.fill("#email", "maria@quill.example")
        found.click("main button")
        found.wait_for_selector(".spelled")
        assert found.evaluate("document.documentElement.scrollWidth") <= 400
    assert [request.owner for request in world.submitted()] == ["lakeside"]


def test_nothing_stands_in_anybodys_way(tmp_path: Path) -> None:
    """Axe finds nothing on any page of the desk, and none scrolls sideways on the narrowest screen."""
    world, wrong = DeskWorld(tmp_path), dict[str, list[str]]()

    def looked_at(found: Any, what: str) -> None:
        if blocked := [*barriers(found), *(["scrolls sideways"] if scrolls_sideways(found) else [])]:
            wrong[what] = blocked

    with served(world) as site, page() as found:
        signed_in(found, site)
        found.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        looked_at(found, "the form")
        found.keyboard.press("Control+Enter")
        found.wait_for_selector(".notice")
        looked_at(found, "the form with errors")
        found.select_option("#owner", "riverton")
        found.check("#rights")
        found.fill("#name", "Maria Quill")
        found.fill("#email", "maria@quill.example")
        found.keyboard.press("Control+Enter")
        found.wait_for_selector(".spelled")
        looked_at(found, "the number")
        found.click("main a.plain")
        found.wait_for_selector("dl.facts")
        looked_at(found, "where it stands")
        found.goto(f"{site}/desk/find?number=7k4m")
        looked_at(found, "nothing found")
        found.goto(f"{site}/privacy/riverton/agent")
        looked_at(found, "the agents’ page")
    assert wrong == {}
