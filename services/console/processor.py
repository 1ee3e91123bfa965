"""What the console is made of. It has no stream and no state: it reads the logs into rows, and shows them."""

from pathlib import Path

from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.cause import Cause
from services.console import api, otlp, pulse, views, web
from services.runtime.service import Service


def nothing(_state: None, _cause: Cause) -> Fact | None:
    """The console answers nothing: it has no sources, so this is never asked."""
    return None


def unchanged(state: None, _event: Fact) -> None:
    """The console has no events of its own, so this is never asked either."""
    return state


CONSOLE = Service(
    name="console",
    meaning="where every request is, how it came there, and what could not be handled",
    sources=(),
    consumes=(),
    emits=(),
    state=TypeAdapter(None),
    initial=None,
    decide=nothing,
    evolve=unchanged,
    views=(views.JOURNAL, views.PARKED_RECORDS, views.ACTS),
    breath=0.2,
    routers=(web.door, *web.people, web.router, api.router, otlp.receiver),
    templates=Path(__file__).parent / "templates",
    feeds={otlp.PATH: otlp.LIMIT},
    tasks=(pulse.keep_watching,),
)
