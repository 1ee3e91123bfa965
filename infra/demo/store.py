"""A SQLite file as the demo keeps one: one piece of work at a time, and erased bytes that are really gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event

_PATIENCE_MS = 30_000


class Store:
    """Threads take turns at its one connection, quicker than meeting at SQLite's lock; other processes may read."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{file}", pool_size=1, max_overflow=0, pool_timeout=60)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the file's only write lock from its first statement on."""
        with self._engine.execution_options(writing=True).begin() as connection:
            yield connection

    def sweep(self) -> None:
        """Empties the write-ahead log, which still holds what was erased (unless another process reads just now)."""
        with self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=250")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_PATIENCE_MS}")

    def close(self) -> None:
        self._engine.dispose()


def _prepare(raw: Any, _record: Any) -> None:
    raw.isolation_level = None  # the driver starts no transactions of its own: `_begin` does
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", f"busy_timeout={_PATIENCE_MS}"):
        raw.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writing") else "BEGIN")
