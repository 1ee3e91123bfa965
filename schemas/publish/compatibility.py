"""Which changes of a schema would break a reader of records that are in a log already."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from schemas.publish.schema import JsonSchema

LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
EXACT: Final = ("pattern", "format", "multipleOf", "uniqueItems")


class Break(NamedTuple):
    """One change that old records do not survive: at which field, and what is wrong with it."""

    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


def breaks(old: JsonSchema, new: JsonSchema) -> tuple[Break, ...]:
    """Every way in which a record that was right under ``old`` is wrong, or reads otherwise, under ``new``.

    Found are: a field that became required, a required field that is gone, a narrower type, enumeration, pattern or
    bound, and another default. A field that was optional and is gone is not: the examples tell of that.
    """
    return tuple(_Comparison(old, new).compare(old, new, ""))


@dataclass(frozen=True)
class _Comparison:
    """Two documents, in which ``$ref`` are looked up. ``seen`` ends the walk through types that hold themselves."""

    old_root: JsonSchema
    new_root: JsonSchema
    seen: frozenset[tuple[str, str]] = frozenset()

    def compare(self, old: JsonSchema, new: JsonSchema, at: str) -> Iterator[Break]:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair):
            if pair in self.seen:
                return
            self = _Comparison(self.old_root, self.new_root, self.seen | {pair})  # noqa: PLW0642 — one step deeper
        old, new = _resolved(self.old_root, old), _resolved(self.new_root, new)
        if "anyOf" in old or "anyOf" in new:
            yield from self._branches(old.get("anyOf", [old]), new.get("anyOf", [new]), at)
            return
        if narrowed := _narrowed(old, new):
            yield Break(at or "the message", narrowed)
            return
        yield from self._object(old, new, at)
        yield from self._array(old, new, at)

    def _branches(self, old: list[JsonSchema], new: list[JsonSchema], at: str) -> Iterator[Break]:
        """What each old branch allowed, some new branch must allow."""
        for branch in old:
            found = [list(self.compare(branch, candidate, at)) for candidate in new]
            if all(found):
                yield from min(found, key=lambda each: (each[0].field == at, len(each)))

    def _object(self, old: JsonSchema, new: JsonSchema, at: str) -> Iterator[Break]:
        before, after = old.get("properties", {}), new.get("properties", {})
        was_required, is_required = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(is_required - was_required):
            yield Break(_path(at, name), "is newly required: records without it are in the log")
        for name in sorted(was_required - after.keys()):
            yield Break(_path(at, name), "was required, and is gone")
        for name in (name for name in before if name in after):
            if name not in was_required | is_required and before[name].get("default") != after[name].get("default"):
                yield Break(_path(at, name), "has another default: records without it would read otherwise")
            yield from self.compare(before[name], after[name], _path(at, name))
        rest_before, rest_after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if rest_after is False and rest_before is not False:
            yield Break(at or "the message", "no longer allows fields that it does not know")
        if isinstance(rest_before, dict) and isinstance(rest_after, dict):
            yield from self.compare(rest_before, rest_after, _path(at, "*"))

    def _array(self, old: JsonSchema, new: JsonSchema, at: str) -> Iterator[Break]:
        if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
            yield from self.compare(old["items"], new["items"], f"{at}[]")


def _path(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _resolved(root: JsonSchema, schema: JsonSchema) -> JsonSchema:
    while "$ref" in schema:
        found: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
    return schema


def _narrowed(old: JsonSchema, new: JsonSchema) -> str | None:
    """How the new fragment, fields and items aside, allows less than the old one; None if it does not."""
    if "type" in new and not _types(old) <= _types(new) | ({"integer"} if "number" in _types(new) else set()):
        return f"its type became narrower: {_named(old)} → {_named(new)}"
    lost = _lost_values(old, new)
    if lost is not None:
        return f"its values became fewer: {lost}"
    for name in EXACT:
        if name in new and new[name] != old.get(name):
            return f"its {name} became narrower"
    for name in LOWER_BOUNDS:
        if name in new and (name not in old or new[name] > old[name]):
            return f"its {name} became narrower"
    for name in UPPER_BOUNDS:
        if name in new and (name not in old or new[name] < old[name]):
            return f"its {name} became narrower"
    return None


def _types(schema: JsonSchema) -> set[str]:
    """The JSON types allowed; a mark for "anything" where the fragment names none."""
    named = schema.get("type", "anything")
    return set(named) if isinstance(named, list) else {named}


def _named(schema: JsonSchema) -> str:
    return " or ".join(sorted(_types(schema)))


def _lost_values(old: JsonSchema, new: JsonSchema) -> str | None:
    """The values that are no longer allowed, as text; None if all are."""
    after = _values(new)
    if after is None:
        return None
    before = _values(old)
    if before is None:
        return "any → a fixed list"
    return ", ".join(str(value) for value in before if value not in after) or None


def _values(schema: JsonSchema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values
