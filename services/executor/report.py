"""The part of a package that people read: one self-contained page that needs no network and runs nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from schemas.request import Leaf
from schemas.vocabulary import Outcome
from services.runtime.web import moments

if TYPE_CHECKING:
    from services.executor.package import Facts, Part

MOST_COLUMNS: Final = 5
"""A data set with more fields than this is shown record by record: a wide table cannot be read on a phone or paper."""

WHO_FIRST: Final = ("name", "email", "phone", "address", "date_of_birth")
"""Fields that say whom a record is about stand before the others, which follow by name."""


@dataclass(frozen=True, slots=True)
class Section:
    """One data set as the page shows it."""

    leaf: Leaf
    records: Sequence[Any]
    columns: tuple[str, ...]


def readable(facts: "Facts", parts: Sequence["Part"]) -> str:
    """The page. Every value is escaped; what is held but not disclosed is said (R23), and so is R16."""
    shown = [(part, [_section(part, leaf) for leaf in part.leaves]) for part in parts]
    delivered = sum(leaf.done for part in parts for leaf in part.leaves if leaf.outcome is Outcome.DELIVERED)
    return page("report.html", facts=facts, parts=shown, delivered=delivered)


def page(template: str, **context: Any) -> str:
    """One of the pages that go into a package."""
    return _PAGES.get_template(template).render(context)


def _section(part: "Part", leaf: Leaf) -> Section:
    records = part.records.get(leaf.data_set, ())
    names = {name for record in records for name in record if record[name] not in (None, "")}
    first = [name for name in WHO_FIRST if name in names]
    return Section(leaf, records, (*first, *sorted(names.difference(first))))


def _words(name: str) -> str:
    text = name.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def _value(value: Any) -> str:
    """A value as a person reads it; what is nested is shown as it is."""
    match value:
        case None | "":
            return "—"
        case True:
            return "yes"
        case False:
            return "no"
        case list() if all(isinstance(each, str | int | float) for each in value):
            return ", ".join(_value(each) for each in value) or "—"
        case dict():
            return "; ".join(f"{_words(name)}: {_value(inner)}" for name, inner in value.items()) or "—"
        case list():
            return " · ".join(_value(each) for each in value)
        case _:
            return str(value)


def _pages() -> ImmutableSandboxedEnvironment:
    pages = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"words": _words, "value": _value, "day": moments.day_in_words}
    pages.globals |= {"most_columns": MOST_COLUMNS}
    return pages


_PAGES: Final = _pages()
