"""The catalogue file as the demo products read it: owners, their affiliates, and which suites they use."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True, slots=True)
class Owner:
    slug: str
    name: str
    kind: str
    suites: tuple[str, ...]
    affiliates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """`port` is an offset from HABEAS_PORT_BASE."""

    slug: str
    name: str
    port: int


@cache
def _catalogue() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return loaded


@cache
def owners() -> Mapping[str, Owner]:
    return {
        row["slug"]: Owner(
            slug=row["slug"],
            name=row["name"],
            kind=row["kind"],
            suites=tuple(row["suites"]),
            affiliates=tuple(affiliate["slug"] for affiliate in row["affiliates"]),
        )
        for row in _catalogue()["owners"]
    }


@cache
def products() -> tuple[Product, ...]:
    return tuple(Product(row["slug"], row["name"], row["port"]) for row in _catalogue()["products"])


def owners_of(suite: str) -> Mapping[str, Owner]:
    return {slug: owner for slug, owner in owners().items() if suite in owner.suites}
