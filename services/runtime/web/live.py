"""Liveness for pages: a server-sent event each time something changed, and a sign of life in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from fastapi.responses import StreamingResponse

BEAT: Final = 15.0
"""Seconds between signs of life, shorter than any proxy's patience."""

_END: Final = object()


def stream(changes: AsyncIterator[object], beat: float = BEAT) -> StreamingResponse:
    """Tells ``static/live.js`` that something changed, by name at most: the page then asks for its fragment again."""
    return StreamingResponse(
        _events(changes, beat), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def merged(**changes: AsyncIterator[object]) -> AsyncIterator[str]:
    """The names of several changes as they come, for pages with more than one live section; ends with the first."""
    coming = {asyncio.ensure_future(anext(each, _END)): name for name, each in changes.items()}
    try:
        while True:
            done, _ = await asyncio.wait(coming, return_when=asyncio.FIRST_COMPLETED)
            for came in done:
                name = coming.pop(came)
                if came.result() is _END:
                    return
                yield name
                coming[asyncio.ensure_future(anext(changes[name], _END))] = name
    finally:
        for each in coming:
            each.cancel()


async def _events(changes: AsyncIterator[object], beat: float) -> AsyncIterator[str]:
    yield "retry: 3000\n\n"
    coming = asyncio.ensure_future(anext(changes, _END))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=beat)
            if not done:
                yield ": still here\n\n"
                continue
            if coming.result() is _END:
                return
            said = coming.result()
            yield f"data: {said if isinstance(said, str) else 'changed'}\n\n"
            coming = asyncio.ensure_future(anext(changes, _END))
    finally:
        coming.cancel()
