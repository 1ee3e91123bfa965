"""Programs as callers of the API: their secrets, and the header a token makes."""

import httpx

from infra.demo.errand import PROGRAM, World
from schemas.catalogue import Client
from services.intake.programs.credentials import secret_digest, tokens_of
from services.runtime.floor import Floor

SECRET = "a-secret-of-a-program-that-is-long-enough"


def bearer(world: World, client: str = PROGRAM) -> dict[str, str]:
    """The header with which a program of the running demo calls the API."""
    shown = {"grant_type": "client_credentials", "client_id": client, "client_secret": world.secrets[client]}
    answer = httpx.post(f"{world.services['intake']}/v1/token", data=shown, timeout=20)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def program(name: str, *owners: str, **more: object) -> Client:
    """A registered client with :data:`SECRET`."""
    return Client.model_validate(
        {"id": name, "name": f"The program {name}", "owners": owners, "secrets": (secret_digest(SECRET),), **more}
    )


def shown_by(floor: Floor, name: str) -> dict[str, str]:
    """The header of a client that has got its token already."""
    token = tokens_of(floor).make(floor.catalogue().clients[name], secret_digest(SECRET))
    return {"Authorization": f"Bearer {token}"}
