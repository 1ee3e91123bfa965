"""The check for breaking changes sees each kind of break, names the field, and lets harmless changes pass."""

from typing import Any, Literal

import pytest
from pydantic import Field, create_model

from schemas.base import Fact
from schemas.publish.compatibility import Break, breaks
from schemas.vocabulary import Exemption


class Part(Fact):
    count: int


class NarrowPart(Fact):
    count: int = Field(ge=1)


class Tree(Fact):
    children: tuple["Tree", ...] = ()


def found(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str]]:
    """(field, first words of the problem) between two models of these fields."""
    one, other = (create_model("Message", __base__=Fact, **fields).model_json_schema() for fields in (old, new))
    return [(each.field, each.problem) for each in breaks(one, other)]


SOME_TEXT: Any = (str, ...)

BREAKING = {
    "a newly required field": ({}, {"reason": SOME_TEXT}, "reason", "is newly required"),
    "an optional field made required": ({"reason": (str, "")}, {"reason": SOME_TEXT}, "reason", "is newly required"),
    "a required field removed": ({"reason": SOME_TEXT}, {}, "reason", "was required, and is gone"),
    "another type": ({"count": (int, ...)}, {"count": SOME_TEXT}, "count", "its type became narrower: integer → str"),
    "a number made whole": ({"count": (float, ...)}, {"count": (int, ...)}, "count", "its type became narrower"),
    "null no longer allowed": ({"law": (str | None, ...)}, {"law": SOME_TEXT}, "law", "its type became narrower"),
    "a value of a list removed": (
        {"why": (Literal["a", "b"], ...)}, {"why": (Literal["a"], ...)}, "why", "its values became fewer: b",
    ),
    "a free text made a list": (
        {"why": SOME_TEXT}, {"why": (Exemption, ...)}, "why", "its values became fewer: any → a fixed list",
    ),
    "a pattern added": (
        {"why": SOME_TEXT}, {"why": (str, Field(pattern="^x"))}, "why", "its pattern became narrower",
    ),
    "a shorter limit": (
        {"w": (str, Field(max_length=9))}, {"w": (str, Field(max_length=8))}, "w", "its maxLength became narrower",
    ),
    "a higher minimum": (
        {"n": (int, Field(ge=1))}, {"n": (int, Field(ge=2))}, "n", "its minimum became narrower",
    ),
    "another default": ({"n": (int, 5)}, {"n": (int, 6)}, "n", "has another default"),
    "inside a part": ({"p": (Part, ...)}, {"p": (NarrowPart, ...)}, "p.count", "its minimum became narrower"),
    "inside a list of parts": (
        {"p": (tuple[Part, ...], ())}, {"p": (tuple[NarrowPart, ...], ())}, "p[].count", "its minimum became narrower",
    ),
    "inside an optional part": (
        {"p": (Part | None, None)}, {"p": (NarrowPart | None, None)}, "p.count", "its minimum became narrower",
    ),
    "inside a mapping": (
        {"p": (dict[str, int], {})}, {"p": (dict[str, str], {})}, "p.*", "its type became narrower",
    ),
}  # fmt: skip

HARMLESS = {
    "nothing at all": ({"reason": SOME_TEXT}, {"reason": SOME_TEXT}),
    "an optional field added": ({}, {"reason": (str | None, None)}),
    "a required field made optional": ({"reason": SOME_TEXT}, {"reason": (str, "")}),
    "null newly allowed": ({"law": SOME_TEXT}, {"law": (str | None, ...)}),
    "a value added to a list": ({"why": (Literal["a"], ...)}, {"why": (Literal["a", "b"], ...)}),
    "a list made free text": ({"why": (Literal["a"], ...)}, {"why": SOME_TEXT}),
    "a whole number made any": ({"count": (int, ...)}, {"count": (float, ...)}),
    "a longer limit": ({"why": (str, Field(max_length=8))}, {"why": (str, Field(max_length=9))}),
    "a pattern removed": ({"why": (str, Field(pattern="^x"))}, {"why": SOME_TEXT}),
    "a wider part": ({"p": (NarrowPart, ...)}, {"p": (Part, ...)}),
    "another description": ({"n": (int, Field(description="a"))}, {"n": (int, Field(description="b"))}),
}


@pytest.mark.parametrize(("old", "new", "field", "problem"), BREAKING.values(), ids=BREAKING)
def test_a_break_is_found_and_names_the_field(
    old: dict[str, Any], new: dict[str, Any], field: str, problem: str
) -> None:
    [(at, why)] = found(old, new)
    assert at == field
    assert why.startswith(problem)


@pytest.mark.parametrize(("old", "new"), HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_change_passes(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert found(old, new) == []


def test_every_break_is_named_not_only_the_first() -> None:
    assert [field for field, _ in found({"a": SOME_TEXT, "b": SOME_TEXT}, {"b": (int, ...), "c": SOME_TEXT})] == [
        "c", "a", "b",
    ]  # fmt: skip


def test_a_type_that_holds_itself_is_compared_once() -> None:
    assert breaks(Tree.model_json_schema(), Tree.model_json_schema()) == ()


def test_a_break_reads_as_a_sentence() -> None:
    assert str(Break("law", "was required, and is gone")) == "law: was required, and is gone"
