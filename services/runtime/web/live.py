"""Liveness for pages: a server-sent event each time something changed, and a sign of life in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from fastapi.responses import StreamingResponse

BEAT: Final = 15.0
"""Seconds between signs of life, shorter than any proxy's patience."""

_END: Final = object()


def stream(changes: AsyncIterator[object], beat: float = BEAT) -> StreamingResponse:
    """Tells ``static/live.js`` that something changed, never what: the page then asks for its fragment again."""
    return StreamingResponse(
        _events(changes, beat), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


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
            yield "data: changed\n\n"
            coming = asyncio.ensure_future(anext(changes, _END))
    finally:
        coming.cancel()
