"""Data points compared with what the demo products hold: only the person's own count, and nobody is told which."""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import select

from infra.demo.product import create
from infra.demo.residents import Person, person
from infra.demo.seeding import open_product
from infra.demo.store import Store
from infra.demo.suites import suite
from schemas.request import Contact, Correction, DataPoint, Request
from schemas.verifier import PointsCompared
from schemas.vocabulary import PointKind, Right
from services.runtime.database import engine
from services.runtime.floor import Floor
from services.runtime.settings import Settings
from services.runtime.vault import OPENINGS, Vault
from services.verifier import effects
from services.verifier.owing import MatchPoints
from tests.support.builders import a_catalogue, a_product, a_request, an_owner, changed

TOKEN = "the-product-token"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SUITES = ("civicengage", "civicrec")
OWNER = "alder-falls"
CATALOGUE = a_catalogue(
    an_owner(OWNER, suites=SUITES), *(a_product(slug, base_url=f"http://{slug}") for slug in SUITES)
)


class Products:
    """The demo's products behind HTTP; each can be made to fail. Every body asked is kept."""

    def __init__(self, stores: dict[str, Store]) -> None:
        self._apps = {slug: httpx.ASGITransport(create(suite(slug), store, TOKEN)) for slug, store in stores.items()}
        self.asked: list[dict[str, str]] = []
        self.instead: dict[str, httpx.Response | Exception] = {}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(request.content)["identifiers"])
        other = self.instead.get(request.url.host)
        if isinstance(other, Exception):
            raise other
        return other or await self._apps[request.url.host].handle_async_request(request)


class World:
    """A floor with these products, and requests of its residents."""

    def __init__(self, home: Path, products: Products) -> None:
        self.database = engine(f"sqlite:///{home}/vault.db")
        self.vault = Vault(self.database, bytes(range(32)), "verifier")
        self.products = products
        keys = {"master_key": KEY, "person_secret": KEY, "session_secret": KEY, "product_token": TOKEN, "home": home}
        self.floor = Floor(
            settings=Settings.model_validate(keys),
            service="verifier",
            bus=cast("Any", None),
            vault=self.vault,
            blobs=cast("Any", None),
            views=cast("Any", None),
            http=httpx.AsyncClient(transport=httpx.MockTransport(products)),
            catalogue=lambda: CATALOGUE,
            unready=list,
        )

    def request(self, contact: Contact, *points: DataPoint, wrong: str = "") -> Request:
        """A request with this contact, these points, and a correction of ``wrong``."""
        request = a_request(Right.ACCESS, n=1, owner=OWNER)
        self.vault.prepare(request.id)
        seal = self.vault.seal_model
        return changed(
            request,
            contact=seal(request.id, "fulfilment", "contact", contact),
            points=seal(request.id, "verification", "points", points) if points else None,
            corrections=seal(request.id, "fulfilment", "corrections", (Correction(field=wrong, value="x"),))
            if wrong
            else None,
        )

    async def matched(self, request: Request, *more: str) -> int:
        """How many points matched."""
        told = await effects.match_points(MatchPoints(id="compare", request=request, points=more), self.floor)
        assert set(PointsCompared.model_fields) == {"effect_id", "matched"}, "no more than a number is told"
        return told.matched


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("seeded")
    for slug in SUITES:
        open_product(suite(slug), home).close()
    return home / "products"


@pytest.fixture
def stores(seeded: Path, tmp_path: Path) -> Iterator[dict[str, Store]]:
    opened = {slug: Store(Path(shutil.copy(seeded / f"{slug}.db", tmp_path))) for slug in SUITES}
    yield opened
    for store in opened.values():
        store.close()


@pytest.fixture
async def world(tmp_path: Path, stores: dict[str, Store]) -> AsyncIterator[World]:
    made = World(tmp_path, Products(stores))
    yield made
    await made.floor.http.aclose()
    made.database.dispose()


WHO = person(OWNER, 3)


def contact(whom: Person, **changes: Any) -> Contact:
    return Contact(name=whom.name, email=whom.email, phone=whom.phone).model_copy(update=changes)


def born(day: str) -> DataPoint:
    return DataPoint(kind=PointKind.DATE_OF_BIRTH, value=day)


@pytest.mark.requirement("R34")
async def test_each_data_point_that_a_product_holds_of_the_person_counts_once(world: World) -> None:
    assert await world.matched(world.request(contact(WHO))) == 2
    assert await world.matched(world.request(contact(WHO), born(WHO.date_of_birth))) == 3
    assert await world.matched(world.request(contact(WHO), born("1900-01-01"))) == 2
    assert await world.matched(world.request(contact(WHO, name="Somebody Else", phone=None))) == 0


@pytest.mark.requirement("R34")
async def test_what_belongs_to_another_person_counts_for_nothing(world: World) -> None:
    other = person(OWNER, 4)
    assert await world.matched(world.request(contact(WHO, name=other.name, phone=other.phone))) == 0
    stranger = contact(WHO, email="stranger@example.com")
    assert await world.matched(world.request(stranger, born(WHO.date_of_birth))) == 0
    assert all("email" in asked for asked in world.products.asked), "everything is looked for beside the address"


@pytest.mark.requirement("R34")
async def test_of_two_values_of_one_kind_only_the_last_is_tried(world: World) -> None:
    request = world.request(contact(WHO), born("1900-01-01"))
    later = world.vault.seal_model(request.id, "verification", "points", (born("1901-01-01"), born(WHO.date_of_birth)))
    assert await world.matched(request, later) == 3
    tried = {asked["date_of_birth"] for asked in world.products.asked if "date_of_birth" in asked}
    assert tried == {WHO.date_of_birth}


@pytest.mark.requirement("R34")
async def test_what_is_said_to_be_wrong_in_the_records_proves_nothing(world: World) -> None:
    assert await world.matched(world.request(contact(WHO), wrong="Phone")) == 1
    assert not any("phone" in asked for asked in world.products.asked)


@pytest.mark.requirement("R33")
async def test_somebody_without_an_e_mail_address_is_found_by_telephone(world: World) -> None:
    assert await world.matched(world.request(contact(WHO, email=""))) == 2


@pytest.mark.requirement("R34")
async def test_a_product_that_does_not_answer_is_waited_for_where_it_could_make_a_difference(world: World) -> None:
    world.products.instead["civicengage"] = httpx.Response(503)
    assert await world.matched(world.request(contact(WHO))) == 2, "the other one knew it all"
    world.products.instead["civicrec"] = httpx.ConnectError("gone")
    with pytest.raises(effects.NotNow):
        await world.matched(world.request(contact(WHO)))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"match": "yes"}),
        httpx.Response(200, content=b"no json"),
        httpx.Response(200, json={"match": True, "filler": "x" * 5000}),
        httpx.Response(302, headers={"location": "http://elsewhere/"}),
        httpx.Response(422),
        httpx.Response(404),
    ],
)
async def test_an_answer_that_is_none_is_a_no(world: World, answer: httpx.Response) -> None:
    world.products.instead = dict.fromkeys(SUITES, answer)
    assert await world.matched(world.request(contact(WHO))) == 0


@pytest.mark.requirement("R30")
async def test_whatever_is_opened_for_it_is_on_record(world: World) -> None:
    await world.matched(world.request(contact(WHO), born(WHO.date_of_birth)))
    with world.database.connect() as connection:
        rows = connection.execute(select(OPENINGS.c.by, OPENINGS.c.why, OPENINGS.c.field)).all()
    assert {tuple(row) for row in rows} == {("verifier", "match", "contact"), ("verifier", "match", "points")}


@pytest.mark.requirement("R28")
async def test_what_was_forgotten_meanwhile_is_not_compared(world: World) -> None:
    request = world.request(contact(WHO))
    world.vault.destroy(request.id, "fulfilment")
    assert await world.matched(request) == 0
    assert world.products.asked == []
