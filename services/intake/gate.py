"""How often people may knock: counted for all their doors together, per person and per network address, for minutes."""

import asyncio
from functools import lru_cache
from typing import Final

from fastapi import Request
from sqlalchemy import Engine

from services.intake import views
from services.runtime.floor import Floor
from services.runtime.person import content_digest
from services.runtime.web.attempts import Allowed, Counter

PER_PERSON: Final = 10
"""Submissions about one person to one owner in a quarter of an hour, whatever door they come through."""

PER_ADDRESS: Final = 600
"""From one network address; a whole city hall may share one. Each of them costs its sender some work."""

WITHOUT_WORK: Final = 20
"""From one network address where no script ran that did the work: far more than people there need."""

UPLOADS: Final = 40
"""Forms with files from one network address, whether or not anything is right with them."""

SIGNALS: Final = 30
"""Browsers behind one network address whose signal is written down; further ones are honoured all the same."""

_WHAT: Final = "request "


async def admit(floor: Floor, *, person: str, address: str = "", worked: bool = False) -> float:
    """Counts one submission about ``person`` (a person key). 0 if it may come in, else the seconds to wait.

    ``address`` is where it came from, a digest by :func:`address_of`, and ``worked`` whether script did the work there.
    """
    counted = [Allowed(f"{_WHAT}person {person}", PER_PERSON)]
    if address:
        counted.append(Allowed(f"{_WHAT}address {address}", PER_ADDRESS))
    if address and not worked:
        counted.append(Allowed(f"{_WHAT}plain {address}", WITHOUT_WORK))
    return await asyncio.to_thread(_counter(floor).begin, *counted)


async def admit_upload(floor: Floor, address: str) -> float:
    """Counts one form with files, before it is read."""
    return await asyncio.to_thread(_counter(floor).begin, Allowed(f"{_WHAT}upload {address}", UPLOADS))


async def admit_signal(floor: Floor, address: str) -> bool:
    """Counts one browser whose signal is to be written down."""
    return await asyncio.to_thread(_counter(floor).begin, Allowed(f"{_WHAT}signal {address}", SIGNALS)) <= 0


async def forget(floor: Floor, window: float) -> None:
    """Takes out what was counted longer than ``window`` seconds ago, also of those who never came back."""
    await asyncio.to_thread(_counter(floor).forget, _WHAT, window)


def address_of(floor: Floor, request: Request) -> str:
    """Where a request came from, as it is counted: a keyed digest, never the address itself."""
    secret = floor.settings.person_secret.get_secret_value()
    return content_digest(secret, "network address", request.client.host if request.client else "nowhere")[:32]


def _counter(floor: Floor) -> Counter:
    return _counter_in(views.database(floor.settings.database_of("intake")))


@lru_cache(maxsize=4)
def _counter_in(database: Engine) -> Counter:
    return Counter(database)
