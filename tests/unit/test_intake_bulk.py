"""Many requests in one go: an answer a line, what one person asks in order, and a way on after any failure."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.intake import SubmitRequest
from services.intake.processor import INTAKE
from services.intake.programs import bulk
from services.intake.programs.lines import BrokenOff, Outbox, lines
from services.runtime.bus import BusUnavailable
from tests.support.doors import Door, door
from tests.support.programs import shown_by

pytestmark = pytest.mark.requirement("R33")
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Door]:
    with door(INTAKE, tmp_path) as made:
        yield made


def line(person: int, right: str = "access", **more: Any) -> bytes:
    asked = {"owner": "riverton", "rights": [right], "name": "Maria Quill", "email": f"maria{person}@quill.example"}
    return orjson.dumps({"request": asked | more.pop("request", {}), **more}) + b"\n"


async def send(desk: Door, body: bytes, key: str = "march", **headers: str) -> list[dict[str, Any]]:
    answer = await answered(desk, body, key, **headers)
    assert answer.status_code == 200, answer.text
    return [orjson.loads(each) for each in answer.content.splitlines()]


async def answered(desk: Door, body: bytes, key: str = "march", **headers: str) -> httpx.Response:
    sent = {**NDJSON, **({"Idempotency-Key": key} if key else {}), **shown_by(desk.floor, "city-hall"), **headers}
    async with desk.client() as client:
        return await client.post("/v1/requests:bulk", content=body, headers=sent)


async def test_each_line_is_answered_in_order_and_a_last_one_sums_up(desk: Door) -> None:
    body = line(1) + b"\n" + line(2, request={"email": "nowhere"}) + b"{nonsense\n" + line(3).rstrip()
    *answers, last = await send(desk, body)
    assert [(each["line"], each["status"]) for each in answers] == [(1, 202), (3, 422), (4, 400), (5, 202)]
    assert answers[0]["number"].startswith("HB-")
    assert answers[1]["errors"] == [{"field": "request.email", "message": "must look like name@example.com"}]
    assert "nowhere" not in str(answers)
    assert last["summary"] == {"lines": 4, "received": 2, "refused": 2, "complete": True}


async def test_sent_again_it_is_answered_the_same_and_nothing_is_received_twice(desk: Door) -> None:
    body = b"".join(line(number % 7) for number in range(300))
    first, again = await send(desk, body), await send(desk, body)
    assert again == first
    assert len(desk.bus.sent) == 300


async def test_what_one_person_asks_is_received_in_the_order_of_the_lines(desk: Door) -> None:
    rights = ["access", "delete", "know", "opt_out", "limit"] * 20
    await send(desk, b"".join(line(number % 3, right) for number, right in enumerate(rights)))
    theirs: dict[str, list[str]] = {}
    for _, command in desk.bus.sent:
        assert isinstance(command, SubmitRequest)
        theirs.setdefault(command.request.person, []).append(command.request.orders[0].right)
    assert sorted(theirs.values()) == sorted(rights[at::3] for at in range(3))


async def test_a_line_may_have_a_key_of_its_own_and_needs_one_where_the_bulk_has_none(desk: Door) -> None:
    named, unnamed, last = await send(desk, line(1, key="mine") + line(2), key="")
    assert (named["status"], unnamed["status"], unnamed["code"]) == (202, 400, "idempotency-key-required")
    assert last["summary"]["received"] == 1
    again, _ = await send(desk, line(1, key="mine"), key="")
    assert again["id"] == named["id"]


async def test_without_a_broker_it_stops_and_says_from_where_to_send_again(desk: Door) -> None:
    sound = desk.bus.send

    async def fails(command: Any, **named: Any) -> None:
        if len(desk.bus.sent) >= 3:
            raise BusUnavailable("away")
        await sound(command, **named)

    desk.bus.send = fails  # type: ignore[method-assign]
    body = b"".join(line(number) for number in range(1000))
    *answers, last = await send(desk, body)
    assert [each["status"] for each in answers[:3]] == [202] * 3
    assert {each["status"] for each in answers[3:]} == {503}
    assert len(answers) < 1000
    assert last["summary"]["again_from"] == 4
    assert not last["summary"]["complete"]
    desk.bus.send = sound  # type: ignore[method-assign]
    *after, last = await send(desk, body)
    assert [each["status"] for each in after] == [202] * 1000
    assert after[:3] == answers[:3]
    assert len({id_ for id_, _ in desk.bus.sent}) == 1000


async def test_behind_a_line_that_was_not_received_the_same_person_waits(desk: Door) -> None:
    sound, failed = desk.bus.send, False

    async def fails_once(command: Any, **named: Any) -> None:
        nonlocal failed
        if not failed:
            failed = True
            raise BusUnavailable("away")
        await sound(command, **named)

    desk.bus.send = fails_once  # type: ignore[method-assign]
    answers = await send(desk, line(1, "access") + line(2) + line(1, "delete"))
    assert [each["status"] for each in answers[:3]] == [503, 202, 503]


async def test_owners_are_the_clients_own(desk: Door) -> None:
    foreign, _ = await send(desk, line(1), **shown_by(desk.floor, "lake-portal"))
    assert (foreign["status"], foreign["code"]) == (403, "foreign-owner")


async def test_a_line_that_is_too_long_is_refused_and_the_next_one_is_read(desk: Door) -> None:
    long, good, _ = await send(desk, b'{"x":"' + b"a" * (300 << 10) + b'"}\n' + line(1))
    assert (long["status"], good["status"]) == (413, 202)


async def test_there_is_an_end_to_lines(desk: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST", 3)
    *answers, last = await send(desk, b"".join(line(number) for number in range(9)))
    assert [each["status"] for each in answers] == [202, 202, 202, 413]
    assert not last["summary"]["complete"]


@pytest.mark.parametrize("headers", [{"Content-Type": "application/json"}, {"Idempotency-Key": "k" * 181}])
async def test_what_cannot_be_begun_is_refused_at_once(desk: Door, headers: dict[str, str]) -> None:
    assert (await answered(desk, line(1), "k", **headers)).status_code in {400, 415}
    async with desk.client() as client:
        assert (await client.post("/v1/requests:bulk", content=line(1), headers=NDJSON)).status_code == 401


async def test_answers_come_while_the_body_is_still_sent_and_one_bulk_of_a_client_runs_at_a_time(desk: Door) -> None:
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    got: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    headers = {**NDJSON, **shown_by(desk.floor, "city-hall"), "Idempotency-Key": "march"}
    scope = {
        "type": "http", "method": "POST", "path": "/v1/requests:bulk", "raw_path": b"/v1/requests:bulk",
        "query_string": b"", "scheme": "http", "http_version": "1.1", "server": ("habeas.test", 80),
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
    }  # fmt: skip
    running = asyncio.create_task(desk.app(scope, sent.get, got.put))
    sent.put_nowait({"type": "http.request", "body": line(1), "more_body": True})
    assert (await got.get())["status"] == 200
    assert orjson.loads((await got.get())["body"])["status"] == 202
    refused = await answered(desk, line(2))
    assert (refused.status_code, refused.json()["code"]) == (429, "bulk-under-way")
    sent.put_nowait({"type": "http.disconnect"})
    await running
    assert (await answered(desk, line(2))).status_code == 200


async def messages(*pieces: bytes, cut: bool = False) -> list[tuple[int, bytes | None]]:
    left = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    left.append({"type": "http.disconnect"} if cut else {"type": "http.request", "body": b"", "more_body": False})
    waiting = iter(left)

    async def receive() -> Any:
        return next(waiting)

    return [each async for each in lines(receive, longest=8)]


async def test_lines_are_found_however_the_body_is_cut() -> None:
    whole = b"one\n\ntwo\nthree"
    expected = [(1, b"one"), (3, b"two"), (4, b"three")]
    for size in range(1, len(whole) + 1):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert await messages(*pieces) == expected


async def test_of_a_body_that_is_cut_off_the_last_piece_of_a_line_is_nothing() -> None:
    with pytest.raises(BrokenOff):
        await messages(b'{"a":1}\n{"b":1}', cut=True)


async def test_a_line_without_an_end_is_dropped_and_not_held() -> None:
    assert await messages(b"a" * 5, b"a" * 5, b"a" * 5, b"a\nok") == [(1, None), (2, b"ok")]
    assert await messages(b"a" * 9) == [(1, None)]


async def test_answers_wait_for_a_client_that_reads_only_at_the_end() -> None:
    outbox, reads, got = Outbox(), asyncio.Event(), bytearray()

    async def deliver(message: Any) -> None:
        await reads.wait()
        got.extend(message["body"])

    delivering = asyncio.create_task(outbox.deliver(deliver))
    said = [b"%d\n" % number for number in range(50_000)]
    for answer in said:
        outbox.say(answer)
    outbox.end()
    reads.set()
    await delivering
    outbox.close()
    assert bytes(got) == b"".join(said)
