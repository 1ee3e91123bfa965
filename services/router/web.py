"""The router's pages and API: the data owner's portal."""

from fastapi import APIRouter

from schemas.roles import Permission
from services.router.portal import api, case, consents, files, inbox, package
from services.router.portal.desk import PREFIX
from services.router.views import ACTS
from services.runtime.web.acts import acts_router
from services.runtime.web.own_account import own_account_router
from services.runtime.web.people import people_router
from services.runtime.web.signin import signin_router

ROUTERS: tuple[APIRouter, ...] = (
    signin_router(PREFIX, "Privacy requests: sign in", Permission.SEE, PREFIX),
    own_account_router(PREFIX, Permission.SEE),
    people_router(PREFIX),
    acts_router(PREFIX, ACTS),
    inbox.ROUTER,
    case.ROUTER,
    package.ROUTER,
    files.ROUTER,
    consents.ROUTER,
    api.ROUTER,
)
"""All of them, under one prefix. Whatever names a request in its path goes through ``desk.own_case``; whatever names
an account, through ``reach.person``.
"""
