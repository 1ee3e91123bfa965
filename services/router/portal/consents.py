"""The register of consents: who wants no sale, no sharing, no more than necessary, since when and how they said so."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from schemas.base import Moment
from schemas.vocabulary import Right
from services.router.consents import Consent, Standing, Way
from services.router.portal import words
from services.router.portal.desk import PREFIX, AtDesk
from services.runtime.web.pages import render

PAGE: Final = 50
ROUTER = APIRouter(tags=["portal"])


class Kind(StrEnum):
    """The filters of the register, as they stand in its address."""

    ALL = "all"
    OPT_OUT = "opt_out"
    LIMIT = "limit"

    @property
    def right(self) -> Right | None:
        """The right it lets through; None for both."""
        return None if self is Kind.ALL else Right(self.value)


class Said(BaseModel):
    """One line of the register. ``person`` is a pseudonym: the same for all that one person, or one browser, said."""

    person: str
    anonymous: bool
    kind: Right
    standing: Standing
    way: Way
    said_at: Moment
    settled_at: Moment | None
    request_id: str
    number: str


class Register(BaseModel):
    """One page of the register; ``total`` counts all that the filter lets through."""

    total: int
    consents: list[Said]


@dataclass(frozen=True, slots=True)
class Line:
    """One line, in words."""

    consent: Consent
    what: str
    kind: str
    word: str


def lines(consents: tuple[Consent, ...]) -> list[Line]:
    """These lines in words."""
    return [Line(one, words.CONSENTS[one.kind], *words.STANDINGS[one.standing]) for one in consents]


Pages = Annotated[int, Query(ge=1, le=10_000)]


@ROUTER.get(f"{PREFIX}/consents", include_in_schema=False)
async def page(request: Request, desk: AtDesk, kind: Kind = Kind.ALL, page: Pages = 1) -> Response:
    """The owner's register, one page of it. It names nobody, and opens nothing that is sealed."""
    register, owner = desk.register, desk.owner.slug
    found = await asyncio.to_thread(register.page, owner, kind.right, limit=PAGE, offset=(page - 1) * PAGE)
    total = await asyncio.to_thread(register.count, owner, kind.right)
    return render(
        request,
        "consents.html",
        lines=lines(found),
        kind=kind,
        kinds=[(Kind.ALL, "All"), (Kind.OPT_OUT, "Sale and sharing"), (Kind.LIMIT, "Sensitive data")],
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE)),
    )


@ROUTER.get(f"{PREFIX}/api/consents")
async def listing(
    desk: AtDesk, kind: Kind = Kind.ALL, limit: Annotated[int, Query(ge=1, le=200)] = 50, page: Pages = 1
) -> Register:
    """The owner's register, the latest first."""
    register, owner = desk.register, desk.owner.slug
    found = await asyncio.to_thread(register.page, owner, kind.right, limit=limit, offset=(page - 1) * limit)
    total = await asyncio.to_thread(register.count, owner, kind.right)
    return Register(total=total, consents=[Said.model_validate(one, from_attributes=True) for one in found])
