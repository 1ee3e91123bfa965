"""The topics as a table in Markdown."""

from collections.abc import Iterable
from typing import Final

from schemas.topics import SUBMISSIONS, TOPICS, Topic

DOOR: Final = "the public door: requests of a registered client"


def table() -> str:
    """Every topic: what it carries, who writes and reads it, and how long it is kept."""
    rows = [
        "# Topics",
        "",
        "Generated from `schemas/topics.py` by `make published`. Logs also carry read lines (`dsr.<service>.read.v1`).",
        "",
        "| topic | what | written by | read by | kept | messages |",
        "|---|---|---|---|---|---|",
        f"| `{SUBMISSIONS}<client>` | {DOOR} | the client | intake | at least 1 day | `dsr.submission.v1` |",
        *(_row(topic) for topic in TOPICS),
    ]
    return "\n".join(rows) + "\n"


def kept(topic: Topic) -> str:
    """How long records stay, in words. The broker deletes whole segments, so a record may outlive its time."""
    return "for ever" if topic.kept is None else f"at least {topic.kept.days} days"


def _row(topic: Topic) -> str:
    messages = _list(f"[`{model.TYPE}`]({model.TYPE}.json)" for model in topic.messages)
    cells = (f"`{topic.name}`", topic.meaning, _list(topic.writers), _list(topic.readers), kept(topic), messages)
    return f"| {' | '.join(cells)} |"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
