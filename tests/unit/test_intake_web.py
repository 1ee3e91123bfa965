"""The JSON door: what it takes, what it refuses, and that a refusal repeats nothing of what was sent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.intake import SubmitRequest
from schemas.verifier import AttestIdentity
from schemas.vocabulary import Channel, Method
from services.intake.processor import INTAKE
from tests.support.doors import Door, door
from tests.support.programs import shown_by

PLAIN: dict[str, Any] = {
    "owner": "riverton",
    "rights": ["delete", "access"],
    "name": "Maria Quill",
    "email": "maria@quill.example",
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(INTAKE, tmp_path_factory.mktemp("intake")) as made:
        yield made


async def post(desk: Door, body: Any = None, key: str | None = "key-1", **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(PLAIN if body is None else body)
    sent = {
        "Content-Type": "application/json",
        **({"Idempotency-Key": key} if key is not None else {}),
        **shown_by(desk.floor, "city-hall"),
        **headers,
    }
    async with desk.client() as client:
        return await client.post("/v1/requests", content=content, headers=sent)


async def get(desk: Door, path: str, client: str = "city-hall") -> httpx.Response:
    async with desk.client(**shown_by(desk.floor, client)) as calling:
        return await calling.get(path)


@pytest.mark.requirement("R44")
async def test_a_request_is_taken_once_the_broker_has_it_and_can_be_looked_up(desk: Door) -> None:
    answer = await post(desk)
    assert answer.status_code == 202
    taken = answer.json()
    assert answer.headers["location"] == f"/v1/requests/{taken['id']}"
    assert taken["owner"] == "riverton"
    assert taken["number"].startswith("HB-")
    known = (await get(desk, answer.headers["location"])).json()
    assert known == {name: taken[name] for name in ("id", "number", "received_at")}


async def test_the_same_key_and_content_is_the_same_request(desk: Door) -> None:
    first, again = await post(desk), await post(desk, {**PLAIN, "rights": ["access", "delete"]})
    assert again.status_code == 202
    assert again.json() == first.json()
    assert len(desk.bus.sent) == 1


async def test_the_same_key_with_other_content_is_refused(desk: Door) -> None:
    await post(desk)
    answer = await post(desk, {**PLAIN, "rights": ["delete"]})
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency-key-reused"


async def test_without_a_broker_the_sender_is_told_to_come_back_and_may(desk: Door) -> None:
    desk.bus.gone = True
    answer = await post(desk)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    desk.bus.gone = False
    assert (await post(desk)).status_code == 202


@pytest.mark.parametrize("key", [None, "", "two words", "k" * 201, "tab\tkey"])
async def test_a_key_of_visible_ascii_is_needed(desk: Door, key: str | None) -> None:
    answer = await post(desk, key=key)
    assert answer.status_code == 400
    assert answer.json()["code"].startswith("idempotency-key-")


async def test_only_json_is_read(desk: Door) -> None:
    assert (await post(desk, **{"Content-Type": "text/plain"})).status_code == 415
    assert (await post(desk, b"{nonsense")).json()["code"] == "not-json"
    assert (await post(desk, b"[" * 100_000)).status_code == 400
    assert (await post(desk, b"\xff")).status_code == 400
    assert (await post(desk, b'{"name": "' + b"a" * (300 << 10) + b'"}')).status_code == 413


@pytest.mark.parametrize("owner", ["atlantis", "habeas-custodian"])
async def test_an_owner_that_is_not_the_clients_is_refused_whether_there_is_one_or_not(desk: Door, owner: str) -> None:
    answer = await post(desk, {**PLAIN, "owner": owner})
    assert answer.status_code == 403
    assert answer.json()["code"] == "foreign-owner"
    assert [error["field"] for error in answer.json()["errors"]] == ["owner"]
    assert owner not in answer.text


@pytest.mark.requirement("R27")
async def test_a_request_is_known_to_the_client_that_sent_it_and_to_no_other(desk: Door) -> None:
    where = (await post(desk, {**PLAIN, "owner": "lakeside"})).headers["location"]
    assert (await get(desk, where)).status_code == 200
    assert (await get(desk, where, client="lake-portal")).status_code == 404


@pytest.mark.requirement("R33")
async def test_it_is_on_record_which_client_sent_a_request(desk: Door) -> None:
    await post(desk)
    ((_, command),) = desk.bus.sent
    assert isinstance(command, SubmitRequest)
    request = command.request
    assert (request.channel, request.client, request.entered_by) == (Channel.API, "city-hall", "city-hall")


async def test_what_needs_no_proof_is_told_of_beside_what_does(desk: Door) -> None:
    taken = (await post(desk, {**PLAIN, "rights": ["opt_out", "access"]})).json()
    assert taken["status_hint"] == "awaiting-confirmation"
    assert (await get(desk, f"/v1/requests/{taken['other']['id']}")).json()["number"] == taken["other"]["number"]
    alone = (await post(desk, {**PLAIN, "rights": ["opt_out"]}, key="key-2")).json()
    assert (alone["status_hint"], "other" in alone) == ("under-way", False)


@pytest.mark.requirement("R34")
async def test_a_client_whose_word_counts_may_say_that_its_account_holder_signed_in_anew(desk: Door) -> None:
    answer = await post(desk, **{"Account-Holder": "reauthenticated"})
    assert answer.status_code == 202
    _, vouched = desk.bus.sent[-1]
    assert vouched == AttestIdentity(by="city-hall", method=Method.REAUTHENTICATION)
    refused = await post(desk, {**PLAIN, "owner": "lakeside"}, key="key-2", **{
        "Account-Holder": "reauthenticated", **shown_by(desk.floor, "lake-portal"),
    })  # fmt: skip
    assert (refused.status_code, refused.json()["code"]) == (403, "may-not-vouch")


@pytest.mark.parametrize("request_id", ["no-id", str(uuid4()), "x" * 500, "%00"])
async def test_nobody_learns_anything_about_a_request_that_is_not_there(desk: Door, request_id: str) -> None:
    answer = await get(desk, f"/v1/requests/{request_id}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"


async def test_the_published_description_names_the_key_and_the_body(desk: Door) -> None:
    described = (await get(desk, "/openapi.json")).json()["paths"]["/v1/requests"]["post"]
    assert described["parameters"][0]["name"] == "Idempotency-Key"
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["required"]) == {"owner", "rights", "name"}


PLANTED = "zq7-planted-zq7"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just(PLANTED),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
almost = st.fixed_dictionaries(
    {name: st.just(value) | values for name, value in PLAIN.items()},
    optional={
        "phone": values,
        "locale": values,
        "corrections": st.lists(st.fixed_dictionaries({"field": values, "value": values}) | values, max_size=3),
        "more": values,
    },
)


@pytest.mark.requirement("R27")
@given(body=values | almost)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_sent_is_taken_or_refused_and_never_quoted(lasting: Door, body: Any) -> None:
    content = orjson.dumps(body, option=orjson.OPT_PASSTHROUGH_SUBCLASS) if _fits(body) else b"1e999"
    answer = await post(lasting, content, key=str(uuid4()))
    assert answer.status_code == 202 or 400 <= answer.status_code < 500
    if answer.status_code != 202:
        assert PLANTED not in answer.text


def _fits(body: Any) -> bool:
    try:
        orjson.dumps(body)
    except TypeError:
        return False
    return True
