"""Every way in for programs, put together."""

from typing import Final

from services.intake import web
from services.intake.programs import bulk, parked, parked_view, tickets, token

BULK: Final = "/v1/requests:bulk"
ROUTERS: Final = (token.router, web.router, bulk.router, parked.router, tickets.router)
VIEWS: Final = (parked_view.MISTAKES_VIEW,)
DIRECT: Final = {("POST", "/v1/requests"): web.submit, ("POST", BULK): bulk.bulk}
STREAMS: Final = frozenset({BULK})
