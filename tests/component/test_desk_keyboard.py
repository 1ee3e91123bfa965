"""The desk in a real browser, with the keyboard alone: a caller is on the line."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from schemas.vocabulary import Right
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
