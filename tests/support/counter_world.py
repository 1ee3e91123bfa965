"""The notifier's counter with everything real but Kafka: two owners with staff, and the custodian's phone desk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from schemas.acts import Act
from schemas.catalogue import Account, Catalogue
from schemas.intake import Challenge, RequestReceived
from schemas.notifier import LetterRefused
from schemas.request import Contact, Order, Request
from schemas.verifier import ChallengeIssued
from schemas.vocabulary import Channel, Right
from services.notifier.domain import Correspondence
from services.notifier.processor import NOTIFIER
from services.runtime.person import login_key
from services.runtime.web.desk import Desk as SignInDesk
from tests.support import builders as made
from tests.support.doors import HTML, Door, owner
from tests.support.portal_people import QUICK

STAFF = (("riverton", "handler"), ("riverton", "reader"), ("lakeside", "handler"), ("custodian", "phone-desk"))
RECEIVED = datetime(2026, 3, 4, 18, tzinfo=UTC)


class CounterWorld(Door):
    """Everybody's password is their account's id."""

    def __init__(self, folder: Path) -> None:
        super().__init__(NOTIFIER, folder)
        self.catalogue = Catalogue()
        for each in (
            owner("riverton", "City of Riverton"),
            owner("lakeside", "City of Lakeside"),
            owner("custodian", "Habeas Civic Software", kind="custodian"),
        ):
            self.catalogue = self.catalogue.with_entry(each)
        for slug, role in STAFF:
            self.catalogue = self.catalogue.with_entry(self._account(slug, role))
        self.acts: list[Act] = []
        self.floor.catalogue = lambda: self.catalogue
        self.floor.record = self._record
        self.app.state.sign_in_desk = SignInDesk(self.floor, QUICK)

    async def _record(self, act: Act) -> None:
        self.acts.append(act)

    def _account(self, slug: str, role: str) -> Account:
        id_ = f"{slug}-{role}"
        secret = self.floor.settings.person_secret.get_secret_value()
        self.floor.vault.prepare(f"account:{id_}", ("record",))
        return Account(
            id=id_, login=login_key(secret, f"{role}@{slug}.example"), owner=slug, roles=(role,),
            name=self.floor.vault.seal(f"account:{id_}", "record", "name", id_), password_hash=QUICK.hash(id_),
        )  # fmt: skip

    @asynccontextmanager
    async def at(self, account: str) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody signed in at the counter, with the token that forms need."""
        slug, _, role = account.partition("-")
        async with self.client(**HTML) as client:
            who = {"email": f"{role}@{slug}.example", "password": account}
            answer = await client.post("/letters/api/session", json=who)
            answer.raise_for_status()
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            yield client

    def request(self, n: int = 1, slug: str = "riverton", locale: str = "en") -> Request:
        """A request of Maria Quill, who gave no e-mail address."""
        id_, vault = made.made_id("request", n), self.floor.vault
        vault.prepare(id_)
        contact = Contact(name="Maria Quill", phone="+15305550123", address="12 Mill Lane\nRiverton, CA 95000")
        return Request(
            id=id_, owner=slug, client="desk", channel=Channel.POST, received_at=RECEIVED,
            person=made.made_digest("person", n), orders=(Order(id=f"o-{n}", right=Right.DELETE),),
            contact=vault.seal_model(id_, "fulfilment", "contact", contact), locale=locale, by_mail=False,
        )  # fmt: skip

    def stranded(self, request: Request, reason: str = "no-email", *, secret: bool = False) -> str:
        """A receipt, or a letter with a secret, that nobody took: its id."""
        challenge = Challenge(digest="d", token=self.floor.vault.seal(request.id, "verification", "token", "secret"))
        received = RequestReceived(request=request, digest="d", challenge=challenge)
        issued = ChallengeIssued(
            request=request, offered=made.a_proof(), challenge=challenge,
            expires_at=datetime(2026, 3, 11, 18, tzinfo=UTC), attempts=5, policies=1,
        )  # fmt: skip
        about: dict[str, Any] = {"subject": request.id, "owner": request.owner, "person_key": request.person}
        self.bus.happens(issued if secret else received, id=f"cause-{request.id}-{secret}", **about)
        state: Correspondence = self.bus.state[request.id]
        letter = state.owed[-1].letter
        refused = LetterRefused(
            effect_id=f"{letter.id}:1", letter_id=letter.id, attempt=1, reason=reason, permanent=True
        )  # fmt: skip
        self.bus.happens(refused, id=f"refused-{letter.id}", **about)
        return letter.id
