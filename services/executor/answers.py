"""What a product may answer, word for word: anything else is no answer (the product protocol)."""

from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
"""A data set or field as a product names it. It goes into the log and into letters, so it may not be a sentence."""

Ref = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Count = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]
Many = 1_000
"""More data sets or candidates than this is no answer about one person."""


class Answer(BaseModel):
    """Frozen, and lenient towards fields that a newer product adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Candidate(Answer):
    """Somebody the product knows by what was asked. ``shared`` names identifiers that other people there hold too."""

    ref: Ref
    matched: tuple[Name, ...] = Field(max_length=20)
    shared: tuple[Name, ...] = Field(max_length=20)
    data_sets: dict[Name, Count] = Field(max_length=Many)

    @property
    def records(self) -> int:
        """How many records there are of them, in all data sets."""
        return sum(self.data_sets.values())


class Found(Answer):
    """The answer to ``find``."""

    candidates: tuple[Candidate, ...] = Field(max_length=Many)


class Match(Answer):
    """The answer to ``match``."""

    match: Annotated[bool, Field(strict=True)]


class Line(Answer):
    """What became of one data set."""

    name: Name
    count: Count


class AccessLine(Line):
    """The records of one data set; ``held_not_disclosed`` names fields that are held and never shown (R23)."""

    outcome: Literal["delivered", "not_found"]
    records: tuple[dict[str, JsonValue], ...] = ()
    held_not_disclosed: tuple[Name, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _all_there(self) -> Self:
        if len(self.records) != (self.count if self.outcome == "delivered" else 0):
            raise ValueError("the records are not as many as they are said to be")
        return self


class EraseLine(Line):
    """What is kept is kept under a law, and the law is named (R21)."""

    outcome: Literal["erased", "deidentified", "aggregated", "retained", "not_found"]
    law: Words | None = None

    @model_validator(mode="after")
    def _law_named(self) -> Self:
        if self.outcome == "retained" and self.law is None:
            raise ValueError("what is retained is retained under a law")
        return self


class CorrectLine(Line):
    """``unsupported_fields`` names those of the wanted changes that the product cannot make here."""

    outcome: Literal["corrected", "unsupported", "not_found"]
    unsupported_fields: tuple[str, ...] = Field(default=(), max_length=100)


class Told(Answer):
    """A third party that the product told to do the same, and when it acknowledged that (R31)."""

    name: Words
    acknowledged_at: AwareDatetime


class OptOutLine(Line):
    """Records that are marked: not to be sold or shared, or their sensitive data used for the service alone."""

    outcome: Literal["opted_out", "not_found"]
    vendor: Told | None = None


Lines = TypeVar("Lines", bound=tuple[Line, ...])


def _each_once(lines: Lines) -> Lines:
    if len({line.name for line in lines}) != len(lines):
        raise ValueError("a data set is told of twice")
    return lines


class Access(Answer):
    """The answer to ``access``."""

    data_sets: Annotated[tuple[AccessLine, ...], Field(max_length=Many), AfterValidator(_each_once)]


class Erasure(Answer):
    """The answer to ``erase``."""

    data_sets: Annotated[tuple[EraseLine, ...], Field(max_length=Many), AfterValidator(_each_once)]


class Corrected(Answer):
    """The answer to ``correct``."""

    data_sets: Annotated[tuple[CorrectLine, ...], Field(max_length=Many), AfterValidator(_each_once)]


class OptedOut(Answer):
    """The answer to ``opt-out``."""

    data_sets: Annotated[tuple[OptOutLine, ...], Field(max_length=Many), AfterValidator(_each_once)]
