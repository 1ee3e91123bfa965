"""The privacy page's form: from what was entered to a submission, or back to the page with what is wrong."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from pydantic import ValidationError

from services.intake.submission import Submission
from services.runtime.web.forms import Filled
from services.runtime.web.wording import FieldError, field_errors

ROWS: Final = 3
"""Rows for corrections on the page; whoever needs more says so in the letter they get."""

LABELS: Final = {
    "rights": "What you would like",
    "name": "Your name",
    "email": "E-mail address",
    "phone": "Telephone",
    "corrections": "What is wrong",
}
PARTS: Final = {"field": "What is wrong", "value": "What it should say"}

_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Entered:
    """A form that was sent: its key, its entries to show again, and the submission or what is wrong with it."""

    key: str
    filled: Filled
    submission: Submission | None = None


def fresh_key() -> str:
    """The idempotency key of one page shown: the button pressed twice is one request."""
    return secrets.token_urlsafe(18)


async def entered(request: Request, owner: str) -> Entered:
    """The form that ``request`` carries, read for ``owner``. Empty entries count as not entered."""
    form = await request.form()
    entries: dict[str, list[str]] = {}
    for name, entry in form.multi_items():
        if isinstance(entry, str):
            entries.setdefault(name, []).append(entry)
    rows = [row for row in range(ROWS) if any(_text(entries, _place(row, part)) for part in PARTS)]
    given: dict[str, object] = {
        "owner": owner,
        "rights": entries.get("rights", []),
        "corrections": [{p: text for p in PARTS if (text := _text(entries, _place(row, p)))} for row in rows],
    }
    given |= {name: text for name in ("name", "email", "phone") if (text := _text(entries, name))}
    key = _text(entries, "key")
    key = key if _KEY.fullmatch(key) else fresh_key()
    try:
        return Entered(key, Filled(entries), Submission.model_validate(given))
    except ValidationError as error:
        wrong = field_errors(dict(one) for one in error.errors(include_url=False, include_input=False))
    return Entered(key, Filled(entries, [_in_the_form(one, rows) for one in wrong]))


def summary(filled: Filled) -> list[tuple[str, str]]:
    """What is wrong, a line for each, with the id of the entry it is about."""
    return [(error["field"], f"{_label(error['field'])} {error['message']}") for error in filled.errors]


def _label(field: str) -> str:
    top, _, rest = field.partition(".")
    row, _, part = rest.partition(".")
    if part in PARTS:
        return f"Correction {int(row) + 1}, “{PARTS[part]}”,"
    return LABELS.get(top, "An entry")


def _in_the_form(error: FieldError, rows: Sequence[int]) -> FieldError:
    """The error under the name of the entry it is about: rows left empty were not counted."""
    top, _, rest = error["field"].partition(".")
    index, _, part = rest.partition(".")
    if top == "corrections" and index.isdecimal():
        return {"field": _place(rows[int(index)], part or "field"), "message": error["message"]}
    return {"field": top, "message": "needs at least one choice" if top == "rights" else error["message"]}


def _place(row: int, part: str) -> str:
    return f"corrections.{row}.{part}"


def _text(entries: Mapping[str, Sequence[str]], name: str) -> str:
    return entries.get(name, [""])[-1].strip()
