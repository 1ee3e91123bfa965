"""Browser tests begin when every page answers: the tests before them may have sent services into recovery."""

import httpx
import pytest

from tests.conftest import Running
from tests.support.wire import eventually


@pytest.fixture(autouse=True)
def _every_page_answers(running: Running) -> None:
    def ready() -> bool:
        try:
            return all(
                httpx.get(f"{url}/ready", timeout=5).status_code == 200 for url in running.world.services.values()
            )
        except httpx.HTTPError:
            return False

    eventually(ready, "every service ready")
