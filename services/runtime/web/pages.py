"""How a page is rendered: the service's templates first, then the floor's; escaped, strict, in the owner's time and in
a language the reader wants.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from schemas.catalogue import Account, Catalogue, Owner
from schemas.request import short_number
from schemas.roles import CUSTODIAN
from services.runtime.web import hearing, language, moments

if TYPE_CHECKING:
    from services.runtime.web.session import Session

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
_zone: ContextVar[str] = ContextVar("zone", default="UTC")
"""The zone of the page being rendered; macros do not see the page's context."""


def environment(templates: Path | None) -> Environment:
    """The templates of one service. A name the context lacks is an error, not an empty place."""
    folders = [folder for folder in (templates, HERE / "templates") if folder is not None]
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {"moment": _moment, "day": _day, "away": _away, "short": short_number, "words": _words}
    made.filters["said"] = language.said
    made.globals["static"] = static
    return made


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page. Beside ``context`` it always knows account, csrf, sign_out, places, service, path, owner, contact,
    opts_out, locale (the language it speaks) and languages (the ways to it in others). Staff read English.
    """
    session: Session | None = getattr(request.state, "session", None)
    account = session.account if session else None
    catalogue = _catalogue(request.app)
    owner = context.get("owner") or _owner_of(account, catalogue)
    contact_owner = owner or _custodian(catalogue)
    known: dict[str, Any] = {
        "account": account,
        "csrf": session.csrf if session else "",
        "sign_out": session.sign_out if session else "",
        "places": session.places if session else (),
        "service": request.app.state.service,
        "path": request.url.path,
        "zone": owner.zone if owner else "UTC",
        "contact": contact_owner.privacy_contact if contact_owner else None,
        "opts_out": account is None and opts_out(request),
        "contact_name": contact_owner.name if contact_owner else "",
    }
    pages: Environment = request.app.state.pages
    context = known | context | {"owner": owner}
    english = account is not None or not language.is_translated(pages, template)
    token = _zone.set(context["zone"])
    try:
        with language.speaking("en" if english or not owner else owner.locale, always=english) as locale:
            languages = [] if english else hearing.ways(request)
            text = pages.get_template(template).render(context, locale=locale, languages=languages)
    finally:
        _zone.reset(token)
    return HTMLResponse(text, status, headers={"Content-Language": locale, **(headers or {})})


def pending(request: Request, *, to: str, what: str, **context: Any) -> HTMLResponse:
    """202: ``what`` was taken and has no answer in the read model yet. The page looks again at ``to`` by itself."""
    return render(request, "pending.html", status=202, to=to, what=what, **context)


def opts_out(request: Request) -> bool:
    """True if the browser says that nothing may be sold or shared: the Global Privacy Control (R39)."""
    return request.headers.get("sec-gpc", "").strip() == "1"


def prefers_page(request: Request) -> bool:
    """True if the asker wants HTML rather than JSON: a browser does, and says so; a program seldom says anything."""
    weights = {"html": 0.0, "json": 0.0}
    for part in request.headers.get("accept", "").lower().split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        kind = {"text/html": "html", "application/xhtml+xml": "html"}.get(media)
        kind = "json" if media in {"application/json", "application/problem+json"} else kind
        if kind:
            weights[kind] = max(weights[kind], _quality(parameters))
    return weights["html"] > weights["json"]


@cache
def static(name: str) -> str:
    """The address of one of our static files, with its content's digest, so that it may be kept for ever."""
    return f"/static/{name}?v={version(name)}"


@cache
def version(name: str) -> str:
    """The digest in a static file's address."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def _catalogue(app: FastAPI) -> Catalogue:
    floor = getattr(app.state, "floor", None)
    return floor.catalogue() if floor is not None else Catalogue()


def _owner_of(account: Account | None, catalogue: Catalogue) -> Owner | None:
    return catalogue.owners.get(account.owner) if account else None


def _custodian(catalogue: Catalogue) -> Owner | None:
    """Whose privacy contact stands on pages that concern no owner in particular (R17, R25)."""
    return next((owner for owner in catalogue.owners.values() if owner.kind == CUSTODIAN), None)


def _moment(moment: datetime, zone: str = "") -> str:
    return moments.in_words(moment, zone or _zone.get(), language.spoken())


def _day(moment: datetime | date, zone: str = "") -> str:
    return moments.day_in_words(moment, zone or _zone.get(), language.spoken())


def _away(moment: datetime, now: datetime) -> str:
    return moments.away(moment, now, language.spoken())


def _words(tag: str) -> str:
    """``opt_out`` and ``not-found`` as words."""
    return tag.replace("_", " ").replace("-", " ")
