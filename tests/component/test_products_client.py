"""The executor's effects at the demo products: only the person is touched, once, and the leaves tell what happened."""

import io
import json
import shutil
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import yaml

from infra.demo.product import create
from infra.demo.residents import Person, person, residents
from infra.demo.seeding import open_product
from infra.demo.store import Store
from infra.demo.suites import suite
from infra.demo.world import CATALOGUE
from schemas.catalogue import Catalogue, Owner, PrivacyContact, Product
from schemas.executor import TaskFailed, TaskReported
from schemas.request import Contact, Correction, Order, Request, TaskResult
from schemas.vocabulary import Channel, Outcome, Right
from services.executor.effects import call_product, make_package
from services.executor.orders import CallProduct, MakePackage, OpenTask, OrderState
from services.runtime.blobs import Blobs
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.settings import Settings
from services.runtime.vault import Vault

TOKEN = "the-product-token"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SLUGS = ("civicengage", "civicrec", "seeclickfix", "civichr", "civicready")
OWNERS = ("alder-falls", "brookhaven", "cedar-point")


class World:
    """A floor whose products are the demo's, and requests of its residents."""

    def __init__(self, home: Path, stores: Mapping[str, Store]) -> None:
        self.vault = Vault(engine(f"sqlite:///{home}/vault.db"), bytes(range(32)), "executor")
        self.apps = {slug: httpx.ASGITransport(create(suite(slug), store, TOKEN)) for slug, store in stores.items()}
        self.http = httpx.AsyncClient(mounts={f"http://{slug}": app for slug, app in self.apps.items()})
        self.floor = Floor(
            settings=Settings.model_validate(
                {
                    "home": home, "master_key": KEY, "person_secret": KEY, "session_secret": KEY,
                    "product_token": TOKEN,
                }
            ),
            service="executor",
            bus=cast("Any", None),
            vault=self.vault,
            blobs=Blobs(f"file://{home}/packages", self.vault),
            views=cast("Any", None),
            http=self.http,
            catalogue=_catalogue,
            unready=list,
        )  # fmt: skip

    def request(self, whom: Person, corrections: tuple[Correction, ...] = (), id_: str = "r-1") -> Request:
        self.vault.prepare(id_)
        contact = Contact(name=whom.name, email=whom.email, phone=whom.phone)
        return Request(
            id=id_,
            owner=whom.owner,
            client="web",
            channel=Channel.WEB,
            received_at=datetime(2026, 3, 4, 2, tzinfo=UTC),
            person="p-1",
            orders=(Order(id="o-1", right=Right.ACCESS),),
            contact=self.vault.seal_model(id_, "fulfilment", "contact", contact),
            corrections=self.vault.seal_model(id_, "fulfilment", "corrections", corrections) if corrections else None,
        )

    async def do(
        self, request: Request, right: Right, product: str = "civicrec", attempt: int = 1, task: str = "t-1"
    ) -> TaskReported:
        reported = await call_product(effect(request, right, product, attempt, task), self.floor)
        assert isinstance(reported, TaskReported), reported
        return reported

    async def ledger(self, product: str = "civicrec") -> list[dict[str, Any]]:
        answer = await self.http.get(f"http://{product}/_effects", headers={"Authorization": f"Bearer {TOKEN}"})
        found: list[dict[str, Any]] = answer.json()
        return found


def effect(request: Request, right: Right, product: str, attempt: int = 1, task: str = "t-1") -> CallProduct:
    open_task = OpenTask(id=task, product=product, attempt=attempt)
    return CallProduct(id=f"{task}:{attempt}", request=request, right=right, task=open_task, affiliates=())


def _catalogue() -> Catalogue:
    owners = {
        slug: Owner(
            slug=slug,
            name=slug.title(),
            kind="city",
            zone="America/Los_Angeles",
            regime="ccpa-contract",
            locale="en",
            privacy_contact=PrivacyContact(email=f"privacy@{slug}.example", phone="+1 530 555 0101"),
            suites=SLUGS,
        )
        for slug in OWNERS
    }
    declared = {row["slug"]: row["holdings"] for row in yaml.safe_load(CATALOGUE.read_text())["products"]}
    products = {
        slug: Product.model_validate(
            {"slug": slug, "name": suite(slug).name, "base_url": f"http://{slug}", "holdings": declared[slug]}
        )
        for slug in SLUGS
    }
    return Catalogue(1, owners, products)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("seeded")
    for slug in SLUGS:
        open_product(suite(slug), home).close()
    return home / "products"


@pytest.fixture
def stores(seeded: Path, tmp_path: Path) -> Iterator[Mapping[str, Store]]:
    opened = {slug: Store(Path(shutil.copy(seeded / f"{slug}.db", tmp_path))) for slug in SLUGS}
    yield opened
    for store in opened.values():
        store.close()


@pytest.fixture
async def world(tmp_path: Path, stores: Mapping[str, Store]) -> AsyncIterator[World]:
    made = World(tmp_path, stores)
    yield made
    await made.http.aclose()


def marked(stores: Mapping[str, Store], table: str, column: str) -> list[str]:
    """Whose records bear a mark, in CivicRec's own database."""
    with stores["civicrec"].reading() as connection:
        rows = connection.exec_driver_sql(f"SELECT DISTINCT email FROM {table} WHERE {column}")
        return [email for (email,) in rows]


def outcomes(reported: TaskReported) -> dict[str, Outcome]:
    return {leaf.data_set: leaf.outcome for leaf in reported.leaves}


@pytest.mark.requirement("R47")
async def test_an_erasure_is_told_data_set_by_data_set_and_proved_by_looking_again(world: World) -> None:
    request = world.request(person("alder-falls", 3))
    reported = await world.do(request, Right.DELETE)
    assert outcomes(reported) == {
        "members": Outcome.ERASED,
        "households": Outcome.DEIDENTIFIED,
        "registrations": Outcome.DEIDENTIFIED,
        "payments": Outcome.RETAINED,
    }
    assert reported.evidence == "find-after=0"
    assert (await world.do(request, Right.DELETE, task="t-2")).leaves[0].outcome is Outcome.NOT_FOUND


async def test_what_the_law_keeps_may_still_be_found_and_is_counted(world: World) -> None:
    reported = await world.do(world.request(person("brookhaven", 4)), Right.DELETE, "civichr")
    assert outcomes(reported)["applicants"] is Outcome.RETAINED
    assert reported.evidence.startswith("find-after=")
    assert reported.evidence != "find-after=0"


@pytest.mark.parametrize("right", [Right.DELETE, Right.CORRECT, Right.ACCESS, Right.OPT_OUT])
async def test_a_task_whose_report_was_lost_is_done_once_and_told_alike(world: World, right: Right) -> None:
    """Afterwards the product may not find the person any more. Whom the task concerns was written down."""
    changes = (Correction(field="email", value="new.name@larkmail.example"),)
    request = world.request(person("alder-falls", 5), changes)
    first = await world.do(request, right)
    second = await world.do(request, right, attempt=2)
    assert (second.leaves, second.evidence) == (first.leaves, first.evidence)
    assert any(leaf.done for leaf in first.leaves)
    [performed] = await world.ledger()
    assert (performed["task_id"], performed["times_asked"]) == ("t-1", 2)


@pytest.mark.requirement("R34")
@pytest.mark.parametrize("right", [Right.DELETE, Right.ACCESS, Right.CORRECT, Right.OPT_OUT])
async def test_whoever_shares_the_address_is_left_alone_for_the_owner_to_judge(world: World, right: Right) -> None:
    parent, child = person("alder-falls", 34), person("alder-falls", 37)
    assert parent.email == child.email
    reported = await world.do(world.request(parent), right)
    [left] = reported.leaves
    assert (left.outcome, left.done) == (Outcome.PARTIAL, 0)
    assert left.found > 1
    assert await world.ledger() == []


async def test_whoever_shares_only_a_phone_is_left_alone(world: World) -> None:
    one = person("alder-falls", 31)
    stranger = Person(**{name: getattr(one, name) for name in one.__slots__} | {"email": "nobody@postbox.example"})
    [left] = (await world.do(world.request(stranger), Right.DELETE)).leaves
    assert left.outcome is Outcome.PARTIAL
    assert await world.ledger() == []


async def test_nobody_found_is_told_and_nothing_is_asked(world: World) -> None:
    unknown = Person(
        owner="alder-falls", entity="alder-falls", n=0, name="Nobody", email="nobody@postbox.example",
        phone="+15305550000", address="", date_of_birth="", household=0, suites=(),
    )  # fmt: skip
    assert outcomes(await world.do(world.request(unknown), Right.DELETE)) == {"*": Outcome.NOT_FOUND}
    assert await world.ledger() == []


@pytest.mark.requirement("R03")
async def test_a_limit_is_a_mark_on_sensitive_data_and_nothing_else(world: World, stores: Mapping[str, Store]) -> None:
    whom, other = person("alder-falls", 6), person("alder-falls", 7)
    limited = await world.do(world.request(whom), Right.LIMIT)
    assert outcomes(limited) == {"members": Outcome.OPTED_OUT, "payments": Outcome.OPTED_OUT}
    assert {leaf.data_set: leaf.forwarded for leaf in limited.leaves}["payments"] == ("Tollgate Payments",)
    assert marked(stores, "members", "limited") == [whom.email]
    assert marked(stores, "members", "opted_out") == []
    await world.do(world.request(other), Right.OPT_OUT, task="t-2")
    assert marked(stores, "members", "opted_out") == [other.email]
    nothing = await world.do(world.request(whom), Right.LIMIT, "civicengage", task="t-3")
    assert outcomes(nothing) == {"*": Outcome.NOT_FOUND}


@pytest.mark.requirement("R10")
@pytest.mark.requirement("R50")
async def test_an_opt_out_is_passed_on_and_the_acknowledgement_is_told(world: World) -> None:
    reported = await world.do(world.request(person("cedar-point", 6)), Right.OPT_OUT, "civicready")
    (leaf,) = reported.leaves
    assert (leaf.data_set, leaf.outcome, leaf.forwarded) == ("contact_points", Outcome.OPTED_OUT, ("Clarion Alerts",))


@pytest.mark.requirement("R12")
async def test_to_know_is_told_from_what_products_declare_and_no_value_leaves_them(world: World) -> None:
    whom = person("alder-falls", 6)
    request, results = world.request(whom), []
    for slug in ("civicengage", "civicrec"):
        told = await world.do(request, Right.KNOW, slug, task=f"t-{slug}")
        assert {leaf.outcome for leaf in told.leaves} == {Outcome.DELIVERED}
        assert await world.ledger(slug) == []
        results.append(TaskResult(id=told.task_id, product=slug, attempt=1, leaves=told.leaves, evidence=told.evidence))
    order = OrderState(id="o-1", right=Right.KNOW, begun=True, open_tasks=(), results=tuple(results))
    made = await make_package(MakePackage(id="m-1", request=request, order=order), world.floor)
    assert made == await make_package(MakePackage(id="m-1", request=request, order=order), world.floor)
    raw = await world.floor.blobs.read("r-1", made.package.ref, by="test", why="test")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        data, page = archive.read("data.json").decode(), archive.read("report.html").decode()
    kinds = [each["category"] for each in json.loads(data)["categories"]]
    assert kinds == ["identifying", "contact", "visitor", "financial"]
    assert not any(value in data + page for value in (whom.email, whom.name, whom.phone, whom.address))


@pytest.mark.requirement("R12")
async def test_a_data_set_of_which_nothing_is_declared_is_not_passed_over(world: World) -> None:
    bare = world.floor.catalogue().products["civicrec"].model_copy(update={"holdings": ()})
    world.floor.catalogue = lambda: _catalogue().with_entry(bare)
    reported = await world.do(world.request(person("alder-falls", 6)), Right.KNOW)
    assert {leaf.outcome for leaf in reported.leaves} == {Outcome.UNSUPPORTED}


@pytest.mark.requirement("R23")
@pytest.mark.requirement("R32")
async def test_the_package_holds_all_that_the_products_hold_and_nothing_that_is_never_disclosed(world: World) -> None:
    whom = person("brookhaven", 8)
    request = world.request(whom)
    results = []
    for slug in ("civicrec", "civichr"):
        done = await world.do(request, Right.ACCESS, slug, task=f"t-{slug}")
        results.append(TaskResult(id=done.task_id, product=slug, attempt=1, leaves=done.leaves, evidence=done.evidence))
    order = OrderState(id="o-1", right=Right.ACCESS, begun=True, open_tasks=(), results=tuple(results))
    made = await make_package(MakePackage(id="m-1", request=request, order=order), world.floor)
    again = await make_package(MakePackage(id="m-1", request=request, order=order), world.floor)
    assert made == again
    raw = await world.floor.blobs.read("r-1", made.package.ref, by="test", why="test")
    assert len(raw) == made.package.size
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        data, page = archive.read("data.json").decode(), archive.read("report.html").decode()
    assert whom.email in data
    assert whom.email in page
    assert "never-disclose" not in data + page
    assert "social security number" in page
    counted = {leaf.data_set: leaf.done for result in results for leaf in result.leaves}
    for product in json.loads(data)["products"]:
        for each in product["data_sets"]:
            assert len(each["records"]) == each["count"] == counted[each["name"]]


async def test_nothing_personal_is_in_a_result_or_lies_about_in_the_clear(world: World, tmp_path: Path) -> None:
    whom = person("alder-falls", 9)
    reported = await world.do(world.request(whom), Right.ACCESS)
    told = reported.model_dump_json()
    kept = b"".join(file.read_bytes() for file in (tmp_path / "packages").rglob("*") if file.is_file())
    assert kept
    for value in (whom.email, whom.name, whom.phone, whom.address):
        assert value not in told
        assert value.encode() not in kept


async def test_every_opening_of_the_contact_is_on_record(world: World, tmp_path: Path) -> None:
    await world.do(world.request(person("alder-falls", 9)), Right.OPT_OUT)
    with engine(f"sqlite:///{tmp_path}/vault.db").connect() as connection:
        opened = connection.exec_driver_sql('SELECT "by", why, field FROM vault_openings').all()
    assert ("executor", "task t-1", "contact") in [tuple(row) for row in opened]


async def test_a_person_who_was_forgotten_cannot_be_looked_for(world: World) -> None:
    request = world.request(person("alder-falls", 9))
    world.vault.destroy("r-1", "fulfilment")
    failed = await call_product(effect(request, Right.DELETE, "civicrec"), world.floor)
    assert failed == TaskFailed(effect_id="t-1:1", task_id="t-1", attempt=1, reason="forgotten", retryable=False)


async def test_a_product_the_catalogue_does_not_know_yet_is_asked_later(world: World) -> None:
    failed = await call_product(
        effect(world.request(residents("alder-falls")[0]), Right.DELETE, "unknown"), world.floor
    )
    assert isinstance(failed, TaskFailed)
    assert (failed.reason, failed.retryable) == ("product-unknown", True)


def lying(after: list[dict[str, Any]], lines: list[dict[str, Any]]) -> httpx.AsyncClient:
    """A product that finds Rosa, answers an erasure with ``lines``, and afterwards finds ``after``."""
    found = [{"ref": "x", "matched": ["email"], "shared": [], "data_sets": {"members": 1}}]

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal found
        if request.url.path.endswith("/find"):
            return httpx.Response(200, json={"candidates": found})
        found = after
        return httpx.Response(200, json={"data_sets": lines})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


ERASED = {"name": "members", "outcome": "erased", "count": 1}
ROSA = {"ref": "x", "matched": ["email"], "shared": [], "data_sets": {"members": 1}}


@pytest.mark.requirement("R47")
@pytest.mark.parametrize(
    ("after", "lines", "reason", "retryable"),
    [
        ([ROSA], [ERASED], "still-found", True),
        ([ROSA | {"ref": "y"}], [ERASED], "still-found", True),
        ([], [], "data-set-missing", False),
        ([], [ERASED, ERASED], "garbage", False),
        ([], [ERASED | {"outcome": "retained"}], "garbage", False),
    ],
)
async def test_a_product_is_not_believed_what_it_does_not_prove(
    world: World, after: list[dict[str, Any]], lines: list[dict[str, Any]], reason: str, retryable: bool
) -> None:
    request = world.request(person("alder-falls", 3))
    async with lying(after, lines) as http:
        world.floor.http = http
        failed = await call_product(effect(request, Right.DELETE, "civicrec"), world.floor)
    assert isinstance(failed, TaskFailed)
    assert (failed.reason, failed.retryable) == (reason, retryable)
