"""The counter: where staff hand over the letters that nobody took, by post or on the telephone."""

from fastapi import APIRouter

from schemas.roles import Permission
from services.notifier.counter.pages import ROUTER
from services.notifier.counter.place import PREFIX
from services.runtime.web.own_account import own_account_router
from services.runtime.web.signin import signin_router

ROUTERS: tuple[APIRouter, ...] = (
    signin_router(PREFIX, "Letters to hand over: sign in", Permission.ENTER, PREFIX),
    own_account_router(PREFIX, Permission.ENTER, managing=False),
    ROUTER,
)
"""All of them, under one prefix. Whatever names a letter goes through ``place.own_letter``."""
