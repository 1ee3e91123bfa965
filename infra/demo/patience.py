"""A person's patience as an HTTP transport: while nobody answers, or only to say that it cannot, the very same request
is sent again, with the same keys.
"""

import asyncio
import time
from collections import Counter

import httpx

PAUSE = 0.3
"""Seconds before the same request is sent again."""

AS_MANY_AS_WAIT = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=2)
"""A connection for everybody who waits for an answer; none is kept for as long as servers keep theirs."""


class Patient(httpx.AsyncBaseTransport):
    """Sends a request again for up to ``seconds``; then the caller gets what the last try got.

    ``setbacks`` counts what came instead of an answer: a status from 500 on, or the name of an error.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._wire = httpx.AsyncHTTPTransport(limits=AS_MANY_AS_WAIT)
        self.setbacks: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        end = time.monotonic() + self._seconds
        while True:
            try:
                answer = await self._wire.handle_async_request(request)
            except httpx.TransportError as error:
                self.setbacks[type(error).__name__] += 1
                if time.monotonic() > end:
                    raise
            else:
                if answer.status_code < 500:
                    return answer
                self.setbacks[str(answer.status_code)] += 1
                if time.monotonic() > end:
                    return answer
                await answer.aclose()
            await asyncio.sleep(PAUSE)

    async def aclose(self) -> None:
        await self._wire.aclose()
