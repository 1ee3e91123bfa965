"""What became of a letter that nobody took."""

from datetime import datetime


class Refused(Exception):  # noqa: N818 — it names what became of the letter
    """Nobody took the letter. ``reason`` is a status or a code of ours, never an address, a number or a name.

    ``permanent``: no other try can help. ``retry_at`` is there where it is known before when one makes no sense.
    """

    def __init__(self, reason: str, *, permanent: bool, retry_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason, self.permanent, self.retry_at = reason, permanent, retry_at
