"""Our own words for what is wrong with a field. They never quote what was entered (a pydantic error does)."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, LiteralString, TypedDict

from pydantic_core import PydanticCustomError

OURS: Final = "habeas"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_DOORS: Final = frozenset({"body", "query", "path", "header", "cookie"})


class FieldError(TypedDict):
    """One thing wrong: the field's dotted path, and a message that reads on after the field's name."""

    field: str
    message: str


def wrong(message: LiteralString) -> PydanticCustomError:
    """What a validator raises to be heard in its own words: ``wrong("must be in the past")``. Never put input in."""
    return PydanticCustomError(OURS, message.replace("{", "(").replace("}", ")"))


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """pydantic's errors, in our words."""
    return [{"field": place(error["loc"]), "message": message(error)} for error in errors]


def place(loc: Iterable[str | int]) -> str:
    """A dotted path. The door's name is left out; a name that cannot be a field of ours is not repeated."""
    parts = list(loc)
    if len(parts) > 1 and parts[0] in _DOORS:
        parts = parts[1:]
    return ".".join(str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?" for part in parts)


def message(error: Mapping[str, Any]) -> str:
    """The wording for one error. Limits come from the form's declaration, never from what was entered."""
    kind: str = error["type"]
    if kind == OURS:
        return str(error["msg"])
    if kind == "value_error" and str(error.get("msg", "")).startswith("value is not a valid email address"):
        return "must look like name@example.com"
    wording = _WORDS.get(kind)
    if wording is not None:
        return wording(error.get("ctx") or {})
    return next((words for end, words in _ENDINGS if kind.endswith(end)), "is not valid")


def _plain(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _limits: words


def _with(words: str) -> Callable[[Mapping[str, Any]], str]:
    return words.format_map


_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "missing": _plain("is required"),
    "extra_forbidden": _plain("is not a field of this form"),
    "enum": _plain("is not one of the allowed values"),
    "literal_error": _plain("is not one of the allowed values"),
    "union_tag_invalid": _plain("is not one of the allowed kinds"),
    "union_tag_not_found": _plain("must say which kind it is"),
    "string_too_long": lambda limits: f"must be at most {_count(limits['max_length'], 'character')}",
    "string_too_short": lambda limits: (
        "is required" if limits["min_length"] == 1 else f"must be at least {_count(limits['min_length'], 'character')}"
    ),
    "string_pattern_mismatch": _plain("is not written as expected"),
    "too_long": lambda limits: f"must have at most {_count(limits['max_length'], 'item')}",
    "too_short": lambda limits: f"must have at least {_count(limits['min_length'], 'item')}",
    "greater_than": _with("must be more than {gt}"),
    "greater_than_equal": _with("must be {ge} or more"),
    "less_than": _with("must be less than {lt}"),
    "less_than_equal": _with("must be {le} or less"),
    "timezone_aware": _plain("needs a time zone"),
    "json_invalid": _plain("is not valid JSON"),
}

_ENDINGS: Final = (
    ("string_type", "must be text"),
    ("int_type", "must be a whole number"),
    ("int_parsing", "must be a whole number"),
    ("int_from_float", "must be a whole number"),
    ("float_type", "must be a number"),
    ("float_parsing", "must be a number"),
    ("bool_type", "must be true or false"),
    ("bool_parsing", "must be true or false"),
    ("list_type", "must be a list"),
    ("tuple_type", "must be a list"),
    ("set_type", "must be a list"),
    ("dict_type", "must be an object"),
    ("model_type", "must be an object"),
    ("model_attributes_type", "must be an object"),
    ("datetime_type", "must be a date and time"),
    ("datetime_parsing", "must be a date and time"),
    ("datetime_from_date_parsing", "must be a date and time"),
    ("date_type", "must be a date"),
    ("date_parsing", "must be a date"),
    ("date_from_datetime_parsing", "must be a date"),
    ("uuid_type", "must be a UUID"),
    ("uuid_parsing", "must be a UUID"),
    ("url_parsing", "must be a web address"),
)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
