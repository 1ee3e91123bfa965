"""One made-up person's request from the first page to the last letter, by the public pages and APIs alone."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from infra.demo.patience import Patient
from infra.demo.residents import Person

HONEST = {"delivered", "erased", "deidentified", "aggregated", "corrected", "opted_out", "retained", "not_found"}
"""The outcomes a data set may end with when nothing went wrong."""

LETTERS = 4
"""Receipt, verification, decision, completion; what needs no proof has no verification."""

PROOF_FREE = {"opt_out", "limit"}
"""Rights that go ahead without proof."""

ANSWERED = {"know", "access"}
"""Rights whose answer is a package."""

PROGRAM = "demo-city-hall"
"""The client under whose name the demo calls the API."""

PATIENCE = 120.0
"""Seconds within which each step must have happened."""

BRIEFLY = 5.0
"""Seconds for which a request that met no answer is sent again."""

HELD_BACK = 10
"""Seconds for which an answer is held back that would tell of nothing new."""

Found = TypeVar("Found")
_FIELD = re.compile(r'name="key"\s+value="([^"]+)"')
_WORK = re.compile(r'data-work="([^"]+)" data-bits="(\d+)"')
_PRESS = re.compile(r'name="press"\s+value="([^"]+)"')


class Stuck(Exception):  # noqa: N818 — tells how far an errand came
    """A step did not happen, or ended wrong. The message says which."""


@dataclass(frozen=True, slots=True)
class World:
    """Where everything answers, as `run.json` tells it."""

    services: Mapping[str, str]
    mailbox: str
    logins: Sequence[Mapping[str, str]]
    secrets: Mapping[str, str] = field(default_factory=dict)
    helpdesk: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def told(cls, run: Mapping[str, Any]) -> "World":
        """As the content of `run.json` says."""
        return cls(run["services"], run["mailbox"], run["logins"], run["secrets"], run["helpdesk"])

    async def authorized(self, http: httpx.AsyncClient, client: str = PROGRAM) -> dict[str, str]:
        """The header with which `client` may call the API. Raises Stuck."""
        if client not in self.tokens:
            shown = {"grant_type": "client_credentials", "client_id": client, "client_secret": self.secrets[client]}
            answer = await http.post(f"{self.services['intake']}/v1/token", data=shown)
            if answer.status_code != 200:
                raise Stuck(f"no token for {client} ({answer.status_code})")
            self.tokens[client] = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self.tokens[client]}"}


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
    ticket: str = ""
    trouble: str = ""

    @property
    def needs_proof(self) -> bool:
        """False where everything that is asked for goes ahead at once."""
        return not set(self.rights) <= PROOF_FREE


def client(transport: httpx.AsyncBaseTransport | None = None, base_url: str = "") -> httpx.AsyncClient:
    """What errands are run with. Like a browser, it sends again what met a connection that was just being closed."""
    return httpx.AsyncClient(timeout=60, transport=transport or Patient(BRIEFLY), base_url=base_url)


class Handler:
    """A representative of an owner, signed in once for all errands."""

    def __init__(self, world: World, owner: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._login = next(one for one in world.logins if one["owner"] == owner and one["role"] == "handler")
        self.http = client(base_url=world.services["router"], transport=transport)
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
        await DOORS[errand.door](errand, world, http)
        if errand.needs_proof:
            await _confirm(errand, world, http)
        await _decide(errand, handler)
        await _wait_for_the_end(errand, handler)
        await _count_letters(errand, world, http)
        if errand.ticket:
            await _wait_until_solved(errand, world, http)
    except Stuck as stuck:
        errand.trouble = str(stuck)
    except httpx.HTTPError as error:
        errand.trouble = f"a page did not answer ({type(error).__name__})"
    errand.seconds = time.monotonic() - began


async def _by_page(errand: Errand, world: World, http: httpx.AsyncClient) -> None:
    page = f"{world.services['intake']}/privacy/{errand.person.owner}"
    form = await http.get(page)
    key, work = _FIELD.search(form.text), _WORK.search(form.text)
    if key is None or work is None:
        raise Stuck("the privacy page has no form")
    filled: dict[str, Any] = {
        "key": key[1],
        "rights": list(errand.rights),
        "name": errand.person.name,
        "email": errand.person.email,
        "token": work[1],
        "work": await asyncio.to_thread(_worked, work[1], int(work[2])),
    }
    if "delete" in errand.rights:
        filled["confirm"] = "delete"
    if "correct" in errand.rights:
        filled |= {"corrections.0.field": "phone", "corrections.0.value": "+1 530 555 0199"}
    sent = await http.post(page, data=filled)
    if sent.status_code != 303:
        raise Stuck(f"the privacy page refused the form ({sent.status_code})")
    errand.request_id = sent.headers["location"].partition("?")[0].rpartition("/")[2]


def _worked(token: str, bits: int) -> str:
    """What the page's script does while somebody types: a number whose SHA-256 with the token begins with zeros."""
    limit = 1 << (256 - bits)
    found = (n for n in count() if int.from_bytes(sha256(f"{token}.{n}".encode()).digest(), "big") < limit)
    return str(next(found))


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
        f"{world.services['intake']}/v1/requests",
        json=body,
        headers={"Idempotency-Key": str(uuid4()), **await world.authorized(http)},
    )
    if answer.status_code != 202:
        raise Stuck(f"the API refused the request ({answer.status_code})")
    errand.request_id, errand.number = answer.json()["id"], answer.json()["number"]


async def _by_ticket(errand: Errand, world: World, http: httpx.AsyncClient) -> None:
    asked = {
        "subject": "A question about my data",
        "description": "I was told to write to you.",
        "requester": {"name": errand.person.name, "email": errand.person.email},
        "tags": [*(f"privacy_{right}" for right in errand.rights), f"owner_{errand.person.owner}"],
    }
    made = await http.post(f"{world.helpdesk}/api/v2/tickets.json", json={"ticket": asked}, auth=_at_helpdesk(world))
    if made.status_code != 201:
        raise Stuck(f"the helpdesk took no ticket ({made.status_code})")
    errand.ticket = str(made.json()["ticket"]["id"])

    def taken(ticket: dict[str, Any]) -> bool:
        return bool(ticket["told"])

    told = await _ticket(errand, world, http, taken, "nobody answered for the ticket")
    found = re.fullmatch(r"taken as (\S+) \((\S+)\)", told["told"])
    if found is None:
        raise Stuck(f"the ticket was {told['told']}")
    errand.number, errand.request_id = found.groups()


async def _wait_until_solved(errand: Errand, world: World, http: httpx.AsyncClient) -> None:
    def solved(ticket: dict[str, Any]) -> bool:
        return bool(ticket["status"] == "solved")

    await _ticket(errand, world, http, solved, "the ticket was not solved")


async def _ticket(
    errand: Errand, world: World, http: httpx.AsyncClient, wanted: Callable[[dict[str, Any]], bool], otherwise: str
) -> dict[str, Any]:
    where, end = f"{world.helpdesk}/api/v2/tickets/{errand.ticket}.json", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = await http.get(where, auth=_at_helpdesk(world))
        ticket: dict[str, Any] = answer.json()["ticket"] if answer.status_code == 200 else {"told": "", "status": ""}
        if wanted(ticket):
            return ticket
        await asyncio.sleep(0.2)
    raise Stuck(otherwise)


def _at_helpdesk(world: World) -> tuple[str, str]:
    return "demo@helpdesk.example/token", world.secrets["DEMO_TICKETS_TOKEN"]


DOORS = {"page": _by_page, "api": _by_api, "ticket": _by_ticket}
"""How somebody may ask."""


async def _confirm(errand: Errand, world: World, http: httpx.AsyncClient) -> None:
    pattern = re.compile(re.escape(f"{world.services['verifier']}/verify/{errand.request_id}/") + r"[A-Za-z0-9_-]+")

    def link(letters: list[dict[str, Any]]) -> str | None:
        return next((found[0] for letter in letters if (found := pattern.search(letter["text"]))), None)

    where = await _letter(errand, world, http, link, "no letter with a link came")
    page = await http.get(where)
    press = _PRESS.search(page.text)
    pressed = await http.post(where, data={"press": press[1]} if press else {})
    if pressed.status_code not in (200, 202):
        raise Stuck(f"the link was refused ({pressed.status_code})")


async def _decide(errand: Errand, handler: Handler) -> None:
    case = await _case(errand, handler, "deciding", "the request did not reach its owner")
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
    case = await _case(errand, handler, "closed", "the request did not come to its end")
    for order in case["orders"]:
        leaves = [leaf["outcome"] for task in order["tasks"] for leaf in task["leaves"]]
        errand.outcomes[order["right"]] = leaves or [order["closed_as"] or "nothing"]
        if set(errand.outcomes[order["right"]]) - HONEST:
            raise Stuck(f"{order['right']} ended as {', '.join(sorted(set(leaves) - HONEST)) or order['closed_as']}")
        if order["right"] in ANSWERED and not order["package"]:
            raise Stuck(f"the order to {order['right']} has no package")


async def _count_letters(errand: Errand, world: World, http: httpx.AsyncClient) -> None:
    def all_there(letters: list[dict[str, Any]]) -> int | None:
        mine = [letter for letter in letters if errand.number in letter["text"]]
        return len(mine) if len(mine) >= LETTERS - (not errand.needs_proof) else None

    errand.letters = await _letter(errand, world, http, all_there, "a letter is missing")


async def _case(errand: Errand, handler: Handler, state: str, otherwise: str) -> dict[str, Any]:
    """The request as its owner sees it, once it is in ``state``. The answer is held back until then."""
    where, end = f"/portal/api/requests/{errand.request_id}", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = await handler.http.get(where, params={"until": state}, headers={"Prefer": f"wait={HELD_BACK}"})
        found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        if found.get("state") == state:
            return found
        if answer.status_code not in (200, 404):
            await asyncio.sleep(1)
    raise Stuck(otherwise)


async def _letter(
    errand: Errand,
    world: World,
    http: httpx.AsyncClient,
    look: Callable[[list[dict[str, Any]]], Found | None],
    otherwise: str,
) -> Found:
    """What ``look`` finds in the person's letters. Each answer is held back until there is one letter more."""
    letters: list[dict[str, Any]] = []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        asked: dict[str, str | int] = {"to": errand.person.email, "count": len(letters) + 1, "wait": HELD_BACK}
        answer = await http.get(f"{world.mailbox}/api/messages", params=asked)
        answer.raise_for_status()
        letters = [{**letter, "text": unescape(letter["text"] or "")} for letter in answer.json()]
        found = look(letters)
        if found is not None:
            return found
    raise Stuck(otherwise)
