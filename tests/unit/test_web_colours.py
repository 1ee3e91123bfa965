"""The stylesheet's colours can be read, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from services.runtime.web.pages import STATIC

CSS = (STATIC / "habeas.css").read_text()
TEXT = [
    *((ink, ground) for ink in ("ink", "quiet") for ground in ("ground", "surface", "sunken")),
    *((kind, f"{kind}-soft") for kind in ("done", "acting", "waiting", "failed", "stopped")),
    *(("ink", f"{kind}-soft") for kind in ("accent", "done", "acting", "waiting", "failed", "stopped")),
    *((ink, ground) for ink in ("accent", "accent-strong", "failed", "waiting") for ground in ("ground", "surface")),
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
]
EDGES = [("edge", "surface"), ("edge", "ground"), ("focus", "surface"), ("focus", "ground"), ("accent", "accent-soft")]


def palettes() -> dict[str, dict[str, str]]:
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", CSS, re.S)[:2]
    )
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("pair", "least"), [*((pair, 4.5) for pair in TEXT), *((pair, 3.0) for pair in EDGES)])
def test_a_pair_of_colours_keeps_its_contrast(mode: str, pair: tuple[str, str], least: float) -> None:
    palette = palettes()[mode]
    assert contrast(palette[pair[0]], palette[pair[1]]) >= least


def test_nothing_comes_from_elsewhere() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert "http" not in CSS.replace('href^="http"', "")
