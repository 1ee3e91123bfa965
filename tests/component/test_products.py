"""The product protocol as the demo products speak it, each on a database of its own."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.demo.declare import Suite
from infra.demo.product import create
from infra.demo.residents import Person, person, person_of, residents
from infra.demo.seeding import open_product, ref_of
from infra.demo.store import Store
from infra.demo.suites import SUITES, suite

TOKEN = "the-product-token"
Open = Callable[[str], "Talk"]
Line = dict[str, Any]


class Talk:
    """A product and the caller's side of the protocol."""

    def __init__(self, of: Suite, store: Store, file: Path) -> None:
        self.suite, self.store, self.file = of, store, file
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(create(of, store, TOKEN)),
            base_url="http://product",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )

    async def ask(self, owner: str, what: str, body: Any, task: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": task} if task else {}
        return await self.http.post(f"/v1/{owner}/{what}", json=body, headers=headers)

    async def find(self, owner: str, affiliates: tuple[str, ...] = (), **identifiers: str) -> list[Line]:
        answer = await self.ask(owner, "find", {"identifiers": identifiers, "affiliates": affiliates})
        assert answer.status_code == 200, answer.text
        candidates: list[Line] = answer.json()["candidates"]
        return candidates

    async def do(self, what: str, whom: Person, task: str = "task-1", **more: Any) -> dict[str, Line]:
        answer = await self.ask(whom.owner, what, {"refs": [ref_of(self.suite, whom)]} | more, task)
        assert answer.status_code == 200, answer.text
        return {line["name"]: line for line in answer.json()["data_sets"]}

    async def effects(self) -> list[Line]:
        found: list[Line] = (await self.http.get("/_effects")).json()
        return found

    def rows(self, sql: str) -> list[Any]:
        with self.store.reading() as connection:
            return list(connection.exec_driver_sql(sql).all())


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("seeded")
    for each in SUITES:
        open_product(each, home).close()
    return home / "products"


@pytest.fixture
def product(seeded: Path, tmp_path: Path) -> Iterator[Open]:
    opened: list[Talk] = []

    def open_one(slug: str) -> Talk:
        file = Path(shutil.copy(seeded / f"{slug}.db", tmp_path))
        opened.append(Talk(suite(slug), Store(file), file))
        return opened[-1]

    yield open_one
    for talk in opened:
        talk.store.close()


async def test_a_person_is_found_by_e_mail_whatever_its_case(product: Open) -> None:
    rosa = person("alder-falls", 3)
    [found] = await product("civicrec").find(rosa.owner, email=rosa.email.upper(), name=rosa.name.lower())
    assert found["ref"] == ref_of(suite("civicrec"), rosa)
    assert found["matched"] == ["email", "name"]
    assert found["shared"] == []
    assert found["data_sets"] == {"members": 1, "households": 1, "registrations": 1, "payments": 1}


async def test_the_phone_number_counts_only_where_the_e_mail_address_finds_nobody(product: Open) -> None:
    one, other = person("alder-falls", 31), person("alder-falls", 32)
    assert one.phone == other.phone
    talk = product("civicrec")
    by_both = await talk.find(one.owner, email=one.email, phone=one.phone)
    by_phone = await talk.find(one.owner, email="nobody@postbox.example", phone="(209) 555-0131")
    assert [found["matched"] for found in by_both] == [["email", "phone"]]
    assert {found["ref"] for found in by_phone} == {ref_of(talk.suite, one), ref_of(talk.suite, other)}
    assert [found["matched"] for found in by_phone] == [["phone"], ["phone"]]


@pytest.mark.requirement("R34")
async def test_what_others_hold_too_is_told(product: Open) -> None:
    talk = product("civicrec")
    father, son = person("alder-falls", 54), person("alder-falls", 55)
    assert (father.name, father.phone) == (son.name, son.phone)
    [found] = await talk.find(son.owner, email=son.email, name=son.name)
    assert found["shared"] == ["name", "phone"]
    parent, child = person("alder-falls", 34), person("alder-falls", 37)
    assert parent.email == child.email
    family = await talk.find(parent.owner, email=parent.email)
    assert {one["ref"] for one in family} == {ref_of(talk.suite, parent), ref_of(talk.suite, child)}
    assert all("email" in one["shared"] for one in family)


@pytest.mark.requirement("R04")
async def test_residents_of_an_affiliate_are_found_only_if_it_is_named(product: Open) -> None:
    talk = product("civicrec")
    walker = next(p for p in residents("dunmore-county") if p.entity == "dunmore-library" and "civicrec" in p.suites)
    assert await talk.find(walker.owner, email=walker.email) == []
    assert len(await talk.find(walker.owner, ("dunmore-library",), email=walker.email)) == 1
    assert await talk.find(walker.owner, ("dunmore-parks",), email=walker.email) == []
    answer = await talk.ask(
        walker.owner, "find", {"identifiers": {"email": walker.email}, "affiliates": ["alder-falls"]}
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "affiliates")


async def test_one_person_at_the_county_and_its_parks_shares_nothing_with_another(product: Open) -> None:
    both = person("dunmore-county", 2)
    found = await product("civicengage").find(both.owner, ("dunmore-parks",), email=both.email)
    assert [one["shared"] for one in found] == [[], []]


async def test_the_same_person_at_two_owners_is_two_people(product: Open) -> None:
    here, there = person("alder-falls", 22), person("brookhaven", 22)
    talk = product("civicengage")
    assert here.email == there.email
    [found] = await talk.find(here.owner, email=here.email)
    assert found["ref"] == ref_of(talk.suite, here) != ref_of(talk.suite, there)
    assert found["shared"] == []


async def test_a_match_says_yes_or_no_and_nothing_else(product: Open) -> None:
    talk, who, other = product("civicrec"), person("alder-falls", 4), person("alder-falls", 5)
    facts = {"email": who.email, "phone": who.phone, "date_of_birth": who.date_of_birth, "address": who.address}
    yes = await talk.ask(who.owner, "match", {"identifiers": facts})
    mixed = await talk.ask(who.owner, "match", {"identifiers": facts | {"phone": other.phone}})
    assert yes.json() == {"match": True}
    assert mixed.json() == {"match": False}


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("slug", [each.slug for each in SUITES])
async def test_access_shows_records_and_names_what_it_may_not_show(product: Open, slug: str) -> None:
    talk = product(slug)
    whom = next(
        person(owner, 0) for owner in ("alder-falls", "brookhaven", "cedar-point") if slug in person(owner, 0).suites
    )
    lines = await talk.do("access", whom)
    assert set(lines) == {data_set.name for data_set in talk.suite.data_sets}
    assert "never-disclose" not in str(lines)
    for data_set in talk.suite.data_sets:
        line = lines[data_set.name]
        assert line["outcome"] == ("delivered" if line["count"] else "not_found")
        assert len(line.get("records", [])) == line["count"]
        if line["count"]:
            held = talk.rows(f"SELECT * FROM {data_set.table.name} WHERE ref = '{ref_of(talk.suite, whom)}'")
            assert line["held_not_disclosed"] == sorted(
                name for name in data_set.never if any(row._mapping[name] is not None for row in held)
            )


@pytest.mark.requirement("R47")
async def test_every_outcome_of_an_erasure_occurs_in_the_demo_world(product: Open) -> None:
    seen = {}
    for slug in ("civicengage", "civicrec", "seeclickfix"):
        for name, line in (await product(slug).do("erase", person("alder-falls", 1))).items():
            seen[slug, name] = line["outcome"]
            assert ("law" in line) == (line["outcome"] == "retained")
    assert seen == {
        ("civicengage", "accounts"): "erased",
        ("civicengage", "subscriptions"): "erased",
        ("civicengage", "page_visits"): "aggregated",
        ("civicrec", "members"): "erased",
        ("civicrec", "households"): "deidentified",
        ("civicrec", "registrations"): "deidentified",
        ("civicrec", "payments"): "retained",
        ("seeclickfix", "users"): "erased",
        ("seeclickfix", "issues"): "deidentified",
        ("seeclickfix", "comments"): "not_found",
        ("seeclickfix", "device_tokens"): "not_found",
    }


@pytest.mark.parametrize("slug", [each.slug for each in SUITES])
async def test_after_an_erasure_only_what_the_law_keeps_is_still_theirs(product: Open, slug: str) -> None:
    talk = product(slug)
    whom = next(p for p in (person(owner, 6) for owner in ("brookhaven", "cedar-point")) if slug in p.suites)
    before = await talk.do("access", whom, "task-before")
    done = await talk.do("erase", whom)
    after = await talk.do("access", whom, "task-after")
    for name, line in done.items():
        assert line["count"] == before[name]["count"]
        assert after[name]["count"] == (line["count"] if line["outcome"] == "retained" else 0)
    still = {d.name for d in talk.suite.data_sets if "email" in d.fields} & {
        name for name, line in done.items() if line["outcome"] == "retained"
    }
    assert bool(await talk.find(whom.owner, email=whom.email)) == bool(still)


@pytest.mark.requirement("R21")
async def test_what_is_retained_is_restricted_under_a_law_of_the_owners_kind(product: Open) -> None:
    talk, county, city = product("civicrec"), person("dunmore-county", 7), person("brookhaven", 7)
    by_county = await talk.do("erase", county, "task-county")
    by_city = await talk.do("erase", city, "task-city")
    assert by_county["payments"]["law"] == "California Government Code § 26202"
    assert by_city["payments"]["law"] == "California Government Code § 34090"
    kept = talk.rows(f"SELECT restricted FROM payments WHERE ref = '{ref_of(talk.suite, city)}'")
    assert {row.restricted for row in kept} == {1}


async def test_what_was_aggregated_is_counted_and_nobodys(product: Open) -> None:
    talk, one, other = product("civicengage"), person("alder-falls", 8), person("alder-falls", 9)
    first = await talk.do("erase", one, "task-one")
    second = await talk.do("erase", other, "task-other")
    [(total,)] = talk.rows("SELECT sum(total) FROM visit_totals")
    assert total == first["page_visits"]["count"] + second["page_visits"]["count"]


async def test_an_erasure_leaves_the_rest_of_the_household_alone(product: Open) -> None:
    talk, one, other = product("civicrec"), person("alder-falls", 31), person("alder-falls", 32)
    before = await talk.do("access", other, "task-before")
    await talk.do("erase", one)
    assert await talk.do("access", other, "task-after") == before


@pytest.mark.parametrize("slug", ["civicengage", "seeclickfix", "civicoptimize"])
async def test_erased_bytes_are_gone_from_the_file_and_from_earlier_replies(product: Open, slug: str) -> None:
    talk, whom = product(slug), person("brookhaven", 10)
    await talk.do("access", whom, "task-access")
    await talk.do("erase", whom)
    kept = b"".join(file.read_bytes() for file in talk.file.parent.glob(f"{slug}.db*"))
    assert whom.email.encode() not in kept
    assert whom.phone.encode() not in kept
    again = await talk.do("access", whom, "task-access")
    assert all(line["records"] == [] and line["records_erased"] for line in again.values())


async def test_a_task_asked_twice_is_done_once(product: Open) -> None:
    talk, whom = product("civicrec"), person("alder-falls", 11)
    first = await talk.do("erase", whom)
    assert await talk.do("erase", whom) == first
    [effect] = await talk.effects()
    assert (effect["task_id"], effect["action"], effect["owner"]) == ("task-1", "erase", "alder-falls")
    assert effect["times_asked"] == 2
    assert effect["reply"]["data_sets"] == list(first.values())


async def test_a_task_asked_by_many_at_once_is_done_once(product: Open) -> None:
    talk, whom = product("civicengage"), person("alder-falls", 12)
    replies = await asyncio.gather(*(talk.do("erase", whom) for _ in range(12)))
    assert all(reply == replies[0] for reply in replies)
    assert replies[0]["accounts"]["count"] == 1
    assert [effect["times_asked"] for effect in await talk.effects()] == [12]


async def test_a_task_id_stands_for_one_piece_of_work(product: Open) -> None:
    talk, whom = product("civicengage"), person("alder-falls", 13)
    refs = [ref_of(talk.suite, whom)]
    await talk.do("access", whom)
    others = [
        await talk.ask(whom.owner, "access", {"refs": []}, "task-1"),
        await talk.ask(whom.owner, "erase", {"refs": refs}, "task-1"),
        await talk.ask("brookhaven", "access", {"refs": refs}, "task-1"),
    ]
    assert [answer.status_code for answer in others] == [409, 409, 409]
    assert {answer.headers["content-type"] for answer in others} == {"application/problem+json"}
    [effect] = await talk.effects()
    assert (effect["action"], effect["times_asked"]) == ("access", 1)


async def test_a_correction_reaches_every_data_set_that_holds_the_field(product: Open) -> None:
    talk, whom = product("civicclerk"), person("brookhaven", 14)
    changes = [{"field": "email", "value": "New.Name@larkmail.example"}, {"field": "phone", "value": "(209) 555-0199"}]
    lines = await talk.do("correct", whom, changes=changes)
    assert {name: line["outcome"] for name, line in lines.items()} == {
        "board_applicants": "corrected",
        "agenda_subscribers": "corrected",
    }
    assert lines["board_applicants"]["fields"] == ["email", "phone"]
    [found] = await talk.find(whom.owner, email="new.name@larkmail.example", phone="+1 209 555 0199")
    assert found["matched"] == ["email", "phone"]
    assert await talk.find(whom.owner, email=whom.email) == []


async def test_what_a_product_cannot_correct_is_said_to_be_unsupported(product: Open) -> None:
    talk, whom = product("civicclerk"), person("brookhaven", 15)
    changes = [{"field": "name", "value": "Somebody Else"}, {"field": "shoe_size", "value": "44"}]
    lines = await talk.do("correct", whom, changes=changes)
    assert lines["board_applicants"]["outcome"] == "corrected"
    assert lines["board_applicants"]["unsupported_fields"] == ["shoe_size"]
    assert lines["meeting_comments"] == {
        "name": "meeting_comments",
        "outcome": "unsupported",
        "count": 1,
        "unsupported_fields": ["name"],
    }


@pytest.mark.requirement("R50")
async def test_an_opt_out_marks_what_could_be_shared_and_tells_the_vendor(product: Open) -> None:
    talk, whom = product("civicready"), person("cedar-point", 16)
    lines = await talk.do("opt-out", whom)
    assert lines["contact_points"]["outcome"] == "opted_out"
    assert lines["contact_points"]["vendor"]["name"] == "Clarion Alerts"
    assert lines["contact_points"]["vendor"]["order"] == "opt-out"
    marked = talk.rows("SELECT ref FROM contact_points WHERE opted_out")
    assert [row.ref for row in marked] == [ref_of(talk.suite, whom)]


@pytest.mark.requirement("R03")
async def test_a_limit_is_another_mark_under_another_key(product: Open) -> None:
    talk, whom = product("civichr"), person("brookhaven", 4)
    lines = await talk.do("opt-out", whom, kind="sensitive")
    assert {name: line["outcome"] for name, line in lines.items()} == {
        "applicants": "opted_out",
        "employees": "opted_out",
        "protected_characteristics": "opted_out",
    }
    assert talk.rows("SELECT count(*) FROM applicants WHERE limited") == [(1,)]
    assert talk.rows("SELECT count(*) FROM job_alerts WHERE opted_out") == [(0,)]
    again = await talk.ask(whom.owner, "opt-out", {"refs": [ref_of(talk.suite, whom)]}, "task-1")
    assert again.status_code == 409
    unknown = await talk.ask(whom.owner, "opt-out", {"refs": [], "kind": "all"}, "task-2")
    assert unknown.status_code == 422


def test_a_database_that_an_older_release_filled_gets_the_new_marks(seeded: Path, tmp_path: Path) -> None:
    (tmp_path / "products").mkdir()
    file = Path(shutil.copy(seeded / "civicrec.db", tmp_path / "products"))
    with sqlite3.connect(file) as old:
        old.execute("ALTER TABLE payments DROP COLUMN limited")
    for _ in range(2):
        store = open_product(suite("civicrec"), tmp_path)
        with store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM payments WHERE NOT limited").scalar_one() > 0
        store.close()


@pytest.mark.parametrize("what", ["access", "erase", "correct", "opt-out"])
async def test_another_owners_people_are_nobody(product: Open, what: str) -> None:
    talk, whom = product("civicengage"), person("alder-falls", 17)
    body: Line = {"refs": [ref_of(talk.suite, whom)]}
    if what == "correct":
        body["changes"] = [{"field": "email", "value": "new@postbox.example"}]
    answer = await talk.ask("brookhaven", what, body, "task-1")
    assert {(line["outcome"], line["count"]) for line in answer.json()["data_sets"]} == {("not_found", 0)}
    assert len(await talk.find(whom.owner, email=whom.email)) == 1


@pytest.mark.parametrize(("slug", "owner"), [("civicengage", "nowhere"), ("civicready", "alder-falls")])
async def test_an_owner_that_does_not_use_the_product_is_unknown(product: Open, slug: str, owner: str) -> None:
    answer = await product(slug).ask(owner, "find", {"identifiers": {"email": "a@postbox.example"}})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.requirement("R27")
async def test_nobody_comes_in_without_the_token(product: Open) -> None:
    talk = product("civicengage")
    for shown in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        answers = [
            await talk.http.post("/v1/alder-falls/find", content=b"{not json", headers=shown),
            await talk.http.get("/_effects", headers=shown),
            await talk.http.get("/elsewhere", headers=shown),
        ]
        assert [answer.status_code for answer in answers] == [401, 401, 401]
    opened = [await talk.http.get(path, headers={"Authorization": ""}) for path in ("/health", "/ready")]
    assert [answer.status_code for answer in opened] == [200, 200]


SECRET = "rosa.secret@postbox.example"


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("find", {"identifiers": {"email": [SECRET]}}, "identifiers.email"),
        ("find", {"identifiers": {"name": SECRET}}, "identifiers"),
        ("find", {"identifiers": {SECRET: SECRET}}, "identifiers"),
        ("find", {"identifiers": {}}, "identifiers"),
        ("find", {"identifiers": {"email": "a@b.example"}, "affiliates": [SECRET]}, "affiliates.0"),
        ("match", {"identifiers": SECRET}, "identifiers"),
        ("access", {"refs": SECRET}, "refs"),
        ("access", {}, "refs"),
        ("correct", {"refs": [], "changes": [{"field": SECRET, "value": "x"}]}, "changes.0.field"),
        ("correct", {"refs": [], "changes": []}, "changes"),
        ("erase", [SECRET], "body"),
    ],
)
@pytest.mark.requirement("R27")
async def test_a_body_that_is_refused_is_never_quoted(product: Open, what: str, body: Any, field: str) -> None:
    answer = await product("civicengage").ask("alder-falls", what, body, "task-1")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert SECRET not in answer.text


async def test_a_task_without_an_id_is_refused(product: Open) -> None:
    answer = await product("civicengage").ask("alder-falls", "erase", {"refs": []})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "header.Idempotency-Key")


async def test_hundreds_can_be_found_in_three_products(product: Open) -> None:
    talks = [product(slug) for slug in ("civicengage", "civicrec", "seeclickfix")]
    for whom in (person_of("alder-falls", n) for n in (0, 150, 399)):
        found = [await talk.find(whom.owner, email=whom.email) for talk in talks]
        assert [len(candidates) for candidates in found] == [1, 1, 1]
