"""The answer to an order to know: kinds of data in the law's lists, and no silence about what could not be told."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape

import orjson
import pytest

from schemas.catalogue import Holding, PrivacyContact
from schemas.request import Leaf, TaskResult
from schemas.vocabulary import Category, Outcome, Right
from services.executor.categories import NAMES, Part, build, sections
from services.executor.package import Facts

FACTS = Facts(
    request_id="r-1",
    order_id="o-1",
    number="HB-7K4M-Q2ZD",
    received_at=datetime(2026, 3, 4, 2, tzinfo=UTC),
    owner="City of Alder Falls",
    zone="America/Los_Angeles",
    contact=PrivacyContact(email="privacy@alder-falls.example", phone="+1 530 555 0101"),
)
MEMBERS = Holding(
    data_set="members",
    category=Category.IDENTIFYING,
    sources=("you, at registration",),
    purposes=("running activities",),
)
PAYMENTS = Holding(
    data_set="payments",
    category=Category.FINANCIAL,
    sources=("you, when you paid",),
    purposes=("keeping accounts",),
    recipients=("companies that process payments",),
)
ACCOUNTS = MEMBERS.model_copy(update={"data_set": "accounts", "purposes": ("keeping your account",)})


def told(name: str, outcome: Outcome = Outcome.DELIVERED) -> Leaf:
    return Leaf(data_set=name, outcome=outcome, found=1, done=1)


def part(product: str, *held: Holding, leaves: tuple[Leaf, ...] = ()) -> Part:
    return Part(product, product.title(), leaves or tuple(told(one.data_set) for one in held), held)


REC, ENGAGE = part("civicrec", MEMBERS, PAYMENTS), part("civicengage", ACCOUNTS)


def opened(*parts: Part, facts: Facts = FACTS) -> tuple[dict[str, object], str]:
    with zipfile.ZipFile(io.BytesIO(build(facts, parts))) as archive:
        page = " ".join(unescape(archive.read("report.html").decode()).split())
        return json.loads(archive.read("data.json")), page


@pytest.mark.requirement("R12")
def test_each_category_stands_once_with_its_sources_purposes_and_recipients() -> None:
    identifying, financial = sections([ENGAGE, REC])
    assert identifying.data_sets == (("Civicengage", ("accounts",)), ("Civicrec", ("members",)))
    assert identifying.sources == ("you, at registration",)
    assert identifying.purposes == ("keeping your account", "running activities")
    assert (financial.recipients, financial.sold_to) == (("companies that process payments",), ())
    assert set(NAMES) == set(Category)


@pytest.mark.requirement("R12")
def test_what_is_sold_and_what_is_disclosed_are_two_lists() -> None:
    _, page = opened(REC)
    disclosed, sold = page.split("Sold, or shared for advertising")
    assert "<p>To: companies that process payments.</p>" in disclosed
    assert "None of it." in sold
    data, page = opened(part("civicrec", PAYMENTS.model_copy(update={"sold_to": ("advertisers",)})))
    assert "<p>With: advertisers.</p>" in page
    assert data["categories"] == [
        {
            "category": "financial",
            "held_in": {"Civicrec": ["payments"]},
            "sources": ["you, when you paid"],
            "purposes": ["keeping accounts"],
            "disclosed_to": ["companies that process payments"],
            "sold_or_shared_with": ["advertisers"],
        }
    ]


def test_the_same_parts_make_the_same_bytes_in_whatever_order_they_came() -> None:
    assert build(FACTS, [REC, ENGAGE]) == build(FACTS, [ENGAGE, REC])


@pytest.mark.requirement("R34")
def test_who_asked_for_a_copy_and_gets_the_kinds_is_told_why() -> None:
    assert "Kinds, and not a copy." not in opened(REC)[1]
    _, page = opened(REC, facts=replace(FACTS, instead_of=Right.ACCESS))
    assert "Kinds, and not a copy." in page
    assert "11 CCR § 7024(a)" in page


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.FAILED, "could not be reached"),
        (Outcome.PARTIAL, "contact details that other people use as well"),
        (Outcome.UNSUPPORTED, "nothing is written down yet"),
    ],
)
def test_what_could_not_be_told_is_said(outcome: Outcome, said: str) -> None:
    data, page = opened(REC, part("civicclerk", leaves=(told("*", outcome),)))
    assert data["not_answered"] == ["civicclerk"]
    assert said in page


@pytest.mark.requirement("R16")
@pytest.mark.requirement("R25")
def test_who_is_unknown_everywhere_is_told_so_and_whom_to_ask() -> None:
    data, page = opened(part("civicrec", leaves=(told("*", Outcome.NOT_FOUND),)))
    assert (data["categories"], data["not_answered"]) == ([], [])
    assert "None of the products below told us of any." in page
    assert "privacy@alder-falls.example" in page
    assert "not to be treated differently for asking" in page


def test_a_part_that_is_not_what_its_task_reported_is_refused() -> None:
    raw = orjson.dumps([MEMBERS.model_dump(mode="json")])
    digest = sha256(raw).hexdigest()
    result = TaskResult(id="t-1", product="civicrec", attempt=1, leaves=(told("members"),), evidence=digest)
    assert Part.of(result, "CivicRec", raw).holdings == (MEMBERS,)
    with pytest.raises(ValueError, match="not the one"):
        Part.of(result, "CivicRec", raw + b" ")
