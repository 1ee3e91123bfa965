"""Draws who writes and who reads each topic: a row per topic, a column per writer or reader."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from schemas.publish.table import DOOR, kept
from schemas.topics import SUBMISSIONS, TOPICS, Topic

ACTORS: Final = {
    "clients": "upstream",
    "intake": "service",
    "verifier": "service",
    "router": "service",
    "executor": "service",
    "notifier": "service",
    "console": "operators",
    "habeas": "command",
}
"""Who takes part, from left to right, and what they are."""

LEFT, COLUMN, TOP, ROW, BOTTOM = 330, 88, 132, 52, 64
FOOT: Final = "Generated from schemas/topics.py. A log is chained, and the only memory of whoever writes it."
WIDTH: Final = LEFT + COLUMN * len(ACTORS) + 126

STYLE: Final = """
  :root { --ground: #ffffff; --ink: #16252a; --quiet: #4c5f66; --line: #d3dcde; --soft: #f4f6f6;
          --log: #0d5c6e; --inbox: #7a4b00; --other: #4c5560; }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #0f1719; --ink: #e6eeef; --quiet: #a4b5ba; --line: #2f3d42; --soft: #182326;
            --log: #7fcbdb; --inbox: #f0c173; --other: #b7c0c8; } }
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif;
         fill: var(--ink); }
  .name { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
  .actor { font-size: 14px; font-weight: 600; text-anchor: middle; }
  .small { font-size: 11.5px; fill: var(--quiet); }
  .middle { text-anchor: middle; }
  .heading { font-size: 19px; font-weight: 650; }
  .ground { fill: var(--ground); }
  .band { fill: var(--soft); }
  .lane { stroke: var(--line); stroke-width: 1; }
  .log { --kind: var(--log); } .inbox { --kind: var(--inbox); } .other { --kind: var(--other); }
  .pipe { stroke: var(--kind); stroke-width: 2; stroke-linecap: round; }
  .log .pipe { stroke-width: 5; }
  .other .pipe { stroke-dasharray: 2 6; }
  .reads { fill: var(--ground); stroke: var(--kind); stroke-width: 2.5; }
  .writes { fill: var(--kind); }
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One topic as it is drawn."""

    name: str
    meaning: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    kept: str
    kind: str


def picture() -> str:
    """The picture as SVG. Its texts can be selected, and its colours follow the reader's light or dark mode."""
    rows = tuple(_rows())
    height = TOP + ROW * len(rows) + BOTTOM
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" aria-labelledby="title about">',
            '<title id="title">Who writes and who reads each topic</title>',
            '<desc id="about">The same as a table: topics.md, beside this file.</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height}" rx="12"/>',
            '<text class="heading" x="28" y="44">Who writes and who reads each topic</text>',
            *_legend(),
            *_bands(rows),
            *_lanes(height),
            *(line for number, row in enumerate(rows) for line in _drawn(row, number)),
            f'<text class="small" x="28" y="{height - 24}">{FOOT}</text>',
            "</svg>\n",
        )
    )


def _rows() -> Iterator[Row]:
    yield Row(
        f"{SUBMISSIONS}<client>", DOOR, ("clients",), ("intake",),
        "at least 1 day", "other",
    )  # fmt: skip
    for topic in TOPICS:
        yield Row(topic.name, topic.meaning, topic.writers, topic.readers, kept(topic), _kind(topic))


def _kind(topic: Topic) -> str:
    if topic.is_log:
        return "log"
    return "inbox" if topic.name.endswith(".inbox") else "other"


def _x(actor: str) -> int:
    return LEFT + COLUMN * list(ACTORS).index(actor) + COLUMN // 2


def _y(number: int) -> int:
    return TOP + ROW * number + ROW // 2


def _legend() -> Iterator[str]:
    start, y = WIDTH - 590, 39
    marks = (("writes", "writes"), ("reads", "reads"), ("both", "writes and reads"))
    for number, (mark, label) in enumerate(marks):
        x = start + 80 * number
        yield f'<g class="other">{_mark(mark, x, y)}</g>'
        yield f'<text class="small" x="{x + 14}" y="{y + 4}">{label}</text>'
    for number, (kind, label) in enumerate((("log", "a log"), ("inbox", "an inbox"), ("other", "neither"))):
        x = start + 306 + 96 * number
        yield f'<g class="{kind}"><line class="pipe" x1="{x}" y1="{y}" x2="{x + 24}" y2="{y}"/></g>'
        yield f'<text class="small" x="{x + 32}" y="{y + 4}">{label}</text>'


def _bands(rows: tuple[Row, ...]) -> Iterator[str]:
    for number in range(0, len(rows), 2):
        yield f'<rect class="band" x="12" y="{TOP + ROW * number}" width="{WIDTH - 24}" height="{ROW}" rx="6"/>'


def _lanes(height: int) -> Iterator[str]:
    for actor, what in ACTORS.items():
        x = _x(actor)
        yield f'<line class="lane" x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{height - BOTTOM}"/>'
        yield f'<text class="actor" x="{x}" y="{TOP - 34}">{actor}</text>'
        yield f'<text class="small middle" x="{x}" y="{TOP - 18}">{what}</text>'


def _drawn(row: Row, number: int) -> Iterator[str]:
    y = _y(number)
    places = [_x(actor) for actor in (*row.writers, *row.readers)]
    yield f'<g class="{row.kind}">'
    yield f'<text class="name" x="28" y="{y - 3}">{escape(row.name)}</text>'
    yield f'<text class="small" x="28" y="{y + 14}">{escape(row.meaning)}</text>'
    yield f'<line class="pipe" x1="{min(places)}" y1="{y}" x2="{max(places)}" y2="{y}"/>'
    for actor in ACTORS:
        writes, reads = actor in row.writers, actor in row.readers
        if writes or reads:
            yield _mark("both" if writes and reads else "writes" if writes else "reads", _x(actor), y)
    yield f'<text class="small" x="{LEFT + COLUMN * len(ACTORS) + 8}" y="{y + 4}">{row.kept}</text>'
    yield "</g>"


def _mark(mark: str, x: int, y: int) -> str:
    if mark == "writes":
        return f'<circle class="writes" cx="{x}" cy="{y}" r="7.5"/>'
    ring = f'<circle class="reads" cx="{x}" cy="{y}" r="8"/>'
    return ring + f'<circle class="writes" cx="{x}" cy="{y}" r="4"/>' if mark == "both" else ring
