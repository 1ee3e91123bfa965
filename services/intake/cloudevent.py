"""Reads a submission out of a Kafka record: a CloudEvent 1.0 in structured or in binary mode."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from schemas.envelope import CONTENT_TYPE, MAX_RECORD_BYTES, Malformed
from services.intake.submission import Submission
from services.runtime.chain import Record
from services.runtime.web.wording import place

STEM: Final = "dsr.submission"
TYPE: Final = f"{STEM}.v1"

_Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


@dataclass(frozen=True, slots=True)
class Event:
    """What was understood. ``id`` is the client's idempotency key."""

    id: str
    submission: Submission


class Attributes(BaseModel):
    """What CloudEvents requires of every event. Other attributes are a client's own affair."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: _Text
    id: _Key
    source: _Text
    type: _Text
    datacontenttype: str | None = None


def submitted(record: Record) -> Event:
    """The event. Raises Malformed with a stable code and the place of the error; neither quotes the record."""
    if record.value is None:
        raise Malformed("empty")
    if len(record.value) > MAX_RECORD_BYTES:
        raise Malformed("oversized")
    given, data = _taken_apart(record.value, _headers(record))
    attributes = _attributes(given)
    if attributes.specversion != "1.0":
        raise Malformed("unknown-specversion", "specversion")
    if attributes.type != TYPE:
        raise Malformed("unknown-version" if attributes.type.startswith(f"{STEM}.v") else "unknown-type", "type")
    if attributes.datacontenttype and not _is_json(attributes.datacontenttype):
        raise Malformed("unknown-content-type", "datacontenttype")
    try:
        return Event(attributes.id, Submission.model_validate(data))
    except ValidationError as error:
        raise Malformed("bad-data", _where("data", error)) from None


def _taken_apart(value: bytes, headers: dict[str, str]) -> tuple[dict[str, Any], Any]:
    """Attributes and data. Binary mode is known by its headers, structured mode by its media type or its shape."""
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if "ce_specversion" in headers and media != CONTENT_TYPE:
        attributes = {name.removeprefix("ce_"): text for name, text in headers.items() if name.startswith("ce_")}
        return {**attributes, "datacontenttype": headers.get("content-type")}, _json(value)
    if media not in {CONTENT_TYPE, "application/json", ""}:
        raise Malformed("unknown-content-type", "content-type")
    event = _json(value)
    if not isinstance(event, dict) or "specversion" not in event:
        raise Malformed("not-a-cloudevent")
    return event, event.get("data")


def _attributes(given: dict[str, Any]) -> Attributes:
    try:
        return Attributes.model_validate(given)
    except ValidationError as error:
        raise Malformed("not-a-cloudevent", _where("", error)) from None


def _headers(record: Record) -> dict[str, str]:
    return {name.lower(): text.decode("utf-8", "replace") for name, text in record.headers if text is not None}


def _json(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise Malformed("not-json") from None


def _is_json(media: str) -> bool:
    name = media.partition(";")[0].strip().lower()
    return name == "application/json" or name.endswith("+json")


def _where(prefix: str, error: ValidationError) -> str:
    """Where the first error lies. The name of a field we do not know is the client's text, and stays behind."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    loc = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    return ".".join(part for part in (prefix, place(loc)) if part)
