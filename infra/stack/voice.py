"""What the person at the terminal hears: one calm line per step; no spinner where there is no terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper

from rich.console import Console
from rich.markup import escape
from rich.status import Status

CLOSED = (OSError, SystemExit)  # rich leaves the program when a pipe breaks; we go on without it


class Voice:
    """Prints lines, and shows what is being waited for. A closed terminal silences it; nothing else happens."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace", line_buffering=True)
        self.console = Console(highlight=False, soft_wrap=True)
        self._errors = Console(stderr=True, highlight=False, soft_wrap=True)
        self._status: Status | None = None

    def say(self, line: str) -> None:
        with suppress(*CLOSED):
            self.console.print(escape(line))

    def done(self, what: str, since: float) -> None:
        """A step that took from `since` (monotonic seconds) until now."""
        with suppress(*CLOSED):
            self.console.print(f"  [green]✓[/] {escape(what)} [dim]{time.monotonic() - since:.1f} s[/]")

    def refuse(self, sentence: str) -> None:
        with suppress(*CLOSED):
            self._errors.print(f"[red]✗[/] {escape(sentence)}")

    def waiting(self, what: str) -> None:
        """Change what the spinner says, if there is one."""
        if self._status:
            with suppress(*CLOSED):
                self._status.update(escape(what))

    @contextmanager
    def spinner(self, what: str) -> Iterator[None]:
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(escape(what)) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None
