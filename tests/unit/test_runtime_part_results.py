"""A partition that was taken up: until when its effects wait for results that were reported before."""

import pytest

from schemas.envelope import Read
from services.runtime.part import Part

INBOX = "dsr.notifier.inbox"


@pytest.mark.parametrize(
    ("end", "read", "covered"),
    [(0, None, True), (3, None, False), (3, 1, False), (3, 2, True), (3, 7, True)],
)
def test_effects_wait_until_the_inbox_is_read_to_where_it_ended(end: int, read: int | None, covered: bool) -> None:
    part = Part(0, "", {}, -1, results_end=end)
    assert part.has_read(INBOX, {} if read is None else {INBOX: Read(read)}) is covered
