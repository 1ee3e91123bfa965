"""Where personal data is sealed and opened: nothing else sees a key, and every opening is written down."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from sqlalchemy import Engine

from services.runtime import metrics
from services.runtime.openings import OPENINGS, Openings
from services.runtime.vault_keys import PURPOSES, Forgotten, Keyring, Tampered, bound, decrypt, encrypt

__all__ = ["OPENINGS", "PURPOSES", "Forgotten", "Tampered", "Vault"]

Model = TypeVar("Model")

KINDS = frozenset({"task", "package", "letter", "portal", "catalogue"})
"""What openings are for, as they are counted: the first word of ``why``; anything else is counted as ``other``."""

_FORM = re.compile(rf"sealed:v1:({'|'.join(PURPOSES)}):([A-Za-z0-9_-]+)")


class Vault:
    """Seals texts under the keys of a request (AES-256-GCM), bound to request, purpose and field.

    Methods block on the database: call them through ``asyncio.to_thread`` where that matters. Thread-safe. No error
    and no repr shows a key or what was sealed.
    """

    def __init__(self, engine: Engine, master_key: bytes, service: str) -> None:
        """``master_key`` is 32 bytes; another one than the keys were made with makes everything :class:`Tampered`."""
        self._service = service
        self._keys, self._openings = Keyring(engine, master_key), Openings(engine)

    def prepare(self, request_id: str, purposes: Iterable[str] = PURPOSES) -> None:
        """Make the request's keys, once and for all processes; they are on disk when this returns.

        A key that was destroyed is not made again. Raises ValueError for a purpose there is not.
        """
        self._keys.prepare(request_id, purposes)

    def prepare_all(self, request_ids: Sequence[str], purposes: Iterable[str] = PURPOSES) -> None:
        """The same for many requests at once, in one transaction."""
        self._keys.prepare_all(request_ids, purposes)

    def seal(self, request_id: str, purpose: str, field: str, text: str) -> str:
        """``sealed:v1:<purpose>:<nonce and ciphertext>``, new each time. Raises :class:`Forgotten` without a key."""
        box = self.seal_bytes(request_id, purpose, field, text.encode("utf-8", "surrogatepass"))
        return f"sealed:v1:{purpose}:{urlsafe_b64encode(box).rstrip(b'=').decode()}"

    def open(self, request_id: str, field: str, sealed: str, *, by: str, why: str) -> str:
        """The text that was sealed; the opening is on record before it is returned.

        Raises :class:`Forgotten` when the key is destroyed, in whichever process that was done, and :class:`Tampered`
        when anything differs from what was sealed. Neither leaves an opening on record.
        """
        purpose, box = _taken_apart(sealed)
        return self.open_bytes(request_id, purpose, field, box, by=by, why=why).decode("utf-8", "surrogatepass")

    def seal_bytes(self, request_id: str, purpose: str, field: str, plain: bytes) -> bytes:
        """As :meth:`seal`, for what is kept as bytes: a nonce of 12 bytes, then the ciphertext with its tag."""
        return encrypt(self._keys.cipher(request_id, purpose), plain, bound(request_id, purpose, field))

    def open_bytes(self, request_id: str, purpose: str, field: str, box: bytes, *, by: str, why: str) -> bytes:
        """The inverse of :meth:`seal_bytes`; recorded and refused as in :meth:`open`."""
        plain = decrypt(self._keys.cipher(request_id, purpose), box, bound(request_id, purpose, field))
        opening = {
            "opened_at": datetime.now(UTC),
            "service": self._service,
            "by": by,
            "why": why,
            "request_id": request_id,
            "purpose": purpose,
            "field": field,
        }
        self._openings.record(opening)
        metrics.OPENINGS.labels(self._service, kind_of(why)).inc()
        return plain

    def seal_model(self, request_id: str, purpose: str, field: str, model: object) -> str:
        """Seal a pydantic model, or a list or tuple of them, as JSON."""
        return self.seal(request_id, purpose, field, to_json(model).decode())

    def open_model(
        self, request_id: str, field: str, sealed: str, model: type[Model], *, by: str, why: str
    ) -> Model:  # fmt: skip
        """What :meth:`seal_model` sealed, as ``model`` (``Contact``, ``tuple[Correction, ...]``).

        Raises as :meth:`open` does, and :class:`Tampered` when it is no such model.
        """
        opened = _read(model, self.open(request_id, field, sealed, by=by, why=why))
        if opened is None:
            raise Tampered("what was sealed is not such a model")
        return opened

    def destroy(self, request_id: str, purpose: str) -> None:
        """Forget: whatever was sealed for this purpose of this request is noise from now on, wherever a copy lies."""
        self._keys.destroy(request_id, purpose)


def kind_of(why: str) -> str:
    """``letter receipt`` as ``letter``: what comes after the first word may name a task."""
    first = why.partition(" ")[0]
    return first if first in KINDS else "other"


def _taken_apart(sealed: str) -> tuple[str, bytes]:
    """Purpose and box. Base64 that is not written in its one canonical way was changed, and is refused."""
    form = _FORM.fullmatch(sealed)
    if form is None or len(form[2]) % 4 == 1:
        raise Tampered("not a sealed text")
    box = urlsafe_b64decode(form[2] + "=" * (-len(form[2]) % 4))
    if urlsafe_b64encode(box).rstrip(b"=").decode() != form[2]:
        raise Tampered("not a sealed text")
    return form[1], box


def _read(model: type[Model], text: str) -> Model | None:
    """None instead of an error: pydantic's would quote what was opened, even as the context of another."""
    try:
        return cast("Model", _adapter(cast("Any", model)).validate_json(text))
    except ValidationError:
        return None


@lru_cache(maxsize=64)
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)
