"""The catalogue of the demo world agrees with its products and its logins."""

from typing import Any

import pytest
import yaml

from infra.demo.logins import LOGINS
from infra.demo.suites import SUITES
from infra.demo.world import CATALOGUE, owners, products
from schemas.catalogue import Holding
from schemas.vocabulary import Category

RAW: dict[str, Any] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))


@pytest.mark.requirement("R06")
def test_the_catalogue_knows_the_eight_suites() -> None:
    assert [(one.slug, one.name) for one in products()] == [(one.slug, one.name) for one in SUITES]
    assert [one.port for one in products()] == list(range(10, 18))
    assert {row["slug"] for row in RAW["products"] if row["third_party_backed"]} == {"civicready", "civicoptimize"}


def test_owners_use_suites_that_exist() -> None:
    known = {one.slug for one in SUITES}
    assert all(set(owner.suites) <= known for owner in owners().values())
    assert owners()["alder-falls"].suites == ("civicengage", "civicrec", "seeclickfix")
    assert all(len(owners()[city].suites) >= 5 for city in ("brookhaven", "cedar-point", "dunmore-county"))
    assert known == {slug for owner in owners().values() for slug in owner.suites}


def test_every_account_has_one_login() -> None:
    accounts = {(row["email"], row["owner"], row["roles"][0]) for row in RAW["accounts"]}
    assert accounts == {(login.email, login.owner, login.role) for login in LOGINS}
    assert len(RAW["accounts"]) == len(LOGINS)
    assert len({login.password for login in LOGINS}) == len(LOGINS)


@pytest.mark.requirement("R47")
def test_every_data_set_says_what_an_erasure_does() -> None:
    kinds = {type(data_set.erasure).__name__ for suite in SUITES for data_set in suite.data_sets}
    assert kinds == {"Delete", "Deidentify", "Aggregate", "Retain"}
    for suite in SUITES:
        for data_set in suite.data_sets:
            columns = set(data_set.table.c.keys())
            assert data_set.never | set(data_set.fields.values()) <= columns, data_set.name


@pytest.mark.requirement("R12")
def test_every_data_set_is_in_the_data_map_under_its_category_and_none_is_sold() -> None:
    declared = {row["slug"]: [Holding.model_validate(one) for one in row["holdings"]] for row in RAW["products"]}
    assert {slug: {one.data_set: one.category.value for one in held} for slug, held in declared.items()} == {
        suite.slug: {data_set.name: data_set.category for data_set in suite.data_sets} for suite in SUITES
    }
    everything = [one for held in declared.values() for one in held]
    assert all(one.sources and one.purposes for one in everything)
    assert not any(one.sold_to for one in everything)
    assert {one.category for one in everything} == set(Category)
