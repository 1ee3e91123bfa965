"""Programs show a secret for a token, and the token with every call; what no longer stands opens nothing."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake.processor import INTAKE
from services.intake.programs import pace, token
from services.intake.programs.credentials import LIFETIME, Tokens, secret_digest
from services.runtime.web.problem import Problem
from tests.support.doors import CATALOGUE, Door, door
from tests.support.programs import SECRET, program, shown_by

pytestmark = pytest.mark.requirement("R33")
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


async def ask(desk: Door, form: dict[str, str], **headers: str) -> httpx.Response:
    async with desk.client(**headers) as client:
        return await client.post("/v1/token", data=form)


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


async def look(desk: Door, **headers: str) -> httpx.Response:
    async with desk.client(**headers) as client:
        return await client.get("/v1/requests/00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize("in_the_form", [True, False])
async def test_a_secret_is_changed_for_a_token_that_opens_the_api(desk: Door, in_the_form: bool) -> None:
    shown = {"client_id": "city-hall", "client_secret": SECRET}
    answer = await (ask(desk, GRANT | shown) if in_the_form else ask(desk, GRANT, **basic("city-hall", SECRET)))
    assert answer.status_code == 200
    given = answer.json()
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", LIFETIME, "riverton lakeside")
    assert (await look(desk, Authorization=f"Bearer {given['access_token']}")).status_code == 404


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "riverton"}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        (GRANT, "invalid_client"),
        (GRANT | {"client_id": "city-hall", "client_secret": "guessed"}, "invalid_client"),
        (GRANT | {"client_id": "nobody", "client_secret": SECRET}, "invalid_client"),
        (GRANT | {"client_id": "web", "client_secret": ""}, "invalid_client"),
        (GRANT | {"client_id": "\x00\ud7ff" * 200, "client_secret": "\x00"}, "invalid_client"),
    ],
)
async def test_a_wrong_secret_and_an_unknown_client_are_refused_alike(
    desk: Door, form: dict[str, str], error: str
) -> None:
    answer = await ask(desk, form)
    assert (answer.status_code, answer.json()["error"]) == (401 if error == "invalid_client" else 400, error)
    assert SECRET not in answer.text


async def test_only_a_form_is_read(desk: Door) -> None:
    async with desk.client() as client:
        assert (await client.post("/v1/token", json=GRANT)).json()["error"] == "invalid_request"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer nonsense"}])
async def test_without_a_token_that_holds_nothing_opens(desk: Door, header: dict[str, str]) -> None:
    answer = await look(desk, **header)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="habeas"')


async def test_a_token_is_good_for_nothing_once_its_secret_is_taken_back(desk: Door) -> None:
    shown = shown_by(desk.floor, "city-hall")
    assert (await look(desk, **shown)).status_code == 404
    renewed = program("city-hall", "riverton").model_copy(update={"secrets": (secret_digest("another"),)})
    desk.floor.catalogue = lambda: replace(CATALOGUE, clients={"city-hall": renewed})
    assert (await look(desk, **shown)).status_code == 401


async def test_while_a_secret_is_replaced_both_are_good(desk: Door) -> None:
    both = program("city-hall", "riverton").model_copy(
        update={"secrets": (secret_digest("new"), secret_digest(SECRET))}
    )
    desk.floor.catalogue = lambda: replace(CATALOGUE, clients={"city-hall": both})
    for secret in ("new", SECRET):
        assert (await ask(desk, GRANT, **basic("city-hall", secret))).status_code == 200


def test_a_token_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, now = Tokens(b"k" * 32), 1_800_000_000.0
    for module in ("itsdangerous.timed.time.time", "services.intake.programs.credentials.time"):
        monkeypatch.setattr(module, lambda: now)
    made = tokens.make(program("city-hall", "riverton"), secret_digest(SECRET))
    assert tokens.read(made) is not None
    now += LIFETIME + 1
    assert tokens.read(made) is None
    assert Tokens(b"k" * 32).read(made) is None


def test_a_token_of_another_deployment_is_not_read() -> None:
    made = Tokens(b"a" * 32).make(program("city-hall", "riverton"), secret_digest(SECRET))
    assert Tokens(b"b" * 32).read(made) is None


@pytest.mark.requirement("R27")
async def test_whoever_guesses_is_made_to_wait_and_locks_nobody_out(
    desk: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token, "_attempts", _few)
    wrong = GRANT | {"client_id": "city-hall", "client_secret": "guessed"}
    assert [(await ask(desk, wrong)).status_code for _ in range(4)] == [401, 401, 401, 429]
    answer = await ask(desk, wrong)
    assert int(answer.headers["retry-after"]) > 0


def _few(engine: Any) -> token.Attempts:
    return token.Attempts(engine, token.Limits(what="client", per_login=1000, per_address=3))


@pytest.mark.requirement("R27")
def test_a_client_that_floods_is_told_to_wait_and_another_is_not() -> None:
    buckets = pace.Buckets(per_second=1.0, burst=3.0)
    for _ in range(3):
        buckets.take("city-hall")
    with pytest.raises(Problem, match="too-many-requests"):
        buckets.take("city-hall")
    buckets.take("lake-portal")
