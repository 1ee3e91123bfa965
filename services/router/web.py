"""The router's pages and API: the data owner's portal."""

from fastapi import APIRouter

from services.router.portal import api, case, inbox, package
from services.router.portal.desk import PREFIX, ROLES
from services.runtime.web.signin import signin_router

ROUTERS: tuple[APIRouter, ...] = (
    signin_router(PREFIX, "Privacy requests: sign in", ROLES, PREFIX),
    inbox.ROUTER,
    case.ROUTER,
    package.ROUTER,
    api.ROUTER,
)
"""All of them, under one prefix. Whatever names a request in its path goes through ``desk.own_case``."""
