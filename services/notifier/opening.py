"""Opens what a letter needs, and nothing else: whom it goes to, and the secret it carries. Each opening is recorded."""

from dataclasses import dataclass
from urllib.parse import quote

from schemas.notifier import Audience, Letter, LetterKind
from schemas.request import Contact, Request
from services.notifier.letters import Facts
from services.runtime.floor import Floor

TOKEN, CODE = "token", "code"
NOBODY = Contact(name="")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a letter is written from, and where it goes."""

    facts: Facts
    to: Contact


@dataclass(frozen=True, slots=True)
class Opening:
    """One letter of one request, opened by ``by``. The methods block; they raise Forgotten and Tampered."""

    floor: Floor
    request: Request
    letter: Letter
    by: str = "notifier"

    def opened(self) -> Opened:
        """Everything at once."""
        catalogue, letter = self.floor.catalogue(), self.letter
        owner = catalogue.owners[self.request.owner]
        to = self._to(owner.privacy_contact.email)
        facts = Facts(
            owner=owner,
            products=catalogue.products,
            link=self._link(),
            code=self._secret(CODE) if letter.kind is LetterKind.CODE else "",
            name=to.name if letter.audience is Audience.PERSON else "",
            agent=self._agent().name if letter.kind is LetterKind.AGENT_CONFIRMATION else "",
        )
        return Opened(facts, to)

    def _to(self, owner_address: str) -> Contact:
        match self.letter.audience:
            case Audience.OWNER:
                return Contact(name="", email=owner_address)
            case Audience.AGENT:
                return self._agent()
            case Audience.PERSON:
                return self._contact("contact", self.request.contact)

    def _agent(self) -> Contact:
        agent = self.request.agent
        return self._contact("agent", agent.contact) if agent is not None else NOBODY

    def _contact(self, field: str, sealed: str) -> Contact:
        return self.floor.vault.open_model(self.request.id, field, sealed, Contact, by=self.by, why=self._why)

    def _link(self) -> str:
        """Where the letter's one action leads: to the proof for the person, to the request for the owner. A code that
        was asked for on a page is entered on that page.
        """
        settings, letter = self.floor.settings, self.letter
        if letter.audience is Audience.OWNER:
            return f"{settings.url_of('router')}/portal/requests/{self.request.id}"
        if letter.challenge is None:
            return ""
        page = f"{settings.url_of('verifier')}/verify/{self.request.id}"
        if letter.kind is LetterKind.CODE:
            return "" if letter.wanted else f"{page}/code"
        return f"{page}/{quote(self._secret(TOKEN), safe='')}"

    def _secret(self, field: str) -> str:
        challenge = self.letter.challenge
        if challenge is None:
            return ""
        return self.floor.vault.open(self.request.id, field, challenge.token, by=self.by, why=self._why)

    @property
    def _why(self) -> str:
        return f"letter {self.letter.kind}"
