"""Every letter in every language, as it reads: ``python -m tests.support.golden_letters`` writes ``tests/golden``."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from schemas.catalogue import Owner, PrivacyContact, Product
from schemas.intake import Challenge
from schemas.notifier import AccountLetter, AccountLetterKind, Audience, Letter, LetterKind
from schemas.request import Agent, Leaf, Order, OrderResult, Package, Request, TaskResult
from schemas.router import Decision
from schemas.vocabulary import Basis, Channel, Exemption, Method, Outcome, Right
from services.notifier import account_letters
from services.notifier.letters import LANGUAGES, Facts, Written, write
from tests.support import builders as made

GOLDEN = Path(__file__).parents[1] / "golden" / "letters"
AGENTS = {LetterKind.AGENT_RECEIPT, LetterKind.AGENT_COMPLETION}
OWNERS = {LetterKind.OWNER_NOTICE, LetterKind.OWNER_COMPLETION}
AT_ONCE = {LetterKind.OPT_OUT_RECEIPT}
SEALED = "sealed:v1:fulfilment:abc"
SECRET = Challenge(digest="d", token="sealed:v1:verification:abc")
EXPIRES = datetime(2026, 3, 10, 18, tzinfo=UTC)
PRODUCTS = {
    "civicrec": Product(slug="civicrec", name="CivicRec", base_url=""),
    "civicready": Product(slug="civicready", name="CivicReady", base_url="", third_party_backed=True, vendor="Clarion"),
}


def texts() -> Iterator[tuple[str, str]]:
    """File name → subject and text, for every kind and language."""
    for locale in LANGUAGES:
        for kind in LetterKind:
            yield f"{locale}/{kind}.txt", _as_text(letter(kind, locale))
        for account_kind in AccountLetterKind:
            yield f"{locale}/account_{account_kind}.txt", _as_text(account_letter(account_kind, locale))


def letter(kind: LetterKind, locale: str, results: tuple[OrderResult, ...] = ()) -> Written:
    """A letter about Rosa's request, in which a copy was asked for and could not be given."""
    facts = Facts(
        owner=_owner(locale), products=PRODUCTS, link="http://127.0.0.1:8001/verify/r-1/secret", code="314159",
        name="Rosa Okafor", agent="Ana Quill",
    )  # fmt: skip
    about = _letter(kind)
    about = about.model_copy(update={"results": results}) if results else about
    return write(about, _request(kind, locale), facts)


def account_letter(kind: AccountLetterKind, locale: str) -> Written:
    """A letter to somebody who is to work at the desk."""
    sealed = made.sealed_text("record", "email", 1)
    about = AccountLetter(
        id="l-1", kind=kind, account="a-1", owner="alder-falls", door="desk", email=sealed, name=sealed, token=sealed,
        expires_at=EXPIRES,
    )  # fmt: skip
    link = "http://127.0.0.1:8000/desk/welcome/secret"
    return account_letters.write(about, _owner(locale), link=link, name="Nora Newcome")


def _as_text(written: Written) -> str:
    return f"Subject: {written.subject}\n\n{written.text.rstrip()}\n"


def _letter(kind: LetterKind) -> Letter:
    audience = Audience.AGENT if kind in AGENTS else Audience.OWNER if kind in OWNERS else Audience.PERSON
    decisions = (
        Decision(order_id="o-1", approved=True),
        Decision(order_id="o-2", approved=False, exemption=Exemption.LEGAL_OBLIGATION),
    )
    return Letter(
        id="l-1", kind=kind, audience=audience, challenge=SECRET, expires_at=EXPIRES, decisions=decisions,
        results=tuple(_results()), wanted=(Method.SMS_CODE, Method.KNOWLEDGE, Method.DECLARATION),
        unproved=(Right.CORRECT,),
    )  # fmt: skip


def _request(kind: LetterKind, locale: str) -> Request:
    wanted = (
        (Order(id="o-1", right=Right.OPT_OUT), Order(id="o-2", right=Right.LIMIT))
        if kind in AT_ONCE
        else (
            Order(id="o-1", right=Right.KNOW, instead_of=Right.ACCESS),
            Order(id="o-2", right=Right.DELETE, after="o-1"),
        )
    )
    agent = Agent(contact=SEALED, basis=Basis.PERMISSION)
    return Request(
        id="r-1", owner="alder-falls", client="web", channel=Channel.WEB, person="p-1", contact=SEALED,
        received_at=datetime(2026, 3, 4, 2, tzinfo=UTC), orders=wanted, locale=locale, linked=("r-2",),
        agent=agent if audience_of_agents(kind) else None,
    )  # fmt: skip


def audience_of_agents(kind: LetterKind) -> bool:
    """True for letters that there are only where somebody acts for the person."""
    return kind in AGENTS or kind is LetterKind.AGENT_CONFIRMATION


def _results() -> Iterator[OrderResult]:
    known = Leaf(data_set="members", outcome=Outcome.DELIVERED, found=2, done=2, withheld=("health_insurance_number",))
    leaves = (
        Leaf(data_set="members", outcome=Outcome.ERASED, found=1, done=1),
        Leaf(data_set="registrations", outcome=Outcome.DEIDENTIFIED, found=3, done=3),
        Leaf(data_set="page_visits", outcome=Outcome.AGGREGATED, found=12, done=12),
        Leaf(data_set="payments", outcome=Outcome.RETAINED, found=3, retained=3, law="Government Code § 34090"),
        Leaf(data_set="households", outcome=Outcome.NOT_FOUND),
    )
    unclear = Leaf(data_set="*", outcome=Outcome.PARTIAL, found=2)
    package = Package(ref="r-1/p.zip", sha256="0" * 64, size=22)
    yield OrderResult(order_id="o-1", right=Right.KNOW, tasks=(_task("civicrec", known),), package=package)
    yield OrderResult(
        order_id="o-2", right=Right.DELETE, tasks=(_task("civicrec", *leaves), _task("civicready", unclear))
    )


def _task(product: str, *leaves: Leaf) -> TaskResult:
    return TaskResult(id=f"t-{product}", product=product, attempt=1, leaves=leaves)


def _owner(locale: str) -> Owner:
    contact = PrivacyContact(email="privacy@alder-falls.example", phone="+1 530 555 0101")
    return Owner(
        slug="alder-falls", name="City of Alder Falls", kind="city", zone="America/Los_Angeles", regime="ccpa-contract",
        locale=locale, privacy_contact=contact, suites=("civicrec", "civicready"),
    )  # fmt: skip


def main() -> None:
    """Writes every file anew."""
    for name, text in texts():
        path = GOLDEN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
