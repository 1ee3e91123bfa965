"""The page that shows who did what: an owner's admin its own owner's, an operator everybody's."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from schemas import acts
from schemas.catalogue import Account, Catalogue
from schemas.roles import Permission, permissions
from services.runtime.accounts import reach
from services.runtime.accounts.acts_view import Acts, ActsView, Row
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten, Tampered
from services.runtime.web.pages import render
from services.runtime.web.session import signed_in
from services.runtime.web.state import floor_of

WHY: Final = "acts"
OnFloor = Annotated[Floor, Depends(floor_of)]

SAID: Final[dict[str, str]] = {
    acts.SignedIn.TYPE: "signed in",
    acts.SignedOut.TYPE: "signed out",
    acts.SignInLocked.TYPE: "locked out after too many attempts",
    acts.PersonInvited.TYPE: "invited",
    acts.ResetAsked.TYPE: "asked for a new password",
    acts.PasswordSet.TYPE: "set a new password",
    acts.PersonDeactivated.TYPE: "deactivated",
    acts.PersonReactivated.TYPE: "reactivated",
    acts.RolesChanged.TYPE: "changed the role of",
    acts.SecondStepSetUp.TYPE: "set up the second step",
    acts.SecondStepRemoved.TYPE: "took away the second step of",
    acts.PackageFetched.TYPE: "fetched a package",
    acts.RequestEntered.TYPE: "made the entry",
    acts.RequestLookedUp.TYPE: "looked up the state",
    acts.AttestationGiven.TYPE: "gave the attestation",
    acts.LetterPrinted.TYPE: "opened a letter",
    acts.LetterPassedOn.TYPE: "passed on a letter",
}
"""Type → what was done; the account it was done to follows."""

HOW: Final = {
    "code": "with a code",
    "recovery-code": "with a recovery code",
    "phone": "by telephone",
    "telephone": "by telephone",
    "post": "by post",
    "email": "by e-mail",
}
"""Second step, channel or way → in words."""


@dataclass(frozen=True, slots=True)
class Line:
    """One act, in words. ``who`` and ``whom`` are names where the reader manages them, else pseudonyms."""

    at: datetime
    who: str
    said: str
    whom: str
    more: str
    owner: str
    address: str
    row: Row


def acts_router(prefix: str, view: ActsView) -> APIRouter:
    """``prefix/acts?owner=&account=&before=``."""
    router = APIRouter(prefix=prefix, include_in_schema=False)
    managing = Annotated[Account, Depends(signed_in(Permission.MANAGE, Permission.OVERSEE, at=prefix))]

    @router.get("/acts")
    async def shown(
        request: Request,
        by: managing,
        floor: OnFloor,
        owner: Annotated[str, Query(max_length=64)] = "",
        account: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[str, Query(max_length=120)] = "",
    ) -> Response:
        """Newest first. Whoever does not oversee everybody sees the acts of their own owner, whatever they ask."""
        everybody = Permission.OVERSEE in permissions(by, floor.catalogue())
        wanted = owner if everybody else by.owner
        found = await asyncio.to_thread(
            _acts(request, floor, view).newest, owner=wanted, account=account, before=before
        )
        lines = await asyncio.to_thread(_lines, floor, by, found.rows)
        asked = {"owner": owner if everybody else "", "account": account}
        return render(
            request,
            "acts.html",
            lines=lines,
            owners=reach.owners(by, floor.catalogue()) if everybody else (),
            asked=asked,
            everybody=everybody,
            older=_query(asked | {"before": found.older}) if found.older else "",
            newest=_query(asked) if before else "",
            on=prefix,
        )

    return router


def _query(parts: dict[str, str]) -> str:
    filled = {name: value for name, value in parts.items() if value}
    return f"?{urlencode(filled)}" if filled else "?"


def _acts(request: Request, floor: Floor, view: ActsView) -> Acts:
    known: Acts | None = getattr(request.app.state, "acts", None)
    if known is None:
        known = request.app.state.acts = Acts(engine(floor.settings.database_of(floor.service)), view)
    return known


def _lines(floor: Floor, by: Account, rows: tuple[Row, ...]) -> list[Line]:
    catalogue = floor.catalogue()
    everybody = {row["who"] for row in rows} | {row["person"] for row in rows}
    names = {account_id: _name(floor, catalogue, by, account_id) for account_id in everybody}
    return [_line(row, catalogue, names) for row in rows]


def _line(row: Row, catalogue: Catalogue, names: dict[str, str]) -> Line:
    owner = catalogue.owners.get(row["owner"])
    return Line(
        at=row["at"],
        who=names[row["who"]],
        said=_said(row),
        whom=names[row["person"]] if row["person"] else "",
        more=_more(row),
        owner=owner.name if owner else "",
        address=row["address"][:8],
        row=row,
    )


def _said(row: Row) -> str:
    if row["type"] == acts.PasswordSet.TYPE and row["data"].get("first"):
        return "accepted the invitation"
    return SAID.get(row["type"], "did something this release does not know")


def _more(row: Row) -> str:
    data: dict[str, Any] = row["data"]
    roles = ", ".join(data.get("roles", ())).replace("-", " ")
    how = data.get("second_step") or data.get("channel") or data.get("way") or ""
    return f"as {roles}" if roles else HOW.get(how, "")


def _name(floor: Floor, catalogue: Catalogue, by: Account, account_id: str) -> str:
    """A name for whom the reader manages, in an owner's own portal; the console works with pseudonyms."""
    account = catalogue.accounts.get(account_id)
    if account is None:
        return "Somebody" if account_id else "An unknown visitor"
    if account.id == by.id:
        return "You"
    if Permission.OVERSEE in permissions(by, catalogue):
        return f"{', '.join(account.roles).capitalize()} {account.id[:8]}"
    if not reach.reaches(by, account, catalogue):
        return "The custodian"
    try:
        return floor.vault.open(account.shelf, "name", account.name, by=by.id, why=WHY)
    except (Forgotten, Tampered):
        return "Somebody"
