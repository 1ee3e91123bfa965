"""The demo's logins: one for each account of the catalogue. Passwords are public, for the demo world only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    role: str
    owner: str
    email: str
    password: str


def _login(role: str, owner: str) -> Login:
    return Login(role, owner, f"{role}@{owner}.example", f"{owner}-{role}")


LOGINS: list[Login] = [
    *(
        _login(role, owner)
        for owner in ("alder-falls", "brookhaven", "cedar-point", "dunmore-county")
        for role in ("handler", "admin")
    ),
    *(_login(role, "habeas-custodian") for role in ("handler", "privacy", "operator", "phone-desk")),
]
