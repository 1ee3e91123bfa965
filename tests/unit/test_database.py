"""Rows are inserted once, brought up to date by key, and keep their instants."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, select
from sqlalchemy.exc import IntegrityError, StatementError

from services.runtime.database import Instant, create_tables, engine, harden, insert_once, upsert, writing

META = MetaData()
ROWS = Table(
    "rows", META, Column("key", String, primary_key=True), Column("value", Integer), Column("at", Instant)
)  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    opened = engine(f"sqlite:///{tmp_path}/not/yet/there/rows.db")
    create_tables(opened, META)
    create_tables(opened, META)
    yield opened
    opened.dispose()


def values(database: Engine) -> list[tuple[str, int | None]]:
    with database.connect() as connection:
        return [(row.key, row.value) for row in connection.execute(select(ROWS).order_by(ROWS.c.key))]


def test_a_row_is_inserted_once(database: Engine) -> None:
    with writing(database) as connection:
        assert insert_once(connection, ROWS, {"key": "a", "value": 1})
        assert not insert_once(connection, ROWS, {"key": "a", "value": 2})
    assert values(database) == [("a", 1)]


def test_a_row_is_brought_up_to_date_by_its_key(database: Engine) -> None:
    with writing(database) as connection:
        for row in ({"key": "a", "value": 1}, {"key": "b", "value": 1}, {"key": "a", "value": 2}, {"key": "b"}):
            upsert(connection, ROWS, row, ["key"])
    assert values(database) == [("a", 2), ("b", 1)]


def test_what_fails_leaves_nothing_and_does_not_tell_the_values(database: Engine) -> None:
    twice = [{"key": "rosa@example.org"}, {"key": "rosa@example.org"}]
    with pytest.raises(IntegrityError) as failure, writing(database) as connection:
        connection.execute(ROWS.insert(), twice)
    assert "rosa" not in str(failure.value)
    assert values(database) == []


def test_an_instant_comes_back_in_utc(database: Engine) -> None:
    moment = datetime(2026, 3, 1, 4, tzinfo=timezone(timedelta(hours=-8)))
    with writing(database) as connection:
        insert_once(connection, ROWS, {"key": "a", "at": moment})
        stored = connection.execute(select(ROWS.c.at)).scalar_one()
    assert (stored, stored.tzinfo) == (moment, UTC)


def test_an_instant_without_a_zone_is_refused(database: Engine) -> None:
    with pytest.raises(StatementError, match="a time needs a zone"), writing(database) as connection:
        insert_once(connection, ROWS, {"key": "a", "at": datetime(2026, 3, 1, 4)})  # noqa: DTZ001


def test_only_a_hardened_database_waits_for_the_disk(database: Engine) -> None:
    def pragma(name: str) -> object:
        with database.connect() as connection:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    assert [pragma("journal_mode"), pragma("foreign_keys"), pragma("secure_delete")] == ["wal", 1, 1]
    assert pragma("synchronous") == 1
    harden(database)
    assert pragma("synchronous") == 2
