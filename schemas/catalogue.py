"""The catalogue: owners, products, people with logins, registered clients, and the policies they carry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from schemas.base import Fact, Sealed, Slug
from schemas.vocabulary import Assurance, Category, Channel, Method, Right, Sensitivity

SHELF: Final = "account:"
"""What the subject of a message about an account begins with. A request's id never does."""

CLIENTS_SHELF: Final = "client:"
"""The same, for registered clients."""


class PrivacyContact(Fact):
    """The mailbox and telephone of an owner's privacy team: on every page and letter (R25)."""

    email: str
    phone: str


class Affiliate(Fact):
    """An entity of the owner that is searched only when the owner names it (R04)."""

    slug: Slug
    name: str


class Rule(Fact):
    """One line of an owner's verification policy: where right, channel and sensitivity fit (left out, all do), identity
    must be proved to ``level``, and only ``methods`` count (empty: all do). The first rule that fits is the one.

    No rule can ask for proof of an opt-out or a limit, nor let anything else go without (11 CCR 7060).
    """

    level: Assurance
    right: Right | None = None
    channel: Channel | None = None
    sensitivity: Sensitivity | None = None
    methods: tuple[Method, ...] = ()

    def fits(self, right: Right, channel: Channel, sensitivity: Sensitivity) -> bool:
        """True if the rule speaks of this case."""
        asked = ((self.right, right), (self.channel, channel), (self.sensitivity, sensitivity))
        return all(said is None or said is given for said, given in asked)


class Owner(Fact):
    """A data owner: it alone decides (R01). ``contract_days`` is the contract's clock, ``compound_days`` the long
    one (R07).

    ``verification`` comes before the statutory default, which stands where no rule fits. ``challenges_per_day`` are
    sent to one address at most. What was never verified is purged ``purge_days`` after it ended (R28).
    """

    TYPE: ClassVar[str] = "dsr.catalogue.owner-registered.v1"

    slug: Slug
    name: str
    kind: str
    zone: str
    regime: str
    locale: str
    privacy_contact: PrivacyContact
    suites: tuple[Slug, ...]
    affiliates: tuple[Affiliate, ...] = ()
    challenge_ttl_hours: int = 168
    challenge_attempts: int = 5
    statutory_days: int = 45
    contract_days: int = 45
    compound_days: int = 90
    instruction_days: int = 10
    verification: tuple[Rule, ...] = ()
    challenges_per_day: int = 5
    purge_days: int = 7

    def rule_for(self, right: Right, channel: Channel, sensitivity: Sensitivity) -> Rule | None:
        """The first of the owner's rules that fits; None where the statutory default stands."""
        return next((rule for rule in self.verification if rule.fits(right, channel, sensitivity)), None)


class Holding(Fact):
    """What a product declares of one of its data sets: the least of a data map that a right to know needs (R12).

    ``recipients`` are the categories of those to whom it is disclosed for a business purpose, ``sold_to`` of those to
    whom it is sold or with whom it is shared: two lists, never one (Cal. Civ. Code 1798.130(a)(4)).
    """

    data_set: str
    category: Category
    sources: tuple[str, ...]
    purposes: tuple[str, ...]
    recipients: tuple[str, ...] = ()
    sold_to: tuple[str, ...] = ()


class Product(Fact):
    """A product that holds owners' data. Its suites are those of R06; ``third_party_backed`` ones run on the long
    clock. ``sensitivity`` is that of the most sensitive data in it (11 CCR 7060(c)(3)(A)), ``holdings`` its part of the
    data map.
    """

    TYPE: ClassVar[str] = "dsr.catalogue.product-registered.v1"

    slug: Slug
    name: str
    base_url: str
    third_party_backed: bool = False
    vendor: str | None = None
    sensitivity: Sensitivity = Sensitivity.ORDINARY
    holdings: tuple[Holding, ...] = ()

    def holding(self, data_set: str) -> Holding | None:
        """What it declares of a data set, if it does."""
        return next((held for held in self.holdings if held.data_set == data_set), None)


class Account(Fact):
    """A person who may sign in. Known by ``login``, a keyed hash of the e-mail address; name and address are sealed.

    ``password_hash`` is empty until the first password is set. ``generation`` rises with whatever must end the
    account's sessions and the links that were sent to it. ``recovery`` holds keyed hashes of the codes that stand in
    for ``totp`` once each. ``changed_by`` is the account that wrote this entry; empty for the catalogue's file.
    """

    TYPE: ClassVar[str] = "dsr.catalogue.account-registered.v1"

    id: str
    login: str
    owner: Slug
    roles: tuple[Slug, ...]
    name: Sealed
    password_hash: str
    email: Sealed | None = None
    deactivated: bool = False
    demo: bool = False
    generation: int = 0
    totp: Sealed | None = None
    recovery: tuple[str, ...] = ()
    invited_by: str = ""
    changed_by: str = ""

    @property
    def shelf(self) -> str:
        """Under what the vault keeps the account's keys, and the subject of whatever concerns the account."""
        return f"{SHELF}{self.id}"


class TicketSystem(Fact):
    """A support system whose tickets become requests, and that is answered there (R42). ``api`` is where its API
    begins, ``user`` who we are to it; what we show there (``token``) and what its calls are signed with (``signing``)
    are sealed.
    """

    api: str
    user: str
    token: Sealed
    signing: Sealed


class Client(Fact):
    """An upstream system that may send requests, by the API or on its own topic, for its own owners only.

    ``reauthenticates``: its people have an account there, and its word counts that one of them just signed in anew
    (11 CCR 7061). ``secrets`` are SHA-256 of what it may show for a token, the newest first; more than one while one
    takes another's place. ``demo`` marks a client whose secrets are public.
    """

    TYPE: ClassVar[str] = "dsr.catalogue.client-registered.v1"

    id: Slug
    name: str
    owners: tuple[Slug, ...]
    reauthenticates: bool = False
    secrets: tuple[str, ...] = ()
    tickets: TicketSystem | None = None
    demo: bool = False

    @property
    def shelf(self) -> str:
        """Under what the vault keeps the client's keys."""
        return f"{CLIENTS_SHELF}{self.id}"


Entry = Owner | Product | Account | Client
ENTRIES: tuple[type[Entry], ...] = (Owner, Product, Account, Client)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue as of one version (the number of entries ever accepted). Decisions record that version."""

    version: int = 0
    owners: Mapping[str, Owner] = field(default_factory=dict)
    products: Mapping[str, Product] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    clients: Mapping[str, Client] = field(default_factory=dict)

    def products_of(self, owner: str) -> tuple[Product, ...]:
        """The products an owner uses, in the order it names them; one the catalogue lacks is left out."""
        known = self.owners.get(owner)
        return tuple(self.products[slug] for slug in known.suites if slug in self.products) if known else ()

    def sensitivity_of(self, owner: str) -> Sensitivity:
        """That of the most sensitive product the owner uses."""
        held = {product.sensitivity for product in self.products_of(owner)}
        return Sensitivity.SENSITIVE if Sensitivity.SENSITIVE in held else Sensitivity.ORDINARY

    def with_entry(self, entry: Entry) -> "Catalogue":
        """The next version, in which ``entry`` replaces what stood under its name."""
        owners, products, accounts, clients = self.owners, self.products, self.accounts, self.clients
        match entry:
            case Owner():
                owners = {**owners, entry.slug: entry}
            case Product():
                products = {**products, entry.slug: entry}
            case Account():
                accounts = {**accounts, entry.id: entry}
            case Client():
                clients = {**clients, entry.id: entry}
        return Catalogue(self.version + 1, owners, products, accounts, clients)
