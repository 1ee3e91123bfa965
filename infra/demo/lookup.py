"""Who in a product a set of identifiers points to, without revealing any value."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Table, bindparam, func, literal, select, union_all

from infra.demo.declare import Suite

Held = Mapping[str, frozenset[str]]
"""The values a person's records hold, by field, in comparable form."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where is searched: one owner's records in one product, those of the named entities (of all, if none)."""

    suite: Suite
    owner: str
    entities: tuple[str, ...] = ()


def find(connection: Connection, place: Place, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """The people whom the e-mail address points to; only if there is none, those of the phone number."""
    refs: set[str] = set()
    for field in ("email", "phone"):
        if field in given and not refs:
            refs = _holders(connection, place, field, given[field])
    return [_candidate(connection, place, ref, given) for ref in sorted(refs)]


def matches(connection: Connection, place: Place, given: Mapping[str, str]) -> bool:
    """Whether one and the same person holds every one of these identifiers."""
    strongest = next(field for field in ("email", "phone", "name", "date_of_birth", "address") if field in given)
    people = _holders(connection, place, strongest, given[strongest])
    return any(_matched(_held(connection, place, ref), given) == sorted(given) for ref in people)


def comparable(field: str, value: str) -> str:
    """Phone numbers by their last ten digits; other text regardless of case, spaces and how accents are coded."""
    if field == "phone":
        digits = "".join(character for character in value if character.isdigit())
        return f"+1{digits[-10:]}" if len(digits) in (10, 11) else digits
    return " ".join(unicodedata.normalize("NFC", value).casefold().split())


def _candidate(connection: Connection, place: Place, ref: str, given: Mapping[str, str]) -> dict[str, Any]:
    held = _held(connection, place, ref)
    return {
        "ref": ref,
        "matched": _matched(held, given),
        "shared": _shared(connection, replace(place, entities=()), ref, held),
        "data_sets": _counts(connection, place, ref),
    }


def _shared(connection: Connection, place: Place, ref: str, held: Held) -> list[str]:
    """What other people hold as well. One of the same name and e-mail is not another: an affiliate knows them too."""
    others = {
        field: set[str]().union(*(_holders(connection, place, field, value) for value in held.get(field, ()))) - {ref}
        for field in ("email", "name", "phone")
    }
    same = others["email"] & others["name"]
    return [field for field, refs in others.items() if refs - same]


def _matched(held: Held, given: Mapping[str, str]) -> list[str]:
    return sorted(field for field, value in given.items() if comparable(field, value) in held.get(field, ()))


def _holders(connection: Connection, place: Place, field: str, value: str) -> set[str]:
    """The refs of the people whose records hold a value."""
    query = _holding(place.suite, field, anywhere=not place.entities)
    if query is None:
        return set()
    stored = comparable(field, value) if field == "phone" else " ".join(value.split())
    asked = {"owner": place.owner, "value": stored} | ({"entities": place.entities} if place.entities else {})
    return set(connection.scalars(query, asked))


def _held(connection: Connection, place: Place, ref: str) -> Held:
    held: dict[str, set[str]] = {}
    for query in _identifying(place.suite):
        for row in connection.execute(query, {"owner": place.owner, "ref": ref}).mappings():
            for field, value in row.items():
                if value is not None:
                    held.setdefault(field, set()).add(comparable(field, value))
    return {field: frozenset(values) for field, values in held.items()}


def _counts(connection: Connection, place: Place, ref: str) -> dict[str, int]:
    """How many records each data set holds of a person; those that hold none are left out."""
    found = connection.execute(_counting(place.suite), {"owner": place.owner, "ref": ref})
    return {name: number for name, number in found if number}


# The statements are the same for every question about a suite, and building one costs more than running it.


@cache
def _holding(suite: Suite, field: str, *, anywhere: bool) -> Executable | None:
    queries = []
    for data_set in suite.data_sets:
        if field in data_set.fields:
            table, at = data_set.table, data_set.table.c[data_set.fields[field]]
            query = select(table.c.ref).where(_owned(table), at == bindparam("value"), table.c.ref.is_not(None))
            at_entities = table.c.entity.in_(bindparam("entities", expanding=True))
            queries.append(query if anywhere else query.where(at_entities))
    return union_all(*queries) if queries else None


@cache
def _identifying(suite: Suite) -> tuple[Executable, ...]:
    return tuple(
        select(*(data_set.table.c[column].label(field) for field, column in data_set.fields.items())).where(
            _owned(data_set.table), data_set.table.c.ref == bindparam("ref")
        )
        for data_set in suite.data_sets
        if data_set.fields
    )


@cache
def _counting(suite: Suite) -> Executable:
    return union_all(
        *(
            select(literal(data_set.name), func.count())
            .select_from(data_set.table)
            .where(_owned(data_set.table), data_set.table.c.ref == bindparam("ref"))
            for data_set in suite.data_sets
        )
    )


def _owned(table: Table) -> ColumnElement[bool]:
    return table.c.owner == bindparam("owner")
