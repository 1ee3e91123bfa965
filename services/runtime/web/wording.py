"""Our own words for what is wrong with a field, in the language being spoken. They never quote what was entered (a
pydantic error does).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, LiteralString, TypedDict

from pydantic_core import PydanticCustomError

from services.runtime.web.language import gettext, mark, ngettext

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
        return gettext(str(error["msg"]))
    if kind == "value_error" and str(error.get("msg", "")).startswith("value is not a valid email address"):
        return gettext("must look like name@example.com")
    wording = _WORDS.get(kind)
    if wording is not None:
        return wording(error.get("ctx") or {})
    return gettext(next((words for end, words in _ENDINGS if kind.endswith(end)), mark("is not valid")))


def _plain(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _limits: gettext(words)


def _with(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda limits: gettext(words).format_map(limits)


def _counted(one: str, many: str, limit: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda limits: ngettext(one, many, limits[limit]).format(limits[limit])


_at_least: Final = _counted("must be at least {} character", "must be at least {} characters", "min_length")

_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "missing": _plain("is required"),
    "extra_forbidden": _plain("is not a field of this form"),
    "enum": _plain("is not one of the allowed values"),
    "literal_error": _plain("is not one of the allowed values"),
    "union_tag_invalid": _plain("is not one of the allowed kinds"),
    "union_tag_not_found": _plain("must say which kind it is"),
    "string_too_long": _counted("must be at most {} character", "must be at most {} characters", "max_length"),
    "string_too_short": lambda limits: gettext("is required") if limits["min_length"] == 1 else _at_least(limits),
    "string_pattern_mismatch": _plain("is not written as expected"),
    "too_long": _counted("must have at most {} item", "must have at most {} items", "max_length"),
    "too_short": _counted("must have at least {} item", "must have at least {} items", "min_length"),
    "greater_than": _with("must be more than {gt}"),
    "greater_than_equal": _with("must be {ge} or more"),
    "less_than": _with("must be less than {lt}"),
    "less_than_equal": _with("must be {le} or less"),
    "timezone_aware": _plain("needs a time zone"),
    "json_invalid": _plain("is not valid JSON"),
}

_ENDINGS: Final = (
    ("string_type", mark("must be text")),
    ("int_type", mark("must be a whole number")),
    ("int_parsing", mark("must be a whole number")),
    ("int_from_float", mark("must be a whole number")),
    ("float_type", mark("must be a number")),
    ("float_parsing", mark("must be a number")),
    ("bool_type", mark("must be true or false")),
    ("bool_parsing", mark("must be true or false")),
    ("list_type", mark("must be a list")),
    ("tuple_type", mark("must be a list")),
    ("set_type", mark("must be a list")),
    ("dict_type", mark("must be an object")),
    ("model_type", mark("must be an object")),
    ("model_attributes_type", mark("must be an object")),
    ("datetime_type", mark("must be a date and time")),
    ("datetime_parsing", mark("must be a date and time")),
    ("datetime_from_date_parsing", mark("must be a date and time")),
    ("date_type", mark("must be a date")),
    ("date_parsing", mark("must be a date")),
    ("date_from_datetime_parsing", mark("must be a date")),
    ("uuid_type", mark("must be a UUID")),
    ("uuid_parsing", mark("must be a UUID")),
    ("url_parsing", mark("must be a web address")),
)
