"""The residents' pages in a real browser: everybody can use them, in either language, with script or without."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from services.intake import work
from services.intake.processor import INTAKE
from services.runtime.web.attempts import ATTEMPTS, Counter
from tests.support.accessible import barriers, scrolls_sideways
from tests.support.browser import page as browser_page
from tests.support.doors import Door, door
from tests.support.site import serving

PATIENCE = 60_000
RIGHTS = ("access", "know", "correct", "delete", "opt_out", "limit")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "BITS", 12)
        yield from _site(tmp_path_factory)


def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, str]]:
    with door(INTAKE, tmp_path_factory.mktemp("site")) as desk, serving(desk.app) as address:
        yield desk, address


def choose(page: Page, *rights: str) -> None:
    for right in rights:
        page.check(f"input[name=rights][value={right}]")


def about(page: Page, email: str = "maria@quill.example") -> None:
    page.fill("input[name=name]", "Maria Quill")
    page.fill("input[name=email]", email)


def send(page: Page) -> None:
    with page.expect_navigation(timeout=PATIENCE):  # not at once: the form waits for its work
        page.locator("main form > button").click()


def everything_open(page: Page) -> None:
    choose(page, *RIGHTS)
    page.check("input[name=span][value=since]")
    page.locator("details > summary").click()


def all_wrong(page: Page) -> None:
    choose(page, "access", "correct")
    page.check("input[name=span][value=since]")
    page.fill("input[name=since]", "2019-01-01")
    page.check("#declare")
    page.fill("#website", "filled by a program", force=True)
    page.set_input_files("#upload", {"name": "a.exe", "mimeType": "text/plain", "buffer": b"MZ\0"})
    send(page)
    assert page.locator(".error").count() >= 6


def one_file_kept(page: Page) -> None:
    page.set_input_files("#upload", {"name": "bill.pdf", "mimeType": "text/plain", "buffer": b"%PDF-1.7"})
    send(page)
    assert page.locator(".kept li").count() == 1


def second_step(page: Page) -> None:
    choose(page, "delete", "opt_out")
    about(page)
    send(page)
    assert page.locator("button[name=confirm]").is_visible()


def receipt(page: Page) -> None:
    second_step(page)
    page.locator("button[name=confirm]").click()
    page.wait_for_url(re.compile("/received/"), timeout=PATIENCE)


def as_it_is(_page: Page) -> None:
    """Nothing is done."""


STATES: list[tuple[str, Callable[[Page], None]]] = [
    ("/privacy", as_it_is),
    ("/privacy/riverton", as_it_is),
    ("/privacy/hillcrest", everything_open),
    ("/privacy/hillcrest", all_wrong),
    ("/privacy/riverton", one_file_kept),
    ("/privacy/riverton", second_step),
    ("/privacy/riverton", receipt),
    ("/privacy/riverton/child", as_it_is),
    ("/ask", everything_open),
    ("/privacy/atlantis", as_it_is),
]


@pytest.mark.requirement("R33")
@pytest.mark.parametrize(("dark", "language"), [(False, "en-US"), (True, "es-MX")], ids=["light-en", "dark-es"])
def test_nothing_stands_in_anybodys_way(site: tuple[Door, str], dark: bool, language: str) -> None:
    _, address = site
    with browser_page(dark=dark, language=language) as page:
        for path, do in STATES:
            page.goto(address + path)
            do(page)
            assert barriers(page) == [], f"{path}, {do.__name__}"
            assert not scrolls_sideways(page), f"{path}, {do.__name__}"


def test_what_belongs_to_a_choice_shows_with_it_and_what_was_done_wrong_shows_in_any_case(
    site: tuple[Door, str],
) -> None:
    _, address = site
    with browser_page() as page:
        page.goto(f"{address}/privacy/hillcrest")
        parts = {name: page.locator(name) for name in (".with-correct", ".with-period", ".with-since", ".signature")}
        assert not any(part.is_visible() for part in parts.values())
        choose(page, "access", "correct")
        assert [name for name, part in parts.items() if part.is_visible()] == [
            ".with-correct",
            ".with-period",
            ".signature",
        ]
        page.check("input[name=span][value=since]")
        assert parts[".with-since"].is_visible()
        send(page)
        page.uncheck("input[name=rights][value=correct]")
        assert page.locator(".with-correct").is_visible()
        assert page.locator(".trap input").is_hidden() or page.locator(".trap").bounding_box()["x"] < 0


@pytest.mark.requirement("R27")
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_the_work_is_done_where_script_runs_and_nothing_is_lacking_where_it_does_not(
    site: tuple[Door, str], script: bool
) -> None:
    desk, address = site
    before = _plain(desk)
    with browser_page(script=script, width=390, height=800) as page:
        page.goto(f"{address}/privacy/riverton")
        choose(page, "access", "delete")
        about(page, f"worker-{script}@quill.example")
        page.locator("main form > button").click()  # perhaps before the work is done: the form waits for it
        page.locator("button[name=back]").click(timeout=PATIENCE)
        page.locator("main form > button").click()
        page.locator("button[name=confirm]").click(timeout=PATIENCE)
        page.wait_for_url(re.compile("/received/"), timeout=PATIENCE)
        assert re.search(r"HB-\w{4}-\w{4}", page.locator("main").inner_text())
    assert (_plain(desk) > before) is not script


def _plain(desk: Door) -> int:
    """How many submissions came without work."""
    Counter(desk.database)  # makes the table, if nobody has asked yet
    with desk.database.connect() as connection:
        return sum(row.key.startswith("request plain") for row in connection.execute(ATTEMPTS.select()))


def test_a_page_can_be_used_with_the_keyboard_alone(site: tuple[Door, str]) -> None:
    _, address = site
    with browser_page() as page:
        page.goto(f"{address}/privacy/riverton")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        reached: list[str] = []
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.name || document.activeElement.tagName"))
        assert "website" not in reached
        order = [reached.index(name) for name in ("rights", "name", "email", "phone", "SUMMARY", "details", "upload")]
        assert order == sorted(order)
