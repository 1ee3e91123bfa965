"""Whether everybody can use a page: axe in a real browser, by the rules of WCAG 2.2 up to level AA."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROWEST = 320
"""CSS pixels at which a page must not scroll sideways (WCAG 1.4.10)."""


def barriers(page: Page) -> list[str]:
    """What stands in somebody's way on this page, a line for each: the rule, and where."""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        "rules => axe.run({runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", RULES
    )
    return [
        f"{violation['id']} at {', '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """True if the page is wider than the narrowest screen."""
    before = page.viewport_size
    page.set_viewport_size({"width": NARROWEST, "height": 600})
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    if before:
        page.set_viewport_size(before)
    return wider
