"""The desk's form: from what a caller says or a letter holds to a submission, or back with what is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from schemas.catalogue import Owner
from schemas.vocabulary import Channel, PointKind
from services.intake.entries import fresh_key
from services.intake.submission import Submission
from services.runtime.web.forms import Filled
from services.runtime.web.language import speaking
from services.runtime.web.session import CSRF_FIELD
from services.runtime.web.wording import FieldError, field_errors

CHANNELS: Final = (Channel.PHONE, Channel.POST, Channel.EMAIL)
"""What staff may enter; anything else came by a door of its own."""

ROWS: Final = 3
PARTS: Final = {"field": "What is wrong", "value": "What it should say"}
OLDEST: Final = timedelta(days=60)
"""How long a letter may have lain before it was entered."""

LABELS: Final = {
    "channel": "How it came",
    "owner": "Whom they ask",
    "received_on": "Arrived on",
    "rights": "What they would like",
    "name": "Their name",
    "email": "E-mail address",
    "phone": "Telephone",
    "address": "Postal address",
    "locale": "Language of their letters",
    "since": "The first day",
    "span": "How far back",
    "details": "In their own words",
    "corrections": "What is wrong",
    "declared_as": "Signed declaration",
    "agent_name": "The agent’s name",
    "agent_email": "The agent’s e-mail address",
    "agent_basis": "What the agent shows",
    "document": "The agent’s document",
    "child": "The child’s name",
    **{kind.value: kind.value.replace("_", " ").capitalize() for kind in PointKind},
}
"""The name of each entry on the page, for the list of what is wrong."""

_PLAIN: Final = ("name", "email", "phone", "address", "locale", "details", "declared_as", "child")
_ON_PAGE: Final = {"period": "span", "period.since": "since", "agent": "agent_name"}
_AGENT: Final = ("name", "email", "basis")
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_DAY: Final[TypeAdapter[date]] = TypeAdapter(date)

Entries = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A form that was sent. ``submission`` is None where something is wrong with it; ``filled`` says what."""

    filled: Filled
    key: str
    channel: Channel = Channel.PHONE
    received_on: date | None = None
    submission: Submission | None = None
    attested: bool = False


def read(form: FormData, owners: Sequence[Owner], now: datetime) -> Entry:
    """What was entered, by somebody who may enter for ``owners``. In English, whatever the browser prefers."""
    with speaking("en", always=True):
        return _read(form, owners, now)


def _read(form: FormData, owners: Sequence[Owner], now: datetime) -> Entry:
    entries: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and name not in (CSRF_FIELD, "key"):
            entries.setdefault(name, []).append(value)
    key = form.get("key")
    key = key if isinstance(key, str) and _KEY.fullmatch(key) else fresh_key()
    errors: list[FieldError] = []
    owner = owners[0] if len(owners) == 1 else next((o for o in owners if o.slug == _text(entries, "owner")), None)
    if owner is None:
        errors.append({"field": "owner", "message": "must be chosen"})
    channel = next((channel for channel in CHANNELS if channel == _text(entries, "channel")), None)
    if channel is None:
        errors.append({"field": "channel", "message": "must be chosen"})
    arrived = _arrived(entries, owner, now, errors)
    submission = _submission(entries, owner.slug if owner else "unknown", errors)
    return Entry(
        Filled(entries, errors),
        key,
        channel or Channel.PHONE,
        arrived,
        None if errors else submission,
        bool(_text(entries, "attested")),
    )


def received_at(entry: Entry, owner: Owner, now: datetime) -> datetime:
    """When the statutory clock starts: now, or on the day a letter arrived (11 CCR 7021(b))."""
    zone = ZoneInfo(owner.zone)
    if entry.received_on is None or entry.received_on == now.astimezone(zone).date():
        return now
    return datetime.combine(entry.received_on, time(12), zone).astimezone(now.tzinfo)


def summary(filled: Filled) -> list[tuple[str, str]]:
    """What is wrong, a line for each, with the id of the entry it is about."""
    return [(error["field"], f"{_label(error['field'])} {error['message']}") for error in filled.errors]


def _label(field: str) -> str:
    top, _, rest = field.partition(".")
    row, _, part = rest.partition(".")
    return f"Correction {int(row) + 1}, “{PARTS[part]}”," if part in PARTS else LABELS.get(top, "An entry")


def _arrived(entries: Entries, owner: Owner | None, now: datetime, errors: list[FieldError]) -> date | None:
    text = _text(entries, "received_on")
    if not text:
        return None
    try:
        day = _DAY.validate_strings(text)
    except ValidationError:
        errors.append({"field": "received_on", "message": "must be a date"})
        return None
    today = now.astimezone(ZoneInfo(owner.zone if owner else "UTC")).date()
    if not today - OLDEST <= day <= today:
        errors.append({"field": "received_on", "message": f"must be today or in the {OLDEST.days} days before"})
    return day


def _submission(entries: Entries, owner: str, errors: list[FieldError]) -> Submission | None:
    rows = [row for row in range(ROWS) if any(_text(entries, f"corrections.{row}.{part}") for part in PARTS)]
    points = [kind for kind in PointKind if _text(entries, kind.value)]
    given: dict[str, object] = {"owner": owner, "rights": entries.get("rights", [])}
    given |= {name: text for name in _PLAIN if (text := _text(entries, name))}
    given["corrections"] = [
        {part: text for part in PARTS if (text := _text(entries, f"corrections.{row}.{part}"))} for row in rows
    ]
    given["points"] = [{"kind": kind, "value": _text(entries, kind.value)} for kind in points]
    given["period"] = {name: text for name in ("span", "since") if (text := _text(entries, name))}
    agent = {part: text for part in _AGENT if (text := _text(entries, f"agent_{part}"))}
    if agent:
        given["agent"] = agent
    try:
        return Submission.model_validate(given)
    except ValidationError as error:
        wrong = field_errors(dict(one) for one in error.errors(include_url=False, include_input=False))
    errors.extend(_on_page(one, rows, points) for one in wrong)
    return None


def _on_page(error: FieldError, rows: Sequence[int], points: Sequence[PointKind]) -> FieldError:
    """The error under the name its entry has on the page; rows left empty were not counted."""
    field, message = error["field"], error["message"]
    top, _, rest = field.partition(".")
    index, _, part = rest.partition(".")
    if top == "corrections" and index.isdecimal():
        return {"field": f"corrections.{rows[int(index)]}.{part or 'field'}", "message": message}
    if top == "points" and index.isdecimal():
        return {"field": points[int(index)].value, "message": message}
    if top == "agent" and rest in _AGENT:
        return {"field": f"agent_{rest}", "message": message}
    if top == "rights":
        return {"field": top, "message": "needs at least one choice"}
    return {"field": _ON_PAGE.get(field, top), "message": message}


def _text(entries: Entries, name: str) -> str:
    return entries.get(name, [""])[-1].strip()
