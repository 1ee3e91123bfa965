"""How often somebody may try, counted in the service's database: together, for all replicas that share it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, Engine, Float, Index, Integer, MetaData, String, Table, delete, func, select

from services.runtime.database import create_tables, writing

WINDOW: Final = 15 * 60.0
"""Seconds in which attempts count together."""

LONGEST_WINDOW: Final = 24 * 3600.0
"""After which no row is of use to anybody."""

PER_LOGIN: Final = 10
PER_ADDRESS: Final = 60
"""Higher: a whole city hall may share one address."""

_METADATA = MetaData()
ATTEMPTS = Table(
    "sign_in_attempts",
    _METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False),
    Column("at", Float, nullable=False),
    Index("sign_in_attempts_by_key", "key", "at"),
    Index("sign_in_attempts_by_age", "at"),
)
"""Keyed digests of logins and addresses, never either of them. Rows go when their window is over."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is counted, how often it may be tried under one login and from one address, and within how many seconds."""

    what: str = "sign-in"
    per_login: int = PER_LOGIN
    per_address: int = PER_ADDRESS
    window: float = WINDOW


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is counted under ``key``, a keyed digest of nobody's in the clear: so many within so many seconds."""

    key: str
    times: int
    window: float = WINDOW


class Counter:
    """Counts under any keys, within sliding windows. Rows go when their window is over. The methods block on the
    database.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock = engine, clock
        create_tables(engine, _METADATA)

    def begin(self, *counted: Allowed) -> float:
        """Counts once under each key, if each still allows it: 0 then, else the seconds to wait."""
        now = self._clock()
        with writing(self._engine) as connection:
            wait = 0.0
            for one in counted:
                of_key = ATTEMPTS.c.key == one.key
                connection.execute(delete(ATTEMPTS).where(of_key, ATTEMPTS.c.at <= now - one.window))
                times, first = connection.execute(select(func.count(), func.min(ATTEMPTS.c.at)).where(of_key)).one()
                if times >= one.times:
                    wait = max(wait, float(first) + one.window - now)
            if wait <= 0 and counted:
                connection.execute(ATTEMPTS.insert(), [{"key": one.key, "at": now} for one in counted])
        return wait

    def forget(self, prefix: str, window: float) -> None:
        """Takes out whatever was counted longer than ``window`` ago under keys that begin with ``prefix``."""
        with writing(self._engine) as connection:
            old = ATTEMPTS.c.at <= self._clock() - window
            connection.execute(delete(ATTEMPTS).where(old, ATTEMPTS.c.key.startswith(prefix, autoescape=True)))


class Attempts:
    """Counts attempts per login key and per client address within a sliding window.

    With one SQLite file per service, replicas and services on other files do not see each other's; with PostgreSQL
    all do. Two attempts at the very same time at two replicas may both be the last that is allowed. Behind a proxy it
    knows the true address only if the server is told to trust that proxy. The methods block on the database.
    """

    def __init__(
        self, engine: Engine, limits: Limits = Limits(), clock: Callable[[], float] = time.time
    ) -> None:  # fmt: skip
        self._engine, self._limits, self._clock = engine, limits, clock
        create_tables(engine, _METADATA)

    def begin(self, login: str, address: str) -> float:
        """Counts an attempt, before its password is checked. 0 if it may go on, else the seconds to wait."""
        now = self._clock()
        with writing(self._engine) as connection:
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.at <= now - LONGEST_WINDOW))
            wait = max(self._wait(connection, key, allowed, now) for key, allowed in self._keys(login, address))
            if wait <= 0:
                rows = [{"key": key, "at": now} for key, _ in self._keys(login, address)]
                connection.execute(ATTEMPTS.insert(), rows)
        return wait

    def succeeded(self, login: str, address: str) -> None:
        """The attempt was right: the login starts afresh, the address gets this one attempt back."""
        (of_login, _), (of_address, _) = self._keys(login, address)
        with writing(self._engine) as connection:
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.key == of_login))
            latest = select(func.max(ATTEMPTS.c.id)).where(ATTEMPTS.c.key == of_address).scalar_subquery()
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.id == latest))

    def used_up(self, login: str, address: str) -> tuple[bool, bool]:
        """Whether login and address have no attempt left: true once a window, after the attempt that took the last."""
        with self._engine.connect() as connection:
            of_login, of_address = (
                self._count(connection, key, self._clock()) >= allowed for key, allowed in self._keys(login, address)
            )
        return of_login, of_address

    def _keys(self, login: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
        what = self._limits.what
        return (
            (f"{what} login {login}", self._limits.per_login),
            (f"{what} address {address}", self._limits.per_address),
        )

    def _wait(self, connection: Connection, key: str, allowed: int, now: float) -> float:
        if self._count(connection, key, now) < allowed:
            return 0.0
        first = select(func.min(ATTEMPTS.c.at)).where(ATTEMPTS.c.key == key, ATTEMPTS.c.at > now - self._limits.window)
        return float(connection.execute(first).scalar_one()) + self._limits.window - now

    def _count(self, connection: Connection, key: str, now: float) -> int:
        counted = select(func.count()).where(ATTEMPTS.c.key == key, ATTEMPTS.c.at > now - self._limits.window)
        return int(connection.execute(counted).scalar_one())
