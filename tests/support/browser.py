"""A headless Chromium, driven as a person would: for the tests that look at pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parents[1] / "journeys" / "pictures"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


@contextmanager
def page(
    width: int = 1200, height: int = 900, *, dark: bool = False, script: bool = True, language: str = "en-US"
) -> Iterator[Page]:
    """A fresh page; a script error or a refused resource on it fails the test at the end of the block."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed: the pages were not looked at")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                java_script_enabled=script,
                locale=language,
            )
            found = context.new_page()
            wrong: list[str] = []
            found.on("pageerror", lambda error: wrong.append(str(error)))
            found.on(
                "console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None
            )
            yield found
            assert not wrong
        finally:
            browser.close()


def picture(found: Page, name: str) -> None:
    """Keeps what the page looks like, where ``HABEAS_PICTURES`` asks for it: those in the README are made so."""
    shot = found.screenshot(full_page=True)
    assert len(shot) > 5_000, "the page is blank"
    if os.environ.get("HABEAS_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        (PICTURES / f"{name}.png").write_bytes(shot)
