"""Where people are invited, changed and deactivated: by an owner's admin for its own, by operators for everybody."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import EmailStr, Field

from schemas.base import Form, Slug
from schemas.catalogue import Account, Owner
from schemas.roles import Permission, Role, grantable, permissions
from services.runtime.accounts import reach
from services.runtime.accounts.changes import Refused, Why
from services.runtime.accounts.office import Newcomer, Office
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten, Tampered
from services.runtime.web.desk import desk_of
from services.runtime.web.forms import Filled, submitted
from services.runtime.web.pages import render
from services.runtime.web.problem import Problem
from services.runtime.web.session import signed_in
from services.runtime.web.state import floor_of
from services.runtime.web.wording import FieldError

WHY: Final = "people"
OnFloor = Annotated[Floor, Depends(floor_of)]

MEANING: Final[dict[Role, tuple[str, str]]] = {
    Role.ADMIN: ("Admin", "decides on requests, and manages who may sign in"),
    Role.HANDLER: ("Handler", "decides on requests, and fetches packages"),
    Role.READER: ("Reader", "sees requests, and decides nothing"),
    Role.OPERATOR: ("Operator", "watches the whole pipeline, and manages everybody's accounts"),
    Role.PHONE_DESK: ("Phone desk", "takes requests on the telephone; its pages are not there yet"),
    Role.PRIVACY: ("Privacy team", "decides on requests for the custodian's own data"),
}

TROUBLE: Final[dict[Why, str]] = {
    Why.LAST: "Nobody else here could manage people then. Give somebody else that role first.",
    Why.UNKNOWN: "This account is not as it was. Please look again.",
    Why.USED: "This account is not as it was. Please look again.",
    Why.TAKEN: "This account is not as it was. Please look again.",
    Why.ALREADY_HERE: "is on the list already",
    Why.NO_ROLE: "is not a role you can give here",
}

DONE: Final[dict[str, str]] = {
    "invited": "The invitation is on its way.",
    "invitation": "The invitation was sent once more.",
    "deactivate": "This person cannot sign in any more, and is signed out everywhere.",
    "reactivate": "This person can sign in again.",
    "roles": "The role was changed.",
    "second-step": "The second step was taken away. At the next sign-in a new one is set up.",
}


class Step(StrEnum):
    """What can be done to an account."""

    INVITATION = "invitation"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    ROLES = "roles"
    SECOND_STEP = "second-step"


class InvitationForm(Form):
    """Somebody to be invited. ``owner`` is asked of operators only."""

    email: EmailStr
    name: str = Field(min_length=1, max_length=120)
    role: Role
    owner: Slug | None = None


class RolesForm(Form):
    """The role from now on."""

    role: Role


@dataclass(frozen=True, slots=True)
class Person:
    """An account as a line of the list. ``kind`` is the look of its state."""

    account: Account
    name: str
    email: str
    owner: str
    roles: str
    kind: str
    state: str


def people_router(prefix: str) -> APIRouter:
    """``prefix/people``, ``prefix/people/{account_id}`` and what is done there."""
    router = APIRouter(prefix=f"{prefix}/people", include_in_schema=False)
    managing = Annotated[Account, Depends(signed_in(Permission.MANAGE, Permission.OVERSEE, at=prefix))]

    async def listing(request: Request, by: Account, floor: Floor, filled: Filled, status: int = 200) -> Response:
        catalogue = floor.catalogue()
        within = reach.people(by, catalogue)
        lines = await asyncio.to_thread(lambda: [_person(floor, by, account) for account in within])
        return render(
            request,
            "people.html",
            status=status,
            people=sorted(lines, key=lambda line: (line.owner, line.account.deactivated, line.name.casefold())),
            owners=reach.owners(by, catalogue),
            owner_choices=[("", "Choose one"), *((owner.slug, owner.name) for owner in reach.owners(by, catalogue))],
            roles=_choices(by, floor, *reach.owners(by, catalogue)),
            form=filled,
            on=prefix,
            done=DONE.get(request.query_params.get("done", "")),
        )

    @router.get("")
    async def everybody(request: Request, by: managing, floor: OnFloor) -> Response:
        return await listing(request, by, floor, Filled())

    @router.post("")
    async def invite(request: Request, by: managing, floor: OnFloor) -> Response:
        form = await submitted(request, InvitationForm)
        if isinstance(form, Filled):
            return await listing(request, by, floor, form, 422)
        owner = _owner(by, floor, form.owner)
        new = Newcomer(str(form.email), form.name, (form.role.value,))
        wrong: FieldError | None = None
        if owner is None:
            wrong = {"field": "owner", "message": "is required"}
        elif form.role not in grantable(permissions(by, floor.catalogue()), owner):
            wrong = {"field": "role", "message": TROUBLE[Why.NO_ROLE]}
        else:
            try:
                await _office(request, floor).invite(by, owner, new)
            except Refused as refused:
                wrong = {"field": "email", "message": TROUBLE[refused.why]}
        if wrong:
            entries = {name: [str(value)] for name, value in form.model_dump(mode="json").items() if value}
            return await listing(request, by, floor, Filled(entries, [wrong]), 422)
        return RedirectResponse(f"{prefix}/people?done=invited", 303)

    @router.get("/{account_id}")
    async def one(request: Request, account_id: str, by: managing, floor: OnFloor) -> Response:
        return await _one(request, by, floor, _within_reach(by, account_id, floor), prefix)

    @router.post("/{account_id}/{step}")
    async def act(request: Request, account_id: str, step: Step, by: managing, floor: OnFloor) -> Response:
        account = _within_reach(by, account_id, floor)
        try:
            await _do(request, step, by, account, _office(request, floor), floor)
        except Refused as refused:
            return await _one(request, by, floor, account, prefix, TROUBLE[refused.why], 409)
        return RedirectResponse(f"{prefix}/people/{account.id}?done={step}", 303)

    return router


async def _do(request: Request, step: Step, by: Account, account: Account, office: Office, floor: Floor) -> None:
    if account.id == by.id:
        raise _not_oneself()
    match step:
        case Step.INVITATION if not account.password_hash and not account.deactivated:
            await office.send_invitation(by, account)
        case Step.INVITATION:
            raise Refused(Why.USED)
        case Step.DEACTIVATE:
            await office.deactivate(by, account)
        case Step.REACTIVATE:
            await office.reactivate(by, account)
        case Step.SECOND_STEP:
            await office.remove_second_step(by, account)
        case Step.ROLES:
            form = await submitted(request, RolesForm)
            owner = floor.catalogue().owners[account.owner]
            if isinstance(form, Filled) or form.role not in grantable(permissions(by, floor.catalogue()), owner):
                raise Refused(Why.NO_ROLE)
            await office.change_roles(by, account, (form.role.value,))


async def _one(
    request: Request, by: Account, floor: Floor, account: Account, prefix: str, error: str = "", status: int = 200
) -> Response:
    catalogue = floor.catalogue()
    now = catalogue.accounts[account.id]
    owner = catalogue.owners[account.owner]
    return render(
        request,
        "person.html",
        status=status,
        person=await asyncio.to_thread(_person, floor, by, now),
        myself=now.id == by.id,
        roles=_choices(by, floor, owner),
        form=Filled({"role": list(now.roles)}),
        error=error,
        on=prefix,
        done=DONE.get(request.query_params.get("done", "")) if not error else None,
    )


def _within_reach(by: Account, account_id: str, floor: Floor) -> Account:
    account = reach.person(by, account_id, floor.catalogue())
    if account is None:
        raise HTTPException(404)
    return account


def _owner(by: Account, floor: Floor, named: str | None) -> Owner | None:
    """The owner that somebody is invited to: one's own, or for operators the one they name."""
    owners = {owner.slug: owner for owner in reach.owners(by, floor.catalogue())}
    if named is None and len(owners) == 1:
        return next(iter(owners.values()))
    return owners.get(named or "")


def _choices(by: Account, floor: Floor, *owners: Owner) -> list[tuple[str, str, str]]:
    held = permissions(by, floor.catalogue())
    roles = {role for owner in owners for role in grantable(held, owner)}
    return [(role.value, *MEANING[role]) for role in Role if role in roles]


def _office(request: Request, floor: Floor) -> Office:
    return Office(floor, desk_of(request, floor).address_of(request))


def _person(floor: Floor, by: Account, account: Account) -> Person:
    owner = floor.catalogue().owners.get(account.owner)
    kind, state = _state(account)
    return Person(
        account=account,
        name=_opened(floor, by, account, "name", account.name) or "somebody",
        email=_opened(floor, by, account, "email", account.email) if account.email else "",
        owner=owner.name if owner else account.owner,
        roles=", ".join(MEANING[Role(role)][0] if role in set(Role) else role for role in account.roles),
        kind=kind,
        state=state,
    )


def _state(account: Account) -> tuple[str, str]:
    if account.deactivated:
        return "stopped", "Deactivated"
    return ("done", "Active") if account.password_hash else ("waiting", "Invited")


def _opened(floor: Floor, by: Account, account: Account, field: str, sealed: str) -> str:
    try:
        return floor.vault.open(account.shelf, field, sealed, by=by.id, why=WHY)
    except (Forgotten, Tampered):
        return ""


def _not_oneself() -> Problem:
    return Problem(
        409, "That is your own account", code="own-account", detail="Ask somebody else who manages people to do it."
    )
