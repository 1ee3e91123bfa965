"""The support system's pages, and the part of Zendesk's API that is used."""

import asyncio
import hmac
from base64 import b64decode
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, Field

from infra.demo.helpdesk.tickets import STATUSES, Ticket, Tickets
from infra.demo.problems import RefusalError, speak_problems

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
RIGHTS = {
    "access": "a copy of the data",
    "know": "to know what kinds of data are held",
    "delete": "to have the data deleted",
    "opt_out": "no sale or sharing",
    "limit": "limited use of sensitive data",
}
_router = APIRouter()


class CommentSent(BaseModel):
    body: Annotated[str, Field(min_length=1, max_length=60_000)]
    public: bool = True


class Change(BaseModel):
    comment: CommentSent | None = None
    status: str | None = None


class ChangeSent(BaseModel):
    ticket: Change


class New(BaseModel):
    subject: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=4000)] = ""
    requester: dict[str, str]
    tags: list[str] = []


class NewSent(BaseModel):
    ticket: New


def create(tickets: Tickets, token: str, news: asyncio.Event) -> FastAPI:
    """The application; it rings `news` for every new ticket. The caller closes the store."""
    app = FastAPI(title="Demo helpdesk", docs_url=None, redoc_url=None)
    app.state.tickets, app.state.token, app.state.news = tickets, token, news
    speak_problems(app)
    app.include_router(_router)
    return app


def _tickets(request: Request) -> Tickets:
    tickets: Tickets = request.app.state.tickets
    return tickets


def _allowed(request: Request) -> None:
    """As Zendesk has it: HTTP Basic, the user's address with `/token`, and the token."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        secret = b64decode(given).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except ValueError:
        secret = ""
    if not hmac.compare_digest(secret.encode(), request.app.state.token.encode()):
        raise RefusalError(401, "The token does not open this.")


Desk = Annotated[Tickets, Depends(_tickets)]


@_router.get("/")
def board(desk: Desk, owner: str = "alder-falls") -> HTMLResponse:
    return _page("board.html", tickets=desk.newest(100), rights=RIGHTS, owner=owner)


@_router.post("/")
def make(
    request: Request,
    desk: Desk,
    owner: Annotated[str, Form(pattern=r"^[a-z0-9-]{1,64}$")],
    right: Annotated[str, Form()],
    name: Annotated[str, Form(min_length=1, max_length=200)],
    email: Annotated[str, Form(min_length=3, max_length=254)],
    description: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    if right not in RIGHTS:
        raise RefusalError(422, "There is no such right.", "right")
    tags = [f"privacy_{right}", f"owner_{owner}"]
    made = desk.make(f"Privacy: {RIGHTS[right]}", description, {"name": name, "email": email}, tags)
    _ring(request)
    return RedirectResponse(f"/tickets/{made['id']}", 303)


@_router.get("/tickets/{ticket_id}")
def ticket(desk: Desk, ticket_id: int) -> HTMLResponse:
    return _page("ticket.html", ticket=_one(desk, ticket_id), comments=desk.comments(ticket_id))


@_router.get("/helpdesk.css")
def style() -> FileResponse:
    return FileResponse(_HERE.parent / "mailbox" / "mailbox.css", media_type="text/css")


@_router.post("/api/v2/tickets.json", status_code=201, dependencies=[Depends(_allowed)])
def make_by_api(request: Request, desk: Desk, sent: NewSent) -> dict[str, Ticket]:
    new = sent.ticket
    made = desk.make(new.subject, new.description, new.requester, new.tags)
    _ring(request)
    return {"ticket": made}


@_router.get("/api/v2/tickets/{ticket_id}.json", dependencies=[Depends(_allowed)])
def see(desk: Desk, ticket_id: int) -> dict[str, Ticket]:
    return {"ticket": _one(desk, ticket_id)}


@_router.get("/api/v2/tickets/{ticket_id}/comments.json", dependencies=[Depends(_allowed)])
def see_comments(desk: Desk, ticket_id: int, sort_order: str = "asc") -> dict[str, Any]:
    _one(desk, ticket_id)
    found = desk.comments(ticket_id)
    return {"comments": found[::-1] if sort_order == "desc" else found, "count": len(found)}


@_router.put("/api/v2/tickets/{ticket_id}.json", dependencies=[Depends(_allowed)])
def change(desk: Desk, ticket_id: int, sent: ChangeSent) -> dict[str, Ticket]:
    if sent.ticket.status not in (None, *STATUSES):
        raise RefusalError(422, "There is no such status.", "ticket.status")
    if _one(desk, ticket_id)["status"] == "closed":
        raise RefusalError(422, "A closed ticket cannot be changed.")
    comment = sent.ticket.comment
    after = desk.change(
        ticket_id, sent.ticket.status, comment.body if comment else None, comment is None or comment.public
    )
    assert after is not None
    return {"ticket": after}


@_router.get("/health")
def health() -> dict[str, str]:
    return {"status": "alive"}


@_router.get("/ready")
def ready(desk: Desk) -> dict[str, Any]:
    return {"status": "ready", "tickets": desk.count()}


def _one(desk: Tickets, ticket_id: int) -> Ticket:
    found = desk.one(ticket_id)
    if found is None:
        raise RefusalError(404, "There is no such ticket.")
    return found


def _ring(request: Request) -> None:
    request.app.state.loop.call_soon_threadsafe(request.app.state.news.set)


def _page(template: str, **facts: Any) -> HTMLResponse:
    return HTMLResponse(_TEMPLATES.get_template(template).render(facts), headers=_HEADERS)


_TEMPLATES = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined)
