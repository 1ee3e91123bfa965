"""A program may wait for a request to come into a state instead of asking again and again (RFC 7240, section 4.3)."""

import asyncio
import re
from typing import Annotated, Final

from fastapi import Depends, Header, Query

from services.router.portal.desk import AtDesk, Desk, own_case
from services.router.reading import Case
from services.router.views import Phase

LONGEST: Final = 30.0
"""Seconds an answer is held back at most, whatever is preferred."""

_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*(\d{1,4})\s*(?:$|[,;])")


async def awaited_case(
    request_id: str,
    desk: AtDesk,
    until: Annotated[Phase | None, Query(description="Hold the answer until the request is in this state")] = None,
    prefer: Annotated[str, Header(description="wait=SECONDS: for how long, at most 30", max_length=200)] = "",
) -> Case:
    """Dependency: a case of the desk's owner, as it is when it reaches ``until`` or when the patience ends.

    A request that is not there yet is waited for in the same way as another owner's: nobody learns which it is.
    """
    if until is not None:
        await _wait_for(until, request_id, desk, asyncio.get_running_loop().time() + patience(prefer))
    return await own_case(request_id, desk)


async def _wait_for(until: Phase, request_id: str, desk: Desk, end: float) -> None:
    while (left := end - asyncio.get_running_loop().time()) > 0:
        coming = desk.floor.views.about(request_id)
        if await asyncio.to_thread(desk.cases.state, desk.owner.slug, request_id) is until:
            return
        await coming.wait(left)


def patience(prefer: str) -> float:
    """The seconds that a ``Prefer`` header asks for; 0 if it asks for none."""
    asked = _WAIT.search(prefer)
    return min(float(asked[1]), LONGEST) if asked else 0.0


AwaitedCase = Annotated[Case, Depends(awaited_case)]
