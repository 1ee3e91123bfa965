"""What a demo product declares about its data: tables, what erasing does to each, what is never disclosed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, UniqueConstraint, false

from infra.demo.residents import Person

Rows = Mapping[str, list[dict[str, Any]]]
"""The made-up rows of one person, by data set."""

FIELDS = ("name", "email", "phone", "address", "date_of_birth")
"""The words in which the pipeline names personal fields; a product maps them to its own columns."""


@dataclass(frozen=True, slots=True)
class Delete:
    """The rows go."""


@dataclass(frozen=True, slots=True)
class Deidentify:
    """The rows stay, no longer tied to anybody; `clear` gives what stands in place of what told who it was."""

    clear: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The rows go; how many there were is added to `totals`, by the columns `by`."""

    by: tuple[str, ...]
    totals: Table


@dataclass(frozen=True, slots=True)
class Retain:
    """The rows stay, restricted to what the law wants them for. Counties keep records under another section."""

    law: str
    county_law: str | None = None

    def named_for(self, kind: str) -> str:
        return self.county_law if kind == "county" and self.county_law else self.law


Erasure = Delete | Deidentify | Aggregate | Retain


@dataclass(frozen=True, slots=True)
class DataSet:
    """One kind of record. `category` is the data map's (R12), `never` the fields no package may show (R23).

    `vendor` is a third party that holds a copy, and is told of erasures and opt-outs (R24, R31).
    """

    name: str
    category: str
    table: Table
    erasure: Erasure
    fixed: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    vendor: str | None = None

    @property
    def fields(self) -> Mapping[str, str]:
        """The personal fields it holds, each with its column here."""
        return {name: name for name in FIELDS if name in self.table.c} | dict(self.aliases)

    @property
    def correctable(self) -> Mapping[str, str]:
        return {name: column for name, column in self.fields.items() if name not in self.fixed}

    @property
    def can_be_shared(self) -> bool:
        """Whether it carries a mark that forbids sharing it with integrations (R10, R50)."""
        return "opted_out" in self.table.c

    @property
    def is_sensitive(self) -> bool:
        """Whether it carries a mark that limits the use of its sensitive data to the service itself (R03)."""
        return "limited" in self.table.c


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    slug: str
    name: str
    metadata: MetaData
    data_sets: tuple[DataSet, ...]
    rows_of: Callable[[Person, Random], Rows]


def records(
    name: str, metadata: MetaData, texts: str, *, numbers: str = "", shared: bool = False, sensitive: bool = False
) -> Table:
    """A table of records about people. `ref` is the product's opaque id of the person; null: nobody's any more."""
    columns = [*map(_text, texts.split()), *(Column(number, Integer) for number in numbers.split())]
    marks = [mark for mark, wanted in (("opted_out", shared), ("limited", sensitive)) if wanted]
    columns += [Column(mark, Boolean, nullable=False, server_default=false()) for mark in marks]
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("owner", String, nullable=False),
        Column("entity", String, nullable=False),
        Column("ref", String, index=True),
        Column("restricted", Boolean, nullable=False, server_default=false()),
        *columns,
        *(Index(f"{name}_by_{key}", "owner", key) for key in ("email", "phone", "name") if key in texts.split()),
    )


def totals(name: str, metadata: MetaData, by: str) -> Table:
    """A table of counts that says nothing of anybody."""
    keys = ["owner", *by.split()]
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        *(Column(key, String, nullable=False) for key in keys),
        Column("total", Integer, nullable=False),
        UniqueConstraint(*keys),
    )


def _text(name: str) -> Column[Any]:
    return Column(name, String(collation="NOCASE"))
