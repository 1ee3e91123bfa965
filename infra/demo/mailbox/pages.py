"""The mailbox's pages and its JSON, for people who try the demo and for tests that count letters and texts."""

import asyncio
import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from infra.demo.mailbox import gateway
from infra.demo.mailbox.gateway import Gateway
from infra.demo.mailbox.letters import Letter, Letters
from infra.demo.mailbox.texts import Text, Texts
from infra.demo.problems import RefusalError, speak_problems

_HERE = Path(__file__).parent
_OURS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
# A letter's own HTML may style itself and open its links in a new tab; it runs nothing and fetches nothing.
_THEIRS = _OURS | {
    "Content-Security-Policy": "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
}
_SHOWN = 200
_router = APIRouter()


def create(letters: Letters, account: str = "", token: str = "") -> FastAPI:
    """The mailbox's application, and the gateway for whoever sends as ``account``. The caller closes the store."""
    app = FastAPI(title="Demo mailbox", docs_url=None, redoc_url=None)
    app.state.letters = letters
    app.state.gateway = Gateway(Texts.open(letters.store), account, token)
    speak_problems(app)
    app.include_router(_router)
    app.include_router(gateway.router)
    return app


def _letters(request: Request) -> Letters:
    letters: Letters = request.app.state.letters
    return letters


def _texts(request: Request) -> Texts:
    found: Gateway = request.app.state.gateway
    return found.texts


Box = Annotated[Letters, Depends(_letters)]
Phone = Annotated[Texts, Depends(_texts)]
To = Annotated[str | None, Query(max_length=320)]


@_router.get("/")
def inbox(box: Box, to: To = None, paused: bool = False) -> HTMLResponse:
    to = (to or "").strip() or None
    shown = box.newest(to, _SHOWN)
    return _page("inbox.html", letters=shown, to=to, paused=paused, more=len(shown) == _SHOWN)


@_router.get("/letters/{letter_id}")
def letter(box: Box, letter_id: int) -> HTMLResponse:
    return _page("letter.html", letter=_one(box, letter_id))


@_router.get("/letters/{letter_id}/html")
def letter_html(box: Box, letter_id: int) -> HTMLResponse:
    return HTMLResponse(f'<base target="_blank">{_one(box, letter_id)["html"]}', headers=_THEIRS)


@_router.get("/phone")
def phone(texts: Phone, to: To = None, paused: bool = False) -> HTMLResponse:
    to = _number(to)
    shown = texts.newest(to, _SHOWN)
    return _page("phone.html", here="phone", texts=shown, to=to, paused=paused, more=len(shown) == _SHOWN)


@_router.get("/mailbox.css")
def style() -> FileResponse:
    return FileResponse(_HERE / "mailbox.css", media_type="text/css")


@_router.get("/api/messages")
async def messages(
    box: Box,
    to: To = None,
    after_id: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    count: Annotated[int, Query(ge=1, le=1_000)] = 1,
    wait: Annotated[float, Query(ge=0, le=30)] = 0,
) -> list[Letter]:
    """Oldest first, so that the last id is the next `after_id`; held back up to `wait` seconds for `count` of them."""
    end = asyncio.get_running_loop().time() + wait
    while True:
        coming = box.coming(to)
        found = await asyncio.to_thread(box.after, after_id, to, limit)
        left = end - asyncio.get_running_loop().time()
        if len(found) >= count or left <= 0:
            return found
        with suppress(TimeoutError):
            await asyncio.wait_for(coming.wait(), left)


@_router.get("/api/texts")
def text_messages(
    texts: Phone,
    to: To = None,
    after_id: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> list[Text]:
    """Oldest first, so that the last id is the next `after_id`."""
    return texts.after(after_id, _number(to), limit)


@_router.delete("/api/texts")
def clear_texts(texts: Phone) -> dict[str, int]:
    return {"deleted": texts.clear()}


@_router.delete("/api/messages")
def clear(box: Box) -> dict[str, int]:
    return {"deleted": box.clear()}


@_router.get("/health")
def health() -> dict[str, str]:
    return {"status": "alive"}


@_router.get("/ready")
def ready(box: Box) -> dict[str, Any]:
    return {"status": "ready", "letters": box.count()}


@_router.get("/favicon.ico")
def icon() -> Response:
    return Response(status_code=204)


def _one(box: Letters, letter_id: int) -> Letter:
    found = box.one(letter_id)
    if found is None:
        raise RefusalError(404, "There is no such letter.")
    return found


def _number(to: str | None) -> str | None:
    """A number as it is kept. In an address, a plus sign that was not encoded arrives as a space."""
    digits = re.sub(r"[^0-9]", "", to or "")
    return f"+{digits}" if digits else None


def _page(template: str, here: str = "letters", **facts: Any) -> HTMLResponse:
    return HTMLResponse(_TEMPLATES.get_template(template).render(facts, here=here), headers=_OURS)


def _with_links(text: str) -> Markup:
    """Plain text in which web addresses can be followed."""
    parts = re.split(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)])", text)
    linked = (
        Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(part) if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )
    return Markup("").join(linked)


def _when(date: str) -> str:
    try:
        return datetime.fromisoformat(date).strftime("%-d %B, %H:%M:%S")
    except ValueError:
        return date


def _templates() -> Environment:
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    templates.filters |= {"with_links": _with_links, "when": _when}
    return templates


_TEMPLATES = _templates()
