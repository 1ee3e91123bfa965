"""One made-up person's request from the first page to the last letter, by the public pages and APIs alone."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from uuid import uuid4

import httpx

from infra.demo.residents import Person

HONEST = {"delivered", "erased", "deidentified", "aggregated", "corrected", "opted_out", "retained", "not_found"}
"""The outcomes a data set may end with when nothing went wrong."""

LETTERS = 4
"""Receipt, verification, decision, completion; what needs no proof has no verification."""

PROOF_FREE = {"opt_out", "limit"}
"""Rights that go ahead without proof."""

ANSWERED = {"know", "access"}
"""Rights whose answer is a package."""

PATIENCE = 120.0
"""Seconds within which each step must have happened."""

_FIELD = re.compile(r'name="key"\s+value="([^"]+)"')
_PRESS = re.compile(r'name="press"\s+value="([^"]+)"')


class Stuck(Exception):  # noqa: N818 — tells how far an errand came
    """A step did not happen, or ended wrong. The message says which."""


@dataclass(frozen=True, slots=True)
class World:
    """Where everything answers, as `run.json` tells it."""

    services: Mapping[str, str]
    mailbox: str
    logins: Sequence[Mapping[str, str]]


@dataclass(slots=True)
class Errand:
    """What one person asks, and what came of it."""

    person: Person
    rights: tuple[str, ...]
    door: str
    number: str = ""
    request_id: str = ""
    seconds: float = 0.0
    outcomes: dict[str, list[str]] = field(default_factory=dict)
    letters: int = 0
    trouble: str = ""

    @property
    def needs_proof(self) -> bool:
        """False where everything that is asked for goes ahead at once."""
        return not set(self.rights) <= PROOF_FREE


class Handler:
    """A representative of an owner, signed in once for all errands."""

    def __init__(self, world: World, owner: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._login = next(one for one in world.logins if one["owner"] == owner and one["role"] == "handler")
        self.http = httpx.AsyncClient(base_url=world.services["router"], timeout=20, transport=transport)
        self.csrf = ""

    async def sign_in(self) -> None:
        """Signs in. Raises Stuck."""
        answer = await self.http.post(
            "/portal/api/session", json={"email": self._login["email"], "password": self._login["password"]}
        )
        if answer.status_code != 200:
            raise Stuck(f"the handler could not sign in ({answer.status_code})")
        self.csrf = answer.json()["csrf"]


async def run(errand: Errand, world: World, handler: Handler, http: httpx.AsyncClient) -> None:
    """Walks the whole path; what goes wrong is noted on the errand."""
    began = time.monotonic()
    try:
        await (_by_page if errand.door == "page" else _by_api)(errand, world, http)
        if errand.needs_proof:
            await _confirm(errand, world, http)
        await _decide(errand, handler)
        await _wait_for_the_end(errand, handler)
        await _count_letters(errand, world, http)
    except Stuck as stuck:
        errand.trouble = str(stuck)
    except httpx.HTTPError as error:
        errand.trouble = f"a page did not answer ({type(error).__name__})"
    errand.seconds = time.monotonic() - began


async def _by_page(errand: Errand, world: World, http: httpx.AsyncClient) -> None:
    page = f"{world.services['intake']}/privacy/{errand.person.owner}"
    form = await http.get(page)
    key = _FIELD.search(form.text)
    if key is None:
        raise Stuck("the privacy page has no form")
    filled: dict[str, Any] = {
        "key": key[1],
        "rights": list(errand.rights),
        "name": errand.person.name,
        "email": errand.person.email,
    }
    if "correct" in errand.rights:
        filled |= {"corrections.0.field": "phone", "corrections.0.value": "+1 530 555 0199"}
    sent = await http.post(page, data=filled)
    if sent.status_code != 303:
        raise Stuck(f"the privacy page refused the form ({sent.status_code})")
    errand.request_id = sent.headers["location"].rpartition("/")[2]


async def _by_api(errand: Errand, world: World, http: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {
        "owner": errand.person.owner,
        "rights": list(errand.rights),
        "name": errand.person.name,
        "email": errand.person.email,
    }
    if "correct" in errand.rights:
        body["corrections"] = [{"field": "phone", "value": "+1 530 555 0199"}]
    answer = await http.post(
        f"{world.services['intake']}/v1/requests", json=body, headers={"Idempotency-Key": str(uuid4())}
    )
    if answer.status_code != 202:
        raise Stuck(f"the API refused the request ({answer.status_code})")
    errand.request_id, errand.number = answer.json()["id"], answer.json()["number"]


async def _confirm(errand: Errand, world: World, http: httpx.AsyncClient) -> None:
    pattern = re.compile(re.escape(f"{world.services['verifier']}/verify/{errand.request_id}/") + r"[A-Za-z0-9_-]+")

    async def link() -> str | None:
        for letter in await _letters(errand, world, http):
            found = pattern.search(letter["text"])
            if found:
                return found[0]
        return None

    where = await _until(link, "no letter with a link came")
    page = await http.get(where)
    press = _PRESS.search(page.text)
    pressed = await http.post(where, data={"press": press[1]} if press else {})
    if pressed.status_code not in (200, 202):
        raise Stuck(f"the link was refused ({pressed.status_code})")


async def _decide(errand: Errand, handler: Handler) -> None:
    async def waiting() -> dict[str, Any] | None:
        case = await _case(errand, handler)
        return case if case and case["state"] == "deciding" else None

    case = await _until(waiting, "the request did not reach its owner")
    errand.number = case["number"]
    instruction = {
        "must_comply": True,
        "law_limits": False,
        "identity_confirmed": True if errand.needs_proof else None,
        "suites": case["products"],
        "decisions": [{"order_id": order["id"], "approved": True} for order in case["orders"]],
    }
    answer = await handler.http.post(
        f"/portal/api/requests/{errand.request_id}/instruction",
        json=instruction,
        headers={"X-CSRF-Token": handler.csrf, "Idempotency-Key": errand.request_id},
    )
    if answer.status_code not in (200, 202):
        raise Stuck(f"the instruction was refused ({answer.status_code})")


async def _wait_for_the_end(errand: Errand, handler: Handler) -> None:
    async def closed() -> dict[str, Any] | None:
        case = await _case(errand, handler)
        return case if case and case["state"] == "closed" else None

    case = await _until(closed, "the request did not come to its end")
    for order in case["orders"]:
        leaves = [leaf["outcome"] for task in order["tasks"] for leaf in task["leaves"]]
        errand.outcomes[order["right"]] = leaves or [order["closed_as"] or "nothing"]
        if set(errand.outcomes[order["right"]]) - HONEST:
            raise Stuck(f"{order['right']} ended as {', '.join(sorted(set(leaves) - HONEST)) or order['closed_as']}")
        if order["right"] in ANSWERED and not order["package"]:
            raise Stuck(f"the order to {order['right']} has no package")


async def _count_letters(errand: Errand, world: World, http: httpx.AsyncClient) -> None:
    async def all_there() -> int | None:
        mine = [letter for letter in await _letters(errand, world, http) if errand.number in letter["text"]]
        return len(mine) if len(mine) >= LETTERS - (not errand.needs_proof) else None

    errand.letters = await _until(all_there, "a letter is missing")


async def _case(errand: Errand, handler: Handler) -> dict[str, Any] | None:
    answer = await handler.http.get(f"/portal/api/requests/{errand.request_id}")
    found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
    return found


async def _letters(errand: Errand, world: World, http: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await http.get(f"{world.mailbox}/api/messages", params={"to": errand.person.email})
    answer.raise_for_status()
    letters: list[dict[str, Any]] = [{**letter, "text": unescape(letter["text"] or "")} for letter in answer.json()]
    return letters


async def _until(look: Any, otherwise: str) -> Any:
    """Looks again and again, ever less often, until there is something to see. Raises Stuck when patience ends."""
    pause, end = 0.05, time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, 1.0)
    raise Stuck(otherwise)
