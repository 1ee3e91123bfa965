"""A form as a person filled it in: the model it makes, or the entries and what is wrong with each, to show again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from fastapi import Request
from pydantic import BaseModel, ValidationError

from services.runtime.web.session import CSRF_FIELD
from services.runtime.web.wording import FieldError, field_errors

Model = TypeVar("Model", bound=BaseModel)
_MANY = (list, tuple, set, frozenset)


@dataclass(frozen=True, slots=True)
class Filled:
    """Entries to show in a form, with their errors; without arguments an empty form."""

    entries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: Sequence[FieldError] = ()

    def value(self, name: str, default: str = "") -> str:
        """What was entered into ``name``."""
        entered = self.entries.get(name)
        return entered[-1] if entered else default

    def chosen(self, name: str, choice: str) -> bool:
        """True if ``choice`` is ticked in ``name``."""
        return choice in self.entries.get(name, ())

    def error(self, name: str) -> str:
        """What is wrong with ``name``, or with a part of it; empty if nothing."""
        found = (e["message"] for e in self.errors if e["field"] == name or e["field"].startswith(f"{name}."))
        return next(found, "")


async def submitted(request: Request, model: type[Model]) -> Model | Filled:
    """The form's entries as ``model``, or as they were entered, with errors. Empty entries count as not entered."""
    form = await request.form()
    entries: dict[str, list[str]] = {}
    for name, entry in form.multi_items():
        if isinstance(entry, str) and name != CSRF_FIELD:
            entries.setdefault(name, []).append(entry)
    try:
        return model.model_validate(_shaped(entries, model))
    except ValidationError as error:
        return Filled(entries, field_errors(dict(e) for e in error.errors(include_url=False, include_input=False)))


def _shaped(entries: Mapping[str, Sequence[str]], model: type[BaseModel]) -> dict[str, object]:
    fields = {name: declared.annotation for name, declared in model.model_fields.items()}
    fields |= {d.alias: d.annotation for d in model.model_fields.values() if d.alias}
    shaped: dict[str, object] = {}
    for name, entered in entries.items():
        written = [entry for entry in entered if entry.strip()]
        if written:
            shaped[name] = written if _many(fields.get(name)) else written[-1]
    return shaped


def _many(annotation: Any) -> bool:
    """True for a field that holds several values, also an optional one."""
    origin = get_origin(annotation) or annotation
    if origin in (Union, UnionType):
        return any(_many(part) for part in get_args(annotation))
    return origin in _MANY
