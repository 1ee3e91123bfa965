"""The demo's logins and its programs' secrets. All of them are public, for the demo world only."""

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

SECRETS: dict[str, str] = {
    "demo-city-hall": "demo-city-hall-secret",
    "cedar-portal": "cedar-portal-secret",
    "helpdesk": "helpdesk-secret",
    "DEMO_TICKETS_TOKEN": "demo-tickets-token",
    "DEMO_TICKETS_SIGNING": "demo-tickets-signing-secret",
}
"""By the client's id, and what the demo's ticket system and we show each other, by the name in the catalogue's file."""
