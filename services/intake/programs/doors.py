"""Every way in for programs, put together."""

from typing import Final

from services.intake import web
from services.intake.programs import bulk, token

BULK: Final = "/v1/requests:bulk"
ROUTERS: Final = (token.router, bulk.router, web.router)
DIRECT: Final = {("POST", "/v1/requests"): web.submit, ("POST", BULK): bulk.bulk}
STREAMS: Final = frozenset({BULK})
