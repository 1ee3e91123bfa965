"""The desk: where staff enter what came by telephone, letter or e-mail, and find a request again by its number."""

from fastapi import APIRouter

from schemas.roles import Permission
from services.intake.desk.following import FOLLOWED
from services.intake.desk.pages import CLIENT, ROUTER
from services.intake.desk.place import PREFIX
from services.runtime.web.own_account import own_account_router
from services.runtime.web.signin import signin_router

__all__ = ["CLIENT", "FOLLOWED", "ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    signin_router(PREFIX, "Desk for calls and letters: sign in", Permission.ENTER, PREFIX),
    own_account_router(PREFIX, Permission.ENTER, managing=False),
    ROUTER,
)
"""All of them, under one prefix. Whatever names a request goes through ``place.own_request`` or asks for its owner."""
