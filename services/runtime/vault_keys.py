"""The data keys of the vault: three for a request, wrapped by the master key, made once and destroyed for good."""

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, ColumnElement, Connection, Engine, LargeBinary, MetaData, String, Table, and_, select

from services.runtime.database import Instant, create_tables, harden, insert_all_once, insert_once, writing

PURPOSES = ("verification", "fulfilment", "record")
"""What a key is for: proof only, destroyed at the decision; contact and package; what is shown for 24 months."""

NONCE_BYTES = 12
_CACHED_KEYS = 2048
_CACHED_SECONDS = 60.0

VAULT = MetaData()
KEYS = Table(
    "vault_keys",
    VAULT,
    Column("request_id", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("wrapped", LargeBinary),
    Column("made_at", Instant, nullable=False),
    Column("destroyed_at", Instant),
)


class Forgotten(LookupError):  # noqa: N818 — it names what became of the data
    """The key is destroyed, or never was: what is sealed under it is noise for ever."""


class Tampered(ValueError):  # noqa: N818 — it names what became of the data
    """What is to be opened is not what was sealed, or not for this request, purpose and field."""


def bound(*parts: str) -> bytes:
    """Authenticated data that fits these parts and no others, however they are cut."""
    return orjson.dumps([part.encode("utf-8", "surrogatepass").hex() for part in parts])


def encrypt(cipher: AESGCM, plain: bytes, aad: bytes) -> bytes:
    """A fresh nonce, followed by the ciphertext and its tag."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, aad)


def decrypt(cipher: AESGCM, box: bytes, aad: bytes) -> bytes:
    """The inverse of :func:`encrypt`. Raises :class:`Tampered`."""
    try:
        return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], aad)
    except (InvalidTag, ValueError):
        raise Tampered("the seal does not fit") from None


def _named(request_id: str, purpose: str) -> ColumnElement[bool]:
    return and_(KEYS.c.request_id == request_id, KEYS.c.purpose == purpose)


@dataclass(frozen=True, slots=True)
class _Cached:
    cipher: AESGCM
    until: float


class Keyring:
    """The keys of every request in one database. Thread-safe; several processes may share the database."""

    def __init__(self, engine: Engine, master_key: bytes) -> None:
        self._engine, self._master = engine, AESGCM(master_key)
        self._cache: OrderedDict[tuple[str, str], _Cached] = OrderedDict()
        self._lock = Lock()
        harden(engine)
        create_tables(engine, VAULT)

    def prepare(self, request_id: str, purposes: Iterable[str]) -> None:
        """Make the keys that are missing. The first to commit wins; a destroyed key is never made again."""
        wanted = set(purposes)
        if not wanted.issubset(PURPOSES):
            raise ValueError("a key is for verification, fulfilment or record")
        with self._engine.connect() as connection:
            there = connection.execute(select(KEYS.c.purpose).where(KEYS.c.request_id == request_id))
            missing = sorted(wanted.difference(there.scalars()))
        if missing:
            with writing(self._engine) as connection:
                for purpose in missing:
                    self._make(connection, request_id, purpose)

    def prepare_all(self, request_ids: Sequence[str], purposes: Iterable[str]) -> None:
        """The same for many requests in one transaction, which costs hardly more than for one."""
        wanted = sorted(set(purposes))
        if not set(wanted).issubset(PURPOSES):
            raise ValueError("a key is for verification, fulfilment or record")
        now = datetime.now(UTC)
        made = {(name, purpose): secrets.token_bytes(32) for name in request_ids for purpose in wanted}
        rows = [self._row(name, purpose, key, now) for (name, purpose), key in made.items()]
        with writing(self._engine) as connection:
            all_new = insert_all_once(connection, KEYS, rows) == len(rows)
        if all_new:  # nobody made any of them before, so these are the keys
            self._hold({name: AESGCM(key) for name, key in made.items()})

    def cipher(self, request_id: str, purpose: str) -> AESGCM:
        """The key, ready for use; from memory if it was used within the last minute. Raises :class:`Forgotten`."""
        name = (request_id, purpose)
        with self._lock:
            held = self._cache.get(name)
            if held is not None and held.until > monotonic():
                self._cache.move_to_end(name)
                return held.cipher
        with self._engine.connect() as connection:
            wrapped = self.wrapped(connection, request_id, purpose)
        cipher = AESGCM(decrypt(self._master, wrapped, bound(request_id, purpose)))
        self._hold({name: cipher})
        return cipher

    def _hold(self, ciphers: Mapping[tuple[str, str], AESGCM]) -> None:
        until = monotonic() + _CACHED_SECONDS
        with self._lock:
            for name, cipher in ciphers.items():
                self._cache[name] = _Cached(cipher, until)
                self._cache.move_to_end(name)
            while len(self._cache) > _CACHED_KEYS:
                self._cache.popitem(last=False)

    def wrapped(self, connection: Connection, request_id: str, purpose: str) -> bytes:
        """The key as it is kept, wrapped. Raises :class:`Forgotten` unless it is there, whatever memory holds."""
        row = connection.execute(select(KEYS.c.wrapped).where(_named(request_id, purpose))).scalar_one_or_none()
        if row is None:
            raise Forgotten("no such key")
        return bytes(row)

    def destroy(self, request_id: str, purpose: str) -> None:
        """Destroy a key for good, also one that was never made; only that it is destroyed, and since when, is kept."""
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            blank = {"request_id": request_id, "purpose": purpose, "made_at": now, "destroyed_at": now}
            if not insert_once(connection, KEYS, blank):
                alive = KEYS.c.destroyed_at.is_(None)
                connection.execute(
                    KEYS.update().where(_named(request_id, purpose), alive).values(wrapped=None, destroyed_at=now)
                )
        with self._lock:
            self._cache.pop((request_id, purpose), None)
        self._overwrite_log()

    def _make(self, connection: Connection, request_id: str, purpose: str) -> None:
        insert_once(connection, KEYS, self._row(request_id, purpose, secrets.token_bytes(32), datetime.now(UTC)))

    def _row(self, request_id: str, purpose: str, key: bytes, now: datetime) -> dict[str, Any]:
        wrapped = encrypt(self._master, key, bound(request_id, purpose))
        return {"request_id": request_id, "purpose": purpose, "wrapped": wrapped, "made_at": now}

    def _overwrite_log(self) -> None:
        """SQLite's write-ahead log still holds the page as it was: fold it in and cut it off."""
        if self._engine.dialect.name != "sqlite":
            return
        with self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
