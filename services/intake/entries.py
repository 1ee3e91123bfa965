"""A resident's form: from what was entered to a submission, or back to the page with what is wrong."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from pydantic import ValidationError

from schemas.vocabulary import PointKind, Right, Span
from services.intake.form import Sent
from services.intake.submission import LOOK_BACK, Submission
from services.intake.uploads import Kept
from services.runtime.web.forms import Filled
from services.runtime.web.language import gettext, mark, spoken
from services.runtime.web.wording import FieldError, field_errors

ROWS: Final = 3
"""Rows for corrections on the page; whoever needs more says so in their own words."""

PARTS: Final = {"field": mark("What is wrong"), "value": mark("What it should say")}
POINTS: Final = {
    PointKind.STREET_ADDRESS: mark("Street address"),
    PointKind.POSTAL_CODE: mark("Postal code"),
    PointKind.DATE_OF_BIRTH: mark("Date of birth"),
    PointKind.ACCOUNT_NUMBER: mark("Account or customer number"),
}
LABELS: Final = {
    "owner": mark("Whom you ask"),
    "rights": mark("What you would like"),
    "since": mark("The first day"),
    "corrections": mark("What is wrong"),
    "child": mark("The child’s name"),
    "agent_name": mark("Your name"),
    "agent_email": mark("Your e-mail address"),
    "agent_basis": mark("What you show"),
    "name": mark("Your name"),
    "email": mark("E-mail address"),
    "phone": mark("Telephone"),
    **{kind.value: label for kind, label in POINTS.items()},
    "details": mark("In your own words"),
    "files": mark("Your files"),
    "declared_as": mark("Your signature"),
    "website": mark("The entry that stays empty"),
}
"""The name of each entry on the page, in the page's order."""

FOR_ANOTHER: Final = {
    "name": mark("The person’s name"),
    "email": mark("The person’s e-mail address"),
    "phone": mark("The person’s telephone"),
    "files": mark("The document"),
}
"""What some of them are called where somebody asks for another person."""

BACKWARD: Final = frozenset({Right.KNOW, Right.ACCESS})
"""The rights whose answers reach back in time."""

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_AGENT: Final = ("name", "email", "basis")
_LINES: Final = ("name", "email", "phone", "child", "details")


@dataclass(frozen=True, slots=True)
class Asking:
    """What one page asks for: of which owner, with which rights already chosen, and what a signature is good for."""

    owner: str
    rights: tuple[Right, ...] = ()
    signed_for: tuple[Right, ...] = ()
    about_a_child: bool = False
    by_agent: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """A form that was sent: its key, its entries to show again, and the submission or what is wrong with it."""

    key: str
    filled: Filled = field(default_factory=Filled)
    submission: Submission | None = None
    kept: tuple[Kept, ...] = ()


def fresh_key() -> str:
    """The idempotency key of one page shown: the button pressed twice is one request."""
    return secrets.token_urlsafe(18)


def key_of(sent: Sent) -> str:
    """The key that a form carries; a new one if it is not one of ours."""
    key = sent.text("key")
    return key if _KEY.fullmatch(key) else fresh_key()


def read(key: str, sent: Sent, asking: Asking, kept: Sequence[Kept], wrong: Sequence[FieldError]) -> Entered:
    """The form as a submission. ``wrong`` is what is known to be wrong with it already. Empty entries do not count."""
    errors = list(wrong)
    chosen: list[str] = list(asking.rights) or list(sent.entries.get("rights", []))
    rows = [row for row in range(ROWS) if any(sent.text(_place(row, part)) for part in PARTS)]
    points = [kind for kind in POINTS if sent.text(kind)]
    given: dict[str, object] = {
        "owner": asking.owner,
        "rights": chosen,
        "corrections": [{part: text for part in PARTS if (text := sent.text(_place(row, part)))} for row in rows],
        "points": [{"kind": kind, "value": sent.text(kind)} for kind in points],
        "locale": spoken(),
    }
    given |= {name: text for name in _LINES if (text := sent.text(name))}
    if BACKWARD.intersection(chosen):
        given["period"] = _period(sent, errors)
    if set(asking.signed_for).intersection(chosen) and (signature := _signature(sent, errors)):
        given["declared_as"] = signature
    if asking.about_a_child and not sent.text("child"):
        errors.append({"field": "child", "message": gettext("is required")})
    if asking.by_agent:
        given["agent"] = {part: text for part in _AGENT if (text := sent.text(f"agent_{part}"))}
        if not kept and not any(error["field"] == "files" for error in errors):
            errors.append({"field": "files", "message": gettext("is missing: add a picture or a scan of it")})
    if sent.text("website"):  # people do not see this entry; programs fill in whatever there is
        errors.append({"field": "website", "message": gettext("must stay empty: please take out what is in it")})
    submission = None
    try:
        submission = Submission.model_validate(given)
    except ValidationError as error:
        found = field_errors(dict(one) for one in error.errors(include_url=False, include_input=False))
        errors += [_in_the_form(one, rows, points) for one in found]
    return Entered(key, Filled(sent.entries, errors), None if errors else submission, tuple(kept))


def summary(filled: Filled, *, by_agent: bool = False) -> list[tuple[str, str]]:
    """What is wrong, a line for each, in the order of the page, with the id of the entry it is about."""
    called = LABELS | FOR_ANOTHER if by_agent else LABELS
    order = list(LABELS)
    errors = sorted(filled.errors, key=lambda error: order.index(top) if (top := _top(error)) in order else len(order))
    return [(error["field"], f"{_label(error['field'], called)} {error['message']}") for error in errors]


def _period(sent: Sent, errors: list[FieldError]) -> dict[str, object]:
    """How far back. A first day that was written counts, unless everything is asked for."""
    span, text = sent.text("span"), sent.text("since")
    if span == Span.EVERYTHING:
        return {"span": Span.EVERYTHING}
    if span != Span.SINCE and not text:
        return {"span": Span.TWELVE_MONTHS}
    wrong = ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        wrong = gettext("is required") if not text else gettext("must be a date")
    else:
        if day < LOOK_BACK:
            wrong = gettext("must be January 1, 2022 or later: the law reaches back no further")
        elif day > datetime.now(UTC).date():
            wrong = gettext("must lie in the past")
    if wrong:
        errors.append({"field": "since", "message": wrong})
        return {"span": Span.TWELVE_MONTHS}
    return {"span": Span.SINCE, "since": text}


def _signature(sent: Sent, errors: list[FieldError]) -> str:
    """The name under the declaration; it counts only together with the tick."""
    name, ticked = sent.text("declared_as"), bool(sent.text("declare"))
    if name and not ticked:
        errors.append({"field": "declared_as", "message": gettext("needs the tick beside the declaration")})
    if ticked and not name:
        errors.append({"field": "declared_as", "message": gettext("is required under a declaration")})
    return name if ticked else ""


def _top(error: FieldError) -> str:
    return error["field"].partition(".")[0]


def _label(place: str, called: Mapping[str, str]) -> str:
    top, _, rest = place.partition(".")
    row, _, part = rest.partition(".")
    if part in PARTS:
        return gettext("Correction {number}, “{entry}”,").format(number=int(row) + 1, entry=gettext(PARTS[part]))
    return gettext(called.get(top, mark("An entry")))


def _in_the_form(error: FieldError, rows: Sequence[int], points: Sequence[PointKind]) -> FieldError:
    """The error under the name of the entry it is about: rows left empty were not counted."""
    top, _, rest = error["field"].partition(".")
    index, _, part = rest.partition(".")
    if top == "corrections" and index.isdecimal():
        return {"field": _place(rows[int(index)], part or "field"), "message": error["message"]}
    if top == "points" and index.isdecimal():
        return {"field": points[int(index)].value, "message": error["message"]}
    if top == "agent":
        return {"field": f"agent_{rest}" if rest in _AGENT else "agent_name", "message": error["message"]}
    if top == "rights":
        return {"field": top, "message": gettext("needs at least one choice")}
    return {"field": top, "message": error["message"]}


def _place(row: int, part: str) -> str:
    return f"corrections.{row}.{part}"
