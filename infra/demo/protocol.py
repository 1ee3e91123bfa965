"""The bodies a product accepts, strictly: a field it does not know is refused."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
TaskId = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identifiers(Body):
    """What is known of the person; at least one of them."""

    email: Text | None = None
    phone: Text | None = None
    name: Text | None = None
    address: Text | None = None
    date_of_birth: Text | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.given():
            raise ValueError("at least one identifier is needed")
        return self

    def given(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)


class Search(Body):
    identifiers: Identifiers
    affiliates: tuple[Slug, ...] = Field(default=(), max_length=50)


class People(Body):
    """`refs` as a search returned them; those of other owners, or unknown ones, are nobody here."""

    refs: tuple[Text, ...] = Field(max_length=100)


class Leaving(People):
    """`kind`: out of sale and sharing, or out of all uses of sensitive data but the service's own."""

    kind: Literal["sharing", "sensitive"] = "sharing"


class Change(Body):
    field: FieldName
    value: Text


class Correction(People):
    changes: tuple[Change, ...] = Field(min_length=1, max_length=20)
