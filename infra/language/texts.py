"""Finds the texts of a room that people read: in its templates, and what its code hands to :mod:`language`."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jinja2.ext import babel_extract

ROOT: Final = Path(__file__).parents[2]
FLOOR: Final = ROOT / "services" / "runtime" / "web"
ROOMS: Final = (FLOOR, *sorted((ROOT / "services").glob("*/")))
"""Where translations may lie: in the ``locale`` of the floor's web part, or of a service."""

ONE: Final = frozenset({"gettext", "mark", "wrong", "_plain", "_with"})
MANY: Final = frozenset({"ngettext", "_counted"})


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """A text as it is written, with its plural if it counts something, and the file it stands in."""

    one: str
    many: str = ""
    place: str = ""


def rooms() -> list[Path]:
    """The rooms that speak more than English."""
    return [room for room in ROOMS if (room / "locale").is_dir()]


def texts_of(room: Path) -> list[Text]:
    """All texts of a room, each once, in the order of their files; not what the floor says already."""
    return [text for text in _written(room) if room == FLOOR or (text.one, text.many) not in _of_the_floor()]


@cache
def _of_the_floor() -> frozenset[tuple[str, str]]:
    return frozenset((text.one, text.many) for text in _written(FLOOR))


def _written(room: Path) -> list[Text]:
    found: dict[tuple[str, str], Text] = {}
    for path in sorted(room.rglob("*.html")):
        _keep(found, path, _in_template(path))
    for path in sorted(room.rglob("*.py")):
        _keep(found, path, _in_code(path))
    return list(found.values())


def _keep(found: dict[tuple[str, str], Text], path: Path, pairs: Iterable[tuple[str, str]]) -> None:
    for one, many in pairs:
        found.setdefault((one, many), Text(one, many, path.relative_to(ROOT).as_posix()))


def _in_template(path: Path) -> Iterator[tuple[str, str]]:
    options = {"extensions": "jinja2.ext.i18n", "trimmed": "true", "silent": "false"}
    with path.open("rb") as file:
        for _line, _function, said, _comments in babel_extract(file, ("_", "gettext", "ngettext"), (), options):
            one, many = said[:2] if isinstance(said, tuple) else (said, "")
            if one:
                yield one, many or ""


def _in_code(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            said = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if node.func.id in ONE and said:
                yield said[0], ""
            if node.func.id in MANY and len(said) > 1:
                yield said[0], said[1]
