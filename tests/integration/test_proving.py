"""Where an owner keeps to the degrees of the law, a resident and a stranger meet the same pages and different ends."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from infra.demo import errand as walking
from infra.demo.errand import Errand, World
from infra.demo.residents import Person, person_of
from schemas.base import Fact
from schemas.verifier import ChallengeIssued, DataForgotten, EvidenceNeeded, EvidenceTaken, IdentityVerified
from tests.conftest import Running
from tests.support.wire import Operator, eventually

pytestmark = pytest.mark.stack

RESIDENT = person_of("cedar-point", 9)
STRANGER = replace(RESIDENT, name="Nobody Known", email="nobody-known@made-up.example", phone="+1 831 555 0177")
Pages = list[tuple[int, str]]
DIFFERS = re.compile(r'name="press" value="[^"]+"|action="[^"]+"|<time.*?</time>|/verify/[^"]+', re.DOTALL)


async def _asked(world: World, who: Person) -> tuple[str, Pages]:
    """Asks for the data, opens the link, presses the button, signs: the request, and the pages."""
    errand, pages = Errand(who, ("access",), "api"), []
    async with httpx.AsyncClient(timeout=20) as http:
        await walking._by_api(errand, world, http)
        link = await _link(errand, world, http)
        signed = {"declared": "true", "declared_as": who.name, "press": f"{errand.request_id[:16]}-signed"}
        for method, path, form in (
            ("GET", "", None), ("POST", "", {"press": f"{errand.request_id[:16]}-link"}),
            ("POST", "/evidence", signed),
        ):  # fmt: skip
            page = await http.request(method, link + path, data=form)
            pages.append((page.status_code, DIFFERS.sub("", page.text)))
    return errand.request_id, pages


async def _link(errand: Errand, world: World, http: httpx.AsyncClient) -> str:
    pattern = re.compile(re.escape(f"{world.services['verifier']}/verify/{errand.request_id}/") + r"[A-Za-z0-9_-]+")

    def look(letters: list[dict[str, Any]]) -> str | None:
        return next((found[0] for letter in letters if (found := pattern.search(letter["text"]))), None)

    return await walking._letter(errand, world, http, look, "no letter with a link came")


def _events(operator: Operator, request_id: str) -> list[dict[str, Any]]:
    """The verifier's events of a request, once its proof is forgotten."""

    def forgotten() -> list[dict[str, Any]] | None:
        told = [one for one in operator.get(f"requests/{request_id}")["events"] if one["service"] == "verifier"]
        return told if any(one["type"] == DataForgotten.TYPE for one in told) else None

    return eventually(forgotten, "the proof forgotten")


@pytest.mark.requirement("R27")
@pytest.mark.requirement("R28")
@pytest.mark.requirement("R34")
def test_a_resident_is_proved_and_a_stranger_is_not_and_no_page_tells_them_apart(
    running: Running, operator: Operator
) -> None:
    async def both() -> tuple[tuple[str, Pages], tuple[str, Pages]]:
        return await _asked(running.world, RESIDENT), await _asked(running.world, STRANGER)

    (known, pages), (unknown, other_pages) = asyncio.run(both())
    assert pages == other_pages
    assert "A little more" in pages[1][1]
    assert "We have what we need from you" in pages[2][1]

    stories = [_events(operator, request_id) for request_id in (known, unknown)]
    kinds: list[type[Fact]] = [ChallengeIssued, EvidenceNeeded, EvidenceTaken, IdentityVerified, DataForgotten]
    assert [[one["type"] for one in story] for story in stories] == [[kind.TYPE for kind in kinds]] * 2
    proved, less = (story[3]["data"] for story in stories)
    assert (proved["proof"]["level"], proved["proof"]["points"]) == ("reasonably_high", 3)
    assert less["proof"]["level"] == "reasonable"
    assert [order.get("instead_of") for order in less["request"]["orders"]] == ["access"]
