"""What may be submitted at any door."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from schemas.base import Form, Slug
from schemas.vocabulary import NEEDS_NO_PROOF, Basis, PointKind, Right, Span
from services.intake.fields import Content, Email, Line, Name, Paragraphs, Phone, Rights
from services.runtime.web.wording import wrong

LOOK_BACK = date(2022, 1, 1)
"""Nobody may ask further back: older data is outside the right to know (Cal. Civ. Code 1798.130(a)(2)(B))."""


class CorrectionEntry(Form):
    """One value that is wrong: which, and what it should say."""

    field: Line
    value: Line


class PointEntry(Form):
    """Something the person says of themselves, to be compared with what is held."""

    kind: PointKind
    value: Line


class DocumentEntry(Form):
    """A file that travels within a message."""

    name: Line
    content: Content


class AgentEntry(Form):
    """Whoever asks on the person's behalf, and on what they rest (11 CCR 7063).

    ``document`` shows it: the signed permission, or the power of attorney. A page takes it as a file instead.
    """

    name: Name
    email: Email
    basis: Basis
    document: DocumentEntry | None = None


class PeriodEntry(Form):
    """How far back to look (R15)."""

    span: Span = Span.TWELVE_MONTHS
    since: Annotated[date | None, Field(ge=LOOK_BACK)] = None

    @model_validator(mode="after")
    def _a_day_where_one_is_meant(self) -> Self:
        if (self.since is not None) != (self.span is Span.SINCE):
            raise wrong("must name a first day if, and only if, it begins on one")
        return self


class Submission(Form):
    """What a person, or a system on their behalf, asks of an owner. Its repr shows nothing of it.

    ``declared_as`` is the name under which the declaration under penalty of perjury is signed (11 CCR 7062(c));
    ``address`` is where letters on paper go, of somebody who wants them or has no e-mail address.
    """

    owner: Slug
    rights: Rights
    name: Name
    phone: Phone | None = None
    email: Annotated[Email | None, Field(validate_default=True)] = None
    corrections: tuple[CorrectionEntry, ...] = Field(default=(), max_length=20, validate_default=True)
    locale: Literal["en", "es"] = "en"
    period: PeriodEntry = PeriodEntry()
    details: Paragraphs | None = None
    points: Annotated[tuple[PointEntry, ...], Field(max_length=8)] = ()
    declared_as: Name | None = None
    agent: AgentEntry | None = None
    child: Name | None = None
    address: Annotated[Paragraphs, Field(max_length=500)] | None = None

    @field_validator("email")
    @classmethod
    def _or_a_telephone(cls, email: Email | None, info: ValidationInfo) -> Email | None:
        if email is None and info.data.get("phone", "wrong") is None:
            raise wrong("is required, unless there is a telephone number")
        return email

    @field_validator("corrections")
    @classmethod
    def _with_the_right_to_correct(
        cls, corrections: tuple[CorrectionEntry, ...], info: ValidationInfo
    ) -> tuple[CorrectionEntry, ...]:
        rights = info.data.get("rights")
        if rights is not None and Right.CORRECT in rights and not corrections:
            raise wrong("must say what is wrong and what it should say")
        if rights is not None and Right.CORRECT not in rights and corrections:
            raise wrong("can only be given together with the right to correct")
        return corrections

    @property
    def at_once(self) -> tuple[Right, ...]:
        """The rights that go ahead without proof (11 CCR 7060(b))."""
        return tuple(right for right in self.rights if right in NEEDS_NO_PROOF)

    @property
    def after_proof(self) -> tuple[Right, ...]:
        """The rights that wait until the person has shown who they are."""
        return tuple(right for right in self.rights if right not in NEEDS_NO_PROOF)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return ()
