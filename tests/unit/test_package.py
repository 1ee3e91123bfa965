"""The package: the same parts make the same bytes; what is in it is whole, readable and escaped."""

import io
import json
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape
from typing import Any

import orjson
import pytest

from schemas.catalogue import PrivacyContact
from schemas.request import Leaf, TaskResult
from schemas.vocabulary import Outcome
from services.executor.package import Facts, Part, build

FACTS = Facts(
    request_id="r-1",
    order_id="o-1",
    number="HB-7K4M-Q2ZD",
    received_at=datetime(2026, 3, 4, 2, tzinfo=UTC),
    owner="City of Alder Falls",
    zone="America/Los_Angeles",
    contact=PrivacyContact(email="privacy@alder-falls.example", phone="+1 530 555 0101"),
)
HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} {% raw %} \u202egnp.exe ' \" &amp;"


def leaf(name: str, outcome: Outcome, count: int = 0, withheld: tuple[str, ...] = ()) -> Leaf:
    return Leaf(data_set=name, outcome=outcome, found=count, done=count, withheld=withheld)


def part(product: str = "civicrec", value: Any = "Rosa Okafor") -> Part:
    told = (
        leaf("members", Outcome.DELIVERED, 1, ("health_insurance_number", "password")),
        leaf("registrations", Outcome.DELIVERED, 2),
        leaf("payments", Outcome.NOT_FOUND),
    )
    records = {
        "members": [{"name": value, "email": "rosa@postbox.example", "phone": None}],
        "registrations": [{"activity": "Pottery"}, {"activity": "Tai chi"}],
    }
    return Part(product, product.title(), told, records)


def opened(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_parts_make_the_same_bytes_in_whatever_order_they_came() -> None:
    one, other = part("civicrec"), part("civicengage")
    assert build(FACTS, [one, other]) == build(FACTS, [other, one])
    digest = sha256(build(FACTS, [part()])).hexdigest()
    assert digest == sha256(build(FACTS, [part()])).hexdigest()
    with zipfile.ZipFile(io.BytesIO(build(FACTS, [one]))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_manifest_holds_the_digest_of_every_other_file() -> None:
    files = opened(build(FACTS, [part()]))
    assert sorted(files) == ["data.json", "manifest.json", "report.html"]
    listed = {each["name"]: each for each in json.loads(files.pop("manifest.json"))["files"]}
    assert listed == {
        name: {"name": name, "sha256": sha256(content).hexdigest(), "size": len(content)}
        for name, content in files.items()
    }


@pytest.mark.requirement("R32")
def test_the_data_is_all_there_for_another_system_to_read() -> None:
    data = json.loads(opened(build(FACTS, [part(), part("civicengage")]))["data.json"])
    assert [product["slug"] for product in data["products"]] == ["civicengage", "civicrec"]
    members, registrations, payments = data["products"][1]["data_sets"]
    assert members["records"] == [{"name": "Rosa Okafor", "email": "rosa@postbox.example", "phone": None}]
    assert registrations["count"] == 2
    assert payments == {
        "name": "payments", "outcome": "not_found", "count": 0, "records": [], "held_not_disclosed": [],
    }  # fmt: skip
    assert data["request"] == {"id": "r-1", "number": "HB-7K4M-Q2ZD", "received_at": "2026-03-04T02:00:00+00:00"}


@pytest.mark.requirement("R16")
@pytest.mark.requirement("R23")
@pytest.mark.requirement("R25")
def test_the_report_says_what_is_held_back_whom_to_ask_and_that_asking_costs_nothing() -> None:
    page = unescape(opened(build(FACTS, [part()]))["report.html"].decode())
    text = " ".join(page.split())
    assert "Held, but not shown:</strong> health insurance number and password." in text
    assert "not to be treated differently for asking" in text
    assert "privacy@alder-falls.example" in text
    assert "+1 530 555 0101" in text
    assert "Tuesday, March 3, 2026" in text
    assert "all 3 records" in text
    assert "Nothing was found under: Payments." in text


@pytest.mark.requirement("R27")
@pytest.mark.parametrize("place", ["value", "field", "nested"])
def test_what_a_person_typed_appears_literally(place: str) -> None:
    value: Any = {"value": HOSTILE, "field": {HOSTILE: HOSTILE}, "nested": [{"a": [HOSTILE]}]}[place]
    page = opened(build(FACTS, [part(value=value)]))["report.html"].decode()
    assert "<script" not in page
    assert "{{ 7 * 7 }} {% raw %}" in page
    assert HOSTILE in unescape(page)


def test_the_report_needs_no_network_and_runs_nothing() -> None:
    page = opened(build(FACTS, [part()]))["report.html"].decode()
    for forbidden in ("<script", "<link", "<img", "src=", "url(", "@import", "http://", "https://"):
        assert forbidden not in page


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.FAILED, "could not be reached, or did not give a usable answer"),
        (Outcome.PARTIAL, "contact details that other people use as well"),
        (Outcome.NOT_FOUND, "Nothing about you was found here."),
    ],
)
def test_a_product_without_data_is_not_passed_over(outcome: Outcome, said: str) -> None:
    empty = Part("civicclerk", "CivicClerk", (leaf("*", outcome),), {})
    page = " ".join(opened(build(FACTS, [part(), empty]))["report.html"].decode().split())
    assert "CivicClerk" in page
    assert said in page


def test_a_part_that_is_not_what_its_task_reported_is_refused() -> None:
    raw = orjson.dumps([{"name": "members", "records": [{"name": "Rosa"}]}])
    result = TaskResult(
        id="t-1",
        product="civicrec",
        attempt=1,
        leaves=(leaf("members", Outcome.DELIVERED, 1),),
        evidence=sha256(raw).hexdigest(),
    )
    assert Part.of(result, "CivicRec", raw).records == {"members": [{"name": "Rosa"}]}
    with pytest.raises(ValueError, match="not the one"):
        Part.of(result, "CivicRec", raw + b" ")
