"""Intake's API as its own description says it is, asked with whatever fits it and whatever does not: no 5xx, ever."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from services.intake.processor import INTAKE
from services.intake.programs import pace
from tests.support.doors import Door, door
from tests.support.programs import shown_by

pytestmark = [pytest.mark.requirement("R27"), pytest.mark.filterwarnings("ignore::DeprecationWarning")]
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]
WAYS = (
    "POST /v1/requests",
    "GET /v1/requests/{request_id}",
    "POST /v1/requests:bulk",
    "POST /v1/token",
    "GET /v1/clients/me/parked",
    "GET /v1/clients/me/parked/{parked_id}",
    "POST /v1/clients/me/parked/{parked_id}/resend",
    "POST /v1/tickets/{client_id}",
)

ANY_TEXT_FITS = {"GET /v1/requests/{request_id}", "GET /v1/clients/me/parked/{parked_id}", WAYS[6]}
"""Nothing that is sent there is against the description."""

ASKED = [(way, mode) for way in WAYS for mode in GenerationMode
         if way not in ANY_TEXT_FITS or mode is GenerationMode.POSITIVE]  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(INTAKE, tmp_path_factory.mktemp("intake")) as made:
        yield made


@pytest.fixture(scope="module")
def described(desk: Door) -> dict[str, Any]:
    """Every way in, as the running service's own description has it."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", desk.app)
    found = (result.ok() for result in schema.get_all_operations())
    return {f"{way.method.upper()} {way.path}": way for way in found if way.path.startswith("/v1/")}


@pytest.fixture(autouse=True)
def _no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace.BUCKETS, "_rate", 1e9)


def test_every_way_in_for_programs_is_described(described: dict[str, Any]) -> None:
    assert set(described) == set(WAYS)


@pytest.mark.parametrize(("way", "mode"), ASKED)
def test_whatever_is_sent_there_is_an_answer(
    desk: Door, described: dict[str, Any], way: str, mode: GenerationMode
) -> None:  # fmt: skip
    token = shown_by(desk.floor, "city-hall")

    @settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=described[way].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.call_and_validate(headers=token, checks=CHECKS)
        unknown = case.call()
        assert unknown.status_code < 500
        assert way == "POST /v1/token" or unknown.status_code >= 400

    ask()
