"""An operator who is signed in while the tests of this folder run."""

from collections.abc import Iterator

import pytest

from tests.conftest import Running
from tests.support.wire import Operator


@pytest.fixture(scope="session")
def operator(running: Running) -> Iterator[Operator]:
    """Signed in to the console; signed out at the end."""
    with Operator(running.world) as signed_in:
        yield signed_in
