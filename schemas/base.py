"""What every message is made of: frozen facts for readers, strict forms for doors, sealed text, points in time."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Fact(BaseModel):
    """A message or a part of one as a reader sees it: frozen, and lenient towards fields it does not know yet."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str] = ""
    """The type tag on the wire, such as ``dsr.verifier.identity-verified.v1``; empty for parts of messages."""


class Form(BaseModel):
    """What arrives at a door: frozen, and strict, so that a misspelt field is an error and not a silent loss."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def in_utc(moment: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a time without a zone: nobody may guess one."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone")
    return moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(in_utc)]
"""An instant, always with a zone, kept in UTC and written as RFC 3339."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
"""A short name that is safe in a path, a topic and a file name."""

Sealed = Annotated[str, StringConstraints(pattern=r"^sealed:v1:(verification|fulfilment|record):[A-Za-z0-9_-]+$")]
"""Personal data as it travels: AES-256-GCM ciphertext, bound to its field and request. Opened only through the
vault.
"""
