"""What the page behind the link asks for beyond the link: a declaration, a code, facts that can be compared."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from schemas.base import Form
from schemas.request import DataPoint
from schemas.verifier import SubmitEvidence
from schemas.vocabulary import PointKind
from services.runtime.floor import Floor
from services.runtime.person import code_digest
from services.runtime.web.wording import wrong
from services.verifier.views import Case

POINTS: Final = tuple(PointKind)
"""In the order of the page."""

_CODE = re.compile(r"[0-9]{6}")


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise wrong("must be one line, without control characters or direction marks")
    return text


def _named(text: str) -> str:
    if not any(char.isalpha() for char in text):
        raise wrong("must hold at least one letter")
    return text


def _digits(text: str) -> str:
    digits = "".join(text.split())
    if not _CODE.fullmatch(digits):
        raise wrong("must be six digits")
    return digits


Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line)]
Name = Annotated[Line, AfterValidator(_named)]
Code = Annotated[str, StringConstraints(max_length=20), AfterValidator(_digits)]
"""Six digits; spaces between them do not matter."""


class Evidence(Form):
    """What was filled in. ``declared_as`` is a signature only together with the ticked ``declared``."""

    press: str = Field(default="", max_length=64)
    declared: bool = False
    declared_as: Annotated[Name | None, Field(validate_default=True)] = None
    code: Code | None = None
    street_address: Line | None = None
    postal_code: Line | None = None
    date_of_birth: Line | None = None
    account_number: Line | None = None
    enough: bool = False

    @field_validator("declared_as")
    @classmethod
    def _signed_or_not(cls, name: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("declared", False) != (name is not None):
            raise wrong("and the tick beside the declaration belong together: one without the other does not count")
        return name

    @property
    def is_empty(self) -> bool:
        """True where nothing was given, and nothing said to go on without."""
        return not (self.declared_as or self.code or self.points or self.enough)

    @property
    def points(self) -> tuple[DataPoint, ...]:
        """The facts that were named."""
        named = ((kind, getattr(self, kind.value)) for kind in POINTS)
        return tuple(DataPoint(kind=kind, value=value) for kind, value in named if value)


def sealed(floor: Floor, found: Case, given: Evidence) -> SubmitEvidence:
    """What was filled in as it travels. Raises Forgotten if the request's keys were destroyed."""
    vault, request_id = floor.vault, found.request_id
    secret = floor.settings.person_secret.get_secret_value()
    name, points = given.declared_as, given.points
    return SubmitEvidence(
        digest=found.digest,
        points=vault.seal_model(request_id, "verification", "points", points) if points else None,
        declaration=vault.seal(request_id, "record", "declaration", name) if name else None,
        code=code_digest(secret, request_id, given.code) if given.code else "",
        final=given.enough,
    )
