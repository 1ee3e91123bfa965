"""Files of a form, sealed as they arrive; kept while the form goes back and forth, and swept if it is never sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

import structlog
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import Column, Engine, MetaData, String, Table, delete, select
from sqlalchemy.exc import SQLAlchemyError

from schemas.request import Attachment
from services.intake import files, gate, views
from services.intake.files import ENDINGS, MOST
from services.intake.form import Upload
from services.intake.scanner import scan
from services.runtime.database import Instant, create_tables, insert_once, writing
from services.runtime.floor import Floor
from services.runtime.vault import PURPOSES
from services.runtime.web.attempts import WINDOW

LASTS: Final = 6 * 3600
"""Seconds for which a form that was not sent keeps its files."""

SWEPT: Final = timedelta(hours=24)
BETWEEN: Final = 600.0
"""Seconds between two sweeps."""

FIELD: Final = "attachment"
"""Under which name a file's own name is sealed (purpose *fulfilment*)."""

_log = structlog.get_logger("habeas.intake")
_METADATA = MetaData()
UPLOADS = Table(
    "intake_uploads",
    _METADATA,
    Column("request_id", String, primary_key=True),
    Column("ref", String, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
)
"""Files of forms, until it is known whether they were sent: then the sweep takes them off, or away."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is sealed already, and how the person calls it; ``name`` travels only within their own page."""

    name: str
    ref: str
    sealed: str
    media: str
    size: int
    sha256: str

    @property
    def attachment(self) -> Attachment:
        """As it travels with the request."""
        return Attachment(ref=self.ref, name=self.sealed, media=self.media, size=self.size, sha256=self.sha256)


async def keep(floor: Floor, request_id: str, upload: Upload) -> Kept:
    """Checks a file, and seals it for the request. The same file again is the same. Raises Unfit; and Forgotten for a
    request that is no more.
    """
    data = upload.data
    media = files.media_of(data)
    await scan(data, floor.settings.clamd)
    name = files.plain_name(upload.name, media)
    stored = f"file-{sha256(data).hexdigest()[:24]}{ENDINGS[media][0]}"
    await asyncio.to_thread(_note, floor, request_id, f"{request_id}/{stored}")
    blob = await floor.blobs.write(request_id, stored, data)
    sealed = await asyncio.to_thread(floor.vault.seal, request_id, "fulfilment", FIELD, name)
    return Kept(name, blob.ref, sealed, media, blob.size, blob.sha256)


def wrapped(floor: Floor, key: str, kept: Sequence[Kept]) -> str:
    """The files as a form carries them, signed, and good for its own key alone. Empty if there are none."""
    if not kept:
        return ""
    text = _signer(floor).dumps([key, [asdict(one) for one in kept]])
    return text if isinstance(text, str) else text.decode()


def unwrapped(floor: Floor, key: str, text: str) -> tuple[Kept, ...]:
    """The files that a form carries; none if it is not ours, another's, or too old."""
    try:
        of, carried = _signer(floor).loads(text, max_age=LASTS)
        return tuple(Kept(**one) for one in carried[:MOST]) if of == key else ()
    except (BadSignature, ValueError, TypeError):
        return ()


async def sweep(floor: Floor, now: datetime | None = None) -> int:
    """Forgets the files of forms that were never sent, with their keys; tells how many requests that were."""
    return await asyncio.to_thread(_sweep, floor, (now or datetime.now(UTC)) - SWEPT)


async def keep_sweeping(floor: Floor) -> None:
    """Sweeps, and forgets who knocked, every ten minutes until cancelled."""
    while True:
        await asyncio.sleep(BETWEEN)
        try:
            swept = await sweep(floor)
            await gate.forget(floor, WINDOW)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("not swept", error=type(error).__name__)
        else:
            if swept:
                _log.info("forms that were never sent are forgotten", requests=swept)


def _note(floor: Floor, request_id: str, ref: str) -> None:
    floor.vault.prepare(request_id)
    with writing(_database(floor)) as connection:
        insert_once(connection, UPLOADS, {"request_id": request_id, "ref": ref, "at": datetime.now(UTC)})


def _sweep(floor: Floor, before: datetime) -> int:
    database = _database(floor)
    with database.connect() as connection:
        old = select(UPLOADS.c.request_id, UPLOADS.c.ref).where(UPLOADS.c.at <= before)
        found: dict[str, list[str]] = {}
        for request_id, ref in connection.execute(old):
            found.setdefault(request_id, []).append(ref)
    swept = 0
    for request_id, refs in found.items():
        if not views.is_entered(views.database(floor.settings.database_of("intake")), request_id):
            swept += 1
            for purpose in PURPOSES:
                floor.vault.destroy(request_id, purpose)
            for ref in refs:
                floor.blobs.discard(request_id, ref)
        with writing(database) as connection:
            connection.execute(delete(UPLOADS).where(UPLOADS.c.request_id == request_id, UPLOADS.c.at <= before))
    return swept


def _database(floor: Floor) -> Engine:
    made = views.database(floor.settings.database_of("intake"))
    _tables(made)
    return made


@lru_cache(maxsize=4)
def _tables(database: Engine) -> None:
    create_tables(database, _METADATA)


def _signer(floor: Floor) -> URLSafeTimedSerializer:
    secret = floor.settings.session_secret.get_secret_value()
    kwargs = {"digest_method": sha256, "key_derivation": "hmac"}
    return URLSafeTimedSerializer(secret, salt="habeas-files", signer_kwargs=kwargs)
