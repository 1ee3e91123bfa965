"""Fills a product's database with its made-up residents, once."""

import hashlib
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, insert

from infra.demo import effects
from infra.demo.declare import Suite
from infra.demo.residents import Person, residents
from infra.demo.store import Store
from infra.demo.world import owners_of


def open_product(suite: Suite, home: Path) -> Store:
    """The product's store under HABEAS_HOME, seeded all or nothing if it is new. The caller closes it."""
    store = Store(home / "products" / f"{suite.slug}.db")
    _seed(store, suite)
    return store


def ref_of(suite: Suite, person: Person) -> str:
    """The product's own opaque id of a person."""
    return hashlib.blake2s(f"{suite.slug}/{person.owner}/{person.n}".encode(), digest_size=9).hexdigest()


def _seed(store: Store, suite: Suite) -> None:
    with store.writing() as connection:
        if connection.exec_driver_sql("PRAGMA user_version").scalar_one():
            _bring_up(connection, suite)
            return
        suite.metadata.create_all(connection)
        effects.METADATA.create_all(connection)
        rows = _rows(suite)
        for data_set in suite.data_sets:
            connection.execute(insert(data_set.table), rows[data_set.name])
        connection.exec_driver_sql("PRAGMA user_version = 1")


def _bring_up(connection: Connection, suite: Suite) -> None:
    """Adds the marks that a newer release sets on records, to a database that an older one filled."""
    for data_set in suite.data_sets:
        name = data_set.table.name
        there = {row.name for row in connection.exec_driver_sql(f"PRAGMA table_info({name})")}
        for mark in ("opted_out", "limited"):
            if mark in data_set.table.c and mark not in there:
                connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {mark} BOOLEAN NOT NULL DEFAULT 0")


def _rows(suite: Suite) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for owner in owners_of(suite.slug):
        for person in residents(owner):
            if suite.slug in person.suites:
                held = {"owner": owner, "entity": person.entity, "ref": ref_of(suite, person)}
                chance = Random(f"{suite.slug}/{owner}/{person.n}")  # noqa: S311 (made-up facts, not secrets)
                for name, found in suite.rows_of(person, chance).items():
                    rows[name] += [held | row for row in found]
    return rows
