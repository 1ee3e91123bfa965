"""Comments on tickets, against the demo's support system over HTTP: there once, and the ticket solved at the end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from infra.demo.helpdesk.calling import keep_calling
from infra.demo.helpdesk.pages import create
from infra.demo.helpdesk.tickets import Tickets
from schemas.request import Leaf, OrderResult, Package, TaskResult, Ticket
from schemas.tickets import Comment, CommentKind
from schemas.vocabulary import Exemption, Outcome, Right
from services.intake.programs.comments import mark_of, text_of
from services.intake.programs.zendesk import SIGNATURE, TIMESTAMP, Helpdesk, NotTaken, signed
from services.intake.ticketing import PostComment
from tests.support.doors import CATALOGUE

pytestmark = pytest.mark.requirement("R42")
RESULTS = (
    OrderResult(
        order_id="o-1", right=Right.ACCESS, package=Package(ref="p", sha256="d", size=1),
        tasks=(TaskResult(id="t", product="civicrec", attempt=1, leaves=(
            Leaf(data_set="registrations", outcome=Outcome.DELIVERED, found=3, done=3),
            Leaf(data_set="payments", outcome=Outcome.RETAINED, found=2, retained=2, law="Gov. Code 34090"),
        )),),
    ),
    OrderResult(order_id="o-2", right=Right.DELETE, closed_as=Outcome.REFUSED, reason=Exemption.LEGAL_OBLIGATION),
)  # fmt: skip


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Tickets]:
    tickets = Tickets.open(tmp_path)
    yield tickets
    tickets.store.close()


@pytest.fixture
async def http(desk: Tickets) -> AsyncIterator[httpx.AsyncClient]:
    app = create(desk, "token", asyncio.Event())
    app.state.loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        yield client


def effect(kind: CommentKind, ticket: str = "1", **more: object) -> PostComment:
    comment = Comment.model_validate({"id": f"{kind}-comment", "kind": kind, **more})
    return PostComment(
        id=f"{comment.id}:1", request_id="request-1", ticket=Ticket(client="helpdesk", id=ticket), owner="riverton",
        rights=(("o-1", Right.ACCESS), ("o-2", Right.DELETE)), comment=comment, attempt=1,
    )  # fmt: skip


def there(http: httpx.AsyncClient, token: str = "token") -> Helpdesk:
    return Helpdesk("http://helpdesk.test", "habeas@helpdesk.test", token, http)


async def post(http: httpx.AsyncClient, what: PostComment, token: str = "token") -> None:
    text = text_of(what, CATALOGUE.owners["riverton"], {}, "http://portal.test/requests/request-1")
    await there(http, token).comment(what.ticket.id, text, mark_of(what), solve=what.comment.resolves)


async def test_the_report_is_on_the_ticket_once_and_the_ticket_is_solved(
    desk: Tickets, http: httpx.AsyncClient
) -> None:
    desk.make("Privacy", "", {"name": "Maria", "email": "maria@quill.example"}, ["privacy_access"])
    received = effect(CommentKind.RECEIVED)
    closed = effect(CommentKind.CLOSED, results=[each.model_dump() for each in RESULTS], resolves=True)
    for what in (received, received, closed, closed):
        await post(http, what)
    first, report = (each["body"] for each in desk.comments(1))
    assert "- access to the data\n- delete the data" in first
    assert "civicrec, registrations: delivered, 3 of 3" in report
    assert "civicrec, payments: kept, 0 of 2 under Gov. Code 34090" in report
    assert "Delete the data: refused (legal obligation)" in report
    assert "http://portal.test/requests/request-1" in report
    assert not any(each["public"] for each in desk.comments(1))
    found = desk.one(1)
    assert found is not None
    assert found["status"] == "solved"


async def test_until_the_end_the_ticket_stays_open(desk: Tickets, http: httpx.AsyncClient) -> None:
    desk.make("Privacy", "", {}, [])
    await post(http, effect(CommentKind.ROUTED, legal_due="2026-04-17"))
    await post(http, effect(CommentKind.DECIDED, decisions=[{"order_id": "o-2", "approved": False}]))
    routed, decided = (each["body"] for each in desk.comments(1))
    assert "17 April 2026" in routed
    assert "- delete the data: refused" in decided
    found = desk.one(1)
    assert found is not None
    assert found["status"] == "open"


async def test_a_ticket_that_is_gone_or_closed_is_given_up_and_all_else_tried_again(
    desk: Tickets, http: httpx.AsyncClient
) -> None:
    desk.make("Privacy", "", {}, [])
    desk.change(1, "closed", None, public=False)
    for ticket, token, reason, permanent in (
        ("1", "token", "http-422", True),
        ("2", "token", "http-404", True),
        ("1", "wrong", "http-401", False),
    ):
        with pytest.raises(NotTaken) as refusal:
            await post(http, effect(CommentKind.ROUTED, ticket), token)
        assert (refusal.value.reason, refusal.value.permanent) == (reason, permanent)


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(429), httpx.Response(200, text="hello")])
async def test_a_system_that_is_not_well_is_asked_again(answer: httpx.Response) -> None:
    transport = httpx.MockTransport(lambda _request: answer)
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(NotTaken) as refusal:
            await there(http).comment("1", "text", "mark", solve=False)
    assert not refusal.value.permanent


async def test_one_that_does_not_answer_is_asked_again() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(away)) as http:
        with pytest.raises(NotTaken, match="unreachable"):
            await there(http).comment("1", "text", "mark", solve=False)


async def test_its_pages_make_tickets_and_show_what_was_said(desk: Tickets, http: httpx.AsyncClient) -> None:
    filled = {"owner": "alder-falls", "right": "access", "name": "<b>Maria</b>", "email": "maria@quill.example"}
    made = await http.post("http://helpdesk.test/", data=filled)
    assert made.status_code == 303
    desk.change(1, "solved", "All <done>", public=False)
    page = await http.get(f"http://helpdesk.test{made.headers['location']}")
    assert "All &lt;done&gt;" in page.text
    assert "&lt;b&gt;Maria" in page.text
    assert "#1" in (await http.get("http://helpdesk.test/")).text
    assert (await http.post("http://helpdesk.test/", data={**filled, "right": "x"})).status_code == 422
    assert (await http.get("http://helpdesk.test/api/v2/tickets/1.json")).status_code == 401


async def test_it_calls_until_it_is_answered(desk: Tickets, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([httpx.Response(503), httpx.Response(202, json={"number": "HB-1", "id": "r-1"})])
    genuine = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = request.content
        genuine.append(signed("secret", request.headers[TIMESTAMP], body) == request.headers[SIGNATURE])
        return next(answers)

    transport, whole = httpx.MockTransport(answer), httpx.AsyncClient
    monkeypatch.setattr("infra.demo.helpdesk.calling.PAUSE", 0.0)
    monkeypatch.setattr("infra.demo.helpdesk.calling.httpx.AsyncClient", lambda **_: whole(transport=transport))
    desk.make("Privacy", "", {}, [])
    calling = asyncio.create_task(keep_calling(desk, "http://intake.test", "secret", asyncio.Event()))
    async with asyncio.timeout(10):
        while not (desk.one(1) or {})["told"]:
            await asyncio.sleep(0.01)
    calling.cancel()
    assert (desk.one(1) or {})["told"] == "taken as HB-1 (r-1)"
    assert genuine == [True, True]
