"""The book of openings: whoever opens at the same time is written down together, and each stands for themselves."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select

from services.runtime.database import engine
from services.runtime.openings import OPENINGS
from services.runtime.vault import Forgotten, Vault

MANY = 60


@pytest.fixture
def database(tmp_path: Path) -> Engine:
    return engine(f"sqlite:///{tmp_path}/vault.db")


@pytest.fixture
def vault(database: Engine) -> Vault:
    return Vault(database, b"m" * 32, "verifier")


def written(database: Engine) -> int:
    with database.connect() as connection:
        return connection.execute(select(func.count()).select_from(OPENINGS)).scalar_one()


@pytest.mark.requirement("R30")
def test_all_who_open_at_the_same_time_are_on_record_in_few_transactions(database: Engine, vault: Vault) -> None:
    vault.prepare("request-1")
    box = vault.seal("request-1", "record", "note", "secret")
    begun: list[object] = []

    def begins(connection: object) -> None:
        begun.append(connection)

    event.listen(database, "begin", begins)
    with ThreadPoolExecutor(16) as threads:
        opened = list(threads.map(lambda _: vault.open("request-1", "note", box, by="me", why="test"), range(MANY)))
    assert opened == ["secret"] * MANY
    event.remove(database, "begin", begins)
    assert written(database) == MANY
    assert len(begun) < MANY


def test_who_opens_what_is_forgotten_is_alone_in_getting_nothing(database: Engine, vault: Vault) -> None:
    boxes = {}
    for number in range(MANY):
        vault.prepare(f"request-{number}")
        boxes[number] = vault.seal(f"request-{number}", "record", "note", f"secret {number}")
        vault.open(f"request-{number}", "note", boxes[number], by="me", why="test")  # its key is in memory now
    other = Vault(database, b"m" * 32, "notifier")
    gone = set(range(0, MANY, 3))
    for number in gone:
        other.destroy(f"request-{number}", "record")

    def tried(number: int) -> str:
        try:
            return vault.open(f"request-{number}", "note", boxes[number], by="me", why="test")
        except Forgotten:
            return "forgotten"

    with ThreadPoolExecutor(16) as threads:
        came = list(threads.map(tried, range(MANY)))
    assert came == ["forgotten" if number in gone else f"secret {number}" for number in range(MANY)]
    assert written(database) == MANY + MANY - len(gone)
