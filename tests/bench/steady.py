"""A load that does not wait for answers: so many requests a second, whatever the server does, on kept connections.

Times are counted from when a request was due, not from when a connection was free for it: a server that stalls is not
spared the requests that would have come meanwhile.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Answered:
    """What came back for the requests sent, in the order in which they were due."""

    seconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    most_waiting: int = 0


class _Line(asyncio.Protocol):
    """One connection, one request at a time. It reads no more of HTTP than our own servers write."""

    def __init__(self, free: Callable[["_Line"], None]) -> None:
        self._free, self._held = free, b""
        self._transport: asyncio.WriteTransport | None = None
        self.on_answer: Callable[[int, bytes], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def ask(self, raw: bytes, on_answer: Callable[[int, bytes], None]) -> None:
        assert self._transport is not None
        self.on_answer = on_answer
        self._transport.write(raw)

    def data_received(self, data: bytes) -> None:
        self._held += data
        head = self._held.find(b"\r\n\r\n")
        if head < 0:
            return
        found = _LENGTH.search(self._held, 0, head)
        end = head + 4 + (int(found[1]) if found else 0)
        if len(self._held) < end or self.on_answer is None:
            return
        status, body = int(self._held[9:12]), self._held[head + 4 : end]
        self._held = self._held[end:]
        on_answer, self.on_answer = self.on_answer, None
        on_answer(status, body)
        self._free(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio names it
        if self.on_answer is not None:
            self.on_answer(0, b"")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Steady:
    """Asks ``request(number)`` at ``rate`` a second, over ``lines`` connections."""

    def __init__(self, host: str, port: int, lines: int = 64) -> None:
        self._address, self._lines = (host, port), lines
        self._idle: deque[_Line] = deque()
        self._due: deque[tuple[int, float]] = deque()

    async def run(self, request: Callable[[int], bytes], rate: float, count: int, first: int = 0) -> Answered:
        """Sends requests ``first`` to ``first + count - 1`` and returns when all are answered."""
        answered = Answered([0.0] * count, [0] * count, [b""] * count)
        left, done = count, asyncio.Event()
        loop = asyncio.get_running_loop()

        def ask(line: _Line, number: int, due: float) -> None:
            def on_answer(status: int, body: bytes) -> None:
                nonlocal left
                at = number - first
                answered.seconds[at] = time.perf_counter() - due
                answered.statuses[at], answered.bodies[at] = status, body
                left -= 1
                if not left:
                    done.set()

            line.ask(request(number), on_answer)

        def free(line: _Line) -> None:
            if self._due:
                ask(line, *self._due.popleft())
            else:
                self._idle.append(line)

        opened = [(await loop.create_connection(lambda: _Line(free), *self._address))[1] for _ in range(self._lines)]
        self._idle = deque(opened)
        began = time.perf_counter()
        for number in range(first, first + count):
            due = began + (number - first) / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            if self._idle:
                ask(self._idle.popleft(), number, due)
            else:
                self._due.append((number, due))
                answered.most_waiting = max(answered.most_waiting, len(self._due))
        await done.wait()
        for line in opened:
            line.close()
        return answered
