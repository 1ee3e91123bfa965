"""How SQL databases are opened and written to: one set of habits for SQLite and for PostgreSQL."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, Insert, MetaData, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.types import TypeDecorator

BUSY_SECONDS = 10
"""How long a writer of SQLite waits for another one before it gives up."""

_WRITES = "habeas_writes"
_MAKING_TABLES = 0x4A8EA5
"""PostgreSQL's advisory lock under which tables are made, so that replicas starting together do not collide."""


class Instant(TypeDecorator[datetime]):
    """A column for an instant: aware and in UTC on the way in and out, also where the database knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant in UTC. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs a zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The same instant, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def engine(url: str) -> Engine:
    """The database at ``url``; for SQLite, the file's folder is made if it is missing.

    Errors never show a statement's parameters. SQLite runs with a write-ahead log, foreign keys, overwritten
    deletions and ``synchronous=NORMAL``: after a power cut the last commits may be gone, which a read model makes good
    from the log. What no log can restore asks for :func:`harden`.
    """
    address = _with_psycopg(make_url(url))
    if address.get_backend_name() != "sqlite":
        return create_engine(address, hide_parameters=True, pool_pre_ping=True)
    if address.database and address.database != ":memory:":
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    made = create_engine(address, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(made, "connect", _open_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


def harden(engine: Engine) -> None:
    """Every commit from now on survives a power cut. PostgreSQL does that by itself."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sync_every_commit)
        engine.dispose()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that will write: it holds SQLite's write lock from its first statement on, so what it reads stays
    true until it commits. Raises sqlalchemy's OperationalError when another writer takes too long."""
    with engine.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


def create_tables(engine: Engine, metadata: MetaData) -> None:
    """Make the tables that are missing; safe when several processes do it at the same time."""
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MAKING_TABLES})
        metadata.create_all(connection)


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same key is there. True if it was inserted."""
    return connection.execute(_insert_once(connection.dialect.name, table), dict(values)).rowcount == 1


def insert_all_once(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert many rows at once, but for those whose key is there. How many were inserted."""
    return connection.execute(_insert_once(connection.dialect.name, table), rows).rowcount if rows else 0


def upsert(connection: Connection, table: Table, values: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Insert a row, or bring the one with the same ``keys`` (a primary key or unique constraint) up to ``values``."""
    statement = _upsert(connection.dialect.name, table, frozenset(values), tuple(keys))
    connection.execute(statement, dict(values))


def upsert_all(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """The same for many rows that name the same columns; of two with the same ``keys`` the later one stands."""
    if rows:
        connection.execute(_upsert(connection.dialect.name, table, frozenset(rows[0]), tuple(keys)), rows)


@lru_cache(maxsize=256)
def _insert_once(dialect: str, table: Table) -> Insert:
    """Built once: for the databases it is one statement, whatever the values."""
    return _insert(dialect, table).on_conflict_do_nothing()


@lru_cache(maxsize=256)
def _upsert(dialect: str, table: Table, names: frozenset[str], keys: tuple[str, ...]) -> Insert:
    statement = _insert(dialect, table)
    changes = {name: statement.excluded[name] for name in sorted(names - set(keys))}
    if not changes:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _with_psycopg(address: URL) -> URL:
    if address.drivername in {"postgres", "postgresql"}:
        return address.set(drivername="postgresql+psycopg")
    return address


def _open_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver starts no transactions of its own: _begin_sqlite does
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _sync_every_commit(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
