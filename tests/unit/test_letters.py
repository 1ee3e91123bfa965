"""Letters: every one carries what it must, none says more than the facts, and nobody can write in a word of theirs."""

from datetime import UTC, datetime
from html import unescape

import pytest

from schemas.catalogue import Owner, PrivacyContact, Product
from schemas.intake import Challenge
from schemas.notifier import Audience, Letter, LetterKind
from schemas.request import Leaf, Order, OrderResult, Package, Request, TaskResult
from schemas.router import Decision
from schemas.vocabulary import Channel, Exemption, Method, Outcome, Right
from services.notifier.allowance import COUNTED
from services.notifier.letters import LANGUAGES, Facts, Written, greeting, plain, write
from services.notifier.mail import MailRefused, compose
from services.notifier.said import ANSWERED

LINK = "http://127.0.0.1:8001/verify/r-1/" + "k" * 43
OWNER = Owner(
    slug="alder-falls",
    name="City of Alder Falls",
    kind="city",
    zone="America/Los_Angeles",
    regime="ccpa-contract",
    locale="en",
    privacy_contact=PrivacyContact(email="privacy@alder-falls.example", phone="+1 530 555 0101"),
    suites=("civicrec", "civicready"),
)
PRODUCTS = {
    "civicrec": Product(slug="civicrec", name="CivicRec", base_url="http://127.0.0.1:8011"),
    "civicready": Product(
        slug="civicready",
        name="CivicReady",
        base_url="http://127.0.0.1:8014",
        third_party_backed=True,
        vendor="Clarion",
    ),
}
REQUEST = Request(
    id="r-1",
    owner="alder-falls",
    client="web",
    channel=Channel.WEB,
    received_at=datetime(2026, 3, 4, 2, tzinfo=UTC),
    person="p-1",
    orders=(Order(id="o-1", right=Right.ACCESS), Order(id="o-2", right=Right.DELETE, after="o-1")),
    contact="sealed:v1:fulfilment:abc",
)
HOSTILE = (
    "<b onclick=alert(1)>Rosa</b>",
    "{{ 7 * 7 }} {% if 1 %}",
    "Rosa\r\nBcc: everybody@elsewhere.example",
    "Rosa\u202egnp.exe",
    "You won! Claim at http://evil.example/prize",
    "evil.example",
    "a@b.example",
)


def result(right: Right, *leaves: Leaf, product: str = "civicrec") -> OrderResult:
    task = TaskResult(id="t-1", product=product, attempt=1, leaves=leaves)
    package = Package(ref="r-1/p.zip", sha256="0" * 64, size=22) if right in ANSWERED else None
    return OrderResult(order_id="o-1", right=right, tasks=(task,), package=package)


ERASED = Leaf(data_set="members", outcome=Outcome.ERASED, found=1, done=1)
KEPT = Leaf(data_set="payments", outcome=Outcome.RETAINED, found=3, retained=3, law="Government Code § 34090")
AUDIENCES = {
    LetterKind.OWNER_NOTICE: Audience.OWNER,
    LetterKind.OWNER_COMPLETION: Audience.OWNER,
    LetterKind.AGENT_RECEIPT: Audience.AGENT,
    LetterKind.AGENT_COMPLETION: Audience.AGENT,
}
MAILED = [kind for kind in LetterKind if kind is not LetterKind.CODE]
NOT_TREATED_WORSE = {"en": "treated differently for asking", "es": "trato distinto por haberlo pedido"}


def letter(kind: LetterKind, *results: OrderResult, **more: object) -> Letter:
    facts: dict[str, object] = {
        "id": "l-1",
        "kind": kind,
        "audience": AUDIENCES.get(kind, Audience.PERSON),
        "challenge": Challenge(digest="d", token="sealed:v1:verification:abc"),
        "expires_at": datetime(2026, 3, 10, 18, tzinfo=UTC),
        "decisions": (
            Decision(order_id="o-1", approved=True),
            Decision(order_id="o-2", approved=False, exemption=Exemption.LEGAL_OBLIGATION),
        ),
        "results": results or (result(Right.DELETE, ERASED, KEPT),),
        "wanted": (Method.SMS_CODE, Method.DECLARATION),
        "unproved": (Right.CORRECT,),
    }
    return Letter.model_validate(facts | more)


def written(
    kind: LetterKind, *results: OrderResult, name: str = "Rosa Okafor", locale: str = "en", **more: object
) -> Written:
    """A letter to Rosa, who speaks ``locale``, by an owner that does as well. ``more`` changes the request."""
    owner = OWNER.model_copy(update={"locale": locale})
    facts = Facts(owner=owner, products=PRODUCTS, link=LINK, name=name, agent=name, code="314159")
    return write(letter(kind, *results), REQUEST.model_copy(update={"locale": locale, **more}), facts)


def words(of: str) -> str:
    return " ".join(of.split())


@pytest.mark.requirement("R16")
@pytest.mark.requirement("R25")
@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("kind", MAILED)
def test_every_letter_carries_its_number_the_privacy_contact_and_the_right_not_to_be_treated_worse(
    kind: LetterKind, locale: str
) -> None:
    it = written(kind, locale=locale)
    assert REQUEST.number in it.subject
    for form in (words(it.text), words(unescape(it.html))):
        assert REQUEST.number in form
        assert NOT_TREATED_WORSE[locale] in form
        assert "privacy@alder-falls.example" in form
        assert "+1 530 555 0101" in form


@pytest.mark.requirement("R16")
@pytest.mark.requirement("R25")
@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_text_message_carries_them_too_on_one_line_that_a_telephone_takes(locale: str) -> None:
    it = written(LetterKind.CODE, locale=locale)
    assert it.text.startswith("314159 ")
    assert (it.subject, it.html, len(it.text.splitlines())) == ("", "", 1)
    assert len(it.text) < 480
    for must in (REQUEST.number, NOT_TREATED_WORSE[locale], "privacy@alder-falls.example", "+1 530 555 0101", LINK):
        assert must in it.text


@pytest.mark.parametrize("kind", MAILED)
def test_a_letter_fetches_nothing_and_runs_nothing(kind: LetterKind) -> None:
    html = written(kind).html
    for forbidden in ("<script", "<img", "<link", "src=", "url(", "@import", "<form"):
        assert forbidden not in html


def test_a_day_is_told_as_it_is_where_the_owner_is() -> None:
    assert "Tuesday, March 3, 2026" in written(LetterKind.RECEIPT).text


def test_a_language_without_templates_is_written_in_english() -> None:
    assert written(LetterKind.RECEIPT, locale="xx/../../etc").subject == written(LetterKind.RECEIPT).subject


def test_the_link_of_the_verification_stands_unbroken_on_a_line_of_its_own() -> None:
    it = written(LetterKind.VERIFICATION)
    assert LINK in it.text.splitlines()
    assert f'href="{LINK}"' in it.html


@pytest.mark.requirement("R27")
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", list(LetterKind))
def test_a_stranger_cannot_write_a_word_of_their_own_into_a_letter(kind: LetterKind, name: str) -> None:
    assert greeting(name) == ""
    assert written(kind, name=name) == written(kind, name="")


@pytest.mark.parametrize("kind", sorted({*COUNTED, *AUDIENCES} - {LetterKind.AGENT_CONFIRMATION}))
def test_a_letter_to_an_unproved_address_or_to_the_owner_names_nobody(kind: LetterKind) -> None:
    assert "Rosa" not in written(kind).text + written(kind).html


@pytest.mark.parametrize(
    "name", ["Rosa Okafor", "José Ñandú", "Seán O’Neill-Ruiz", "Dr. Li Wei", "नीलम शर्मा", "محمد علي", "N’Golo"]
)
def test_people_are_greeted_by_the_names_they_have(name: str) -> None:
    assert f"Hello {name}," in written(LetterKind.DECISION, name=name).text
    assert f"Hello {name}," in unescape(written(LetterKind.DECISION, name=name).html)


@pytest.mark.requirement("R27")
def test_what_a_product_says_appears_literally_and_on_one_line() -> None:
    law = "<i>§ 1</i> {{ 7 * 7 }}\u202e\u2028Bcc: x"
    it = written(LetterKind.COMPLETION, result(Right.DELETE, KEPT.model_copy(update={"law": law})))
    assert "<i>" not in it.html
    assert "&lt;i&gt;§ 1&lt;/i&gt; {{ 7 * 7 }} Bcc: x" in it.html
    assert "<i>§ 1</i> {{ 7 * 7 }} Bcc: x" in words(it.text)


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\u2028b", "a\x00b", "a\x85b", "a\u202eb", "a\ud800b"])
def test_a_plain_text_is_one_line_that_can_be_sent(text: str) -> None:
    assert len(plain(text).splitlines()) == 1
    plain(text).encode()


@pytest.mark.requirement("R18")
@pytest.mark.parametrize("exemption", list(Exemption))
def test_a_refusal_says_its_reason_in_words(exemption: Exemption) -> None:
    refused = OrderResult(order_id="o-2", right=Right.DELETE, closed_as=Outcome.REFUSED, reason=exemption)
    closing = words(written(LetterKind.COMPLETION, refused).text)
    deciding = letter(LetterKind.DECISION, decisions=(Decision(order_id="o-2", approved=False, exemption=exemption),))
    decision = words(write(deciding, REQUEST, Facts(owner=OWNER, products=PRODUCTS)).text)
    for text in (closing, decision):
        assert "for a reason that its privacy team will tell you" not in text
        assert "law" in text or "data" in text or "Cal. Civ. Code" in text
    assert "Done" not in closing


@pytest.mark.requirement("R45")
@pytest.mark.parametrize("right", list(Right))
def test_a_letter_says_done_only_where_every_leaf_is(right: Right) -> None:
    counted = {Outcome.NOT_FOUND: (0, 0), Outcome.RETAINED: (2, 0)}
    for outcome in Outcome:
        found, done = counted.get(outcome, (2, 2))
        one = Leaf(data_set="members", outcome=outcome, found=found, done=done, law="§ 1", retained=0)
        for kind in (LetterKind.COMPLETION, LetterKind.OWNER_COMPLETION):
            it = written(kind, result(right, one, KEPT))
            assert "done" not in words(it.subject + it.text + it.html).casefold()


def test_a_partly_done_request_is_told_leaf_by_leaf() -> None:
    text = words(written(LetterKind.COMPLETION, result(Right.DELETE, ERASED, KEPT)).text)
    assert "Carried out, except for what has to be kept by law." in text
    assert "Members: 1 record erased." in text
    assert (
        "Payments: 3 records kept, as Government Code § 34090 requires. What is kept is used for nothing else." in text
    )


def test_everything_done_is_said_to_be_done() -> None:
    it = written(LetterKind.COMPLETION, result(Right.DELETE, ERASED))
    assert it.subject == f"Done: your privacy request {REQUEST.number}"
    assert "Done: everything that was found is erased." in it.text


@pytest.mark.requirement("R23")
def test_what_is_held_but_never_disclosed_is_said() -> None:
    leaf = Leaf(data_set="employees", outcome=Outcome.DELIVERED, found=1, done=1, withheld=("social_security_number",))
    text = words(written(LetterKind.COMPLETION, result(Right.ACCESS, leaf)).text)
    assert "Held, but never put into a copy: social security number." in text


def test_an_ambiguous_match_is_told_without_saying_how_many_records_others_have() -> None:
    unclear = Leaf(data_set="*", outcome=Outcome.PARTIAL, found=417)
    text = written(LetterKind.COMPLETION, result(Right.DELETE, unclear)).text
    assert "417" not in text
    assert "other people use as well" in words(text)


@pytest.mark.requirement("R09")
def test_the_owner_is_told_which_third_parties_it_must_notify() -> None:
    both = (result(Right.DELETE, ERASED), result(Right.DELETE, ERASED, product="civicready"))
    assert "CivicReady: Clarion" in written(LetterKind.OWNER_COMPLETION, *both).text
    assert "Clarion" not in written(LetterKind.COMPLETION, *both).text


def test_a_header_cannot_be_injected() -> None:
    it = Written("Hello\r\nBcc: x@elsewhere.example", "text\n", "<p>text</p>")
    message = compose(
        it,
        sender="desk@habeas.example",
        sender_name="City\r\nBcc: y@elsewhere.example via Habeas",
        to="rosa@postbox.example",
        reply_to="privacy@alder-falls.example",
        message_id="<l-1@habeas.example>",
        date=datetime(2026, 3, 4, tzinfo=UTC),
    )
    assert message["Bcc"] is None
    assert b"\nBcc:" not in message.as_bytes().split(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "to", ["a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "<a@b.example>", "", "@"]
)
def test_what_is_not_one_address_is_refused_for_good(to: str) -> None:
    with pytest.raises(MailRefused, match=r"^no-address$") as refused:
        compose(
            Written("s", "t", "h"),
            sender="desk@habeas.example",
            sender_name="City",
            to=to,
            reply_to="privacy@alder-falls.example",
            message_id="<l-1@habeas.example>",
            date=datetime(2026, 3, 4, tzinfo=UTC),
        )
    assert refused.value.permanent
