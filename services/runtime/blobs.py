"""Where files for a person wait to be fetched: encrypted under the request's key, on disk or in an object store."""

import asyncio
import os
import re
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from fsspec.core import url_to_fs

from services.runtime.vault import Vault

PURPOSE = "fulfilment"

_REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")


class Stored(NamedTuple):
    """A file as it was written: where it lies, the SHA-256 of its plaintext in hex, and its size in bytes."""

    ref: str
    sha256: str
    size: int


class Blobs:
    """Encrypted files under one URL: ``file://``, ``s3://``, ``gs://`` or any other that fsspec knows."""

    def __init__(self, url: str, vault: Vault) -> None:
        self._files, self._root = url_to_fs(url)
        self._vault = vault

    async def write(self, request_id: str, name: str, data: bytes) -> Stored:
        """Keep ``data``; the same name again replaces it, and a reader sees the old file or the new one, never a part.

        Raises ValueError for a request id or name that is not safe in a path, and Forgotten without a key.
        """
        ref = _ref(request_id, name)
        box = await asyncio.to_thread(self._vault.seal_bytes, request_id, PURPOSE, _field(name), data)
        await asyncio.to_thread(self._put, ref, box)
        return Stored(ref, sha256(data).hexdigest(), len(data))

    async def read(self, request_id: str, ref: str, *, by: str, why: str) -> bytes:
        """What was written; the opening is on record before it is returned.

        Raises ValueError for a ``ref`` that is not this request's, FileNotFoundError for one that holds nothing, and
        Forgotten or Tampered as the vault does.
        """
        name = ref.rpartition("/")[2]
        if ref != _ref(request_id, name):
            raise ValueError("not a file of this request")
        box = await asyncio.to_thread(self._files.cat_file, f"{self._root}/{ref}")
        return await asyncio.to_thread(
            self._vault.open_bytes, request_id, PURPOSE, _field(name), bytes(box), by=by, why=why
        )

    def discard(self, request_id: str, ref: str) -> None:
        """Take a file away that nobody sent; it may be gone already. Blocks. Raises ValueError as :meth:`read` does."""
        if ref != _ref(request_id, ref.rpartition("/")[2]):
            raise ValueError("not a file of this request")
        with suppress(FileNotFoundError):
            self._files.rm_file(f"{self._root}/{ref}")

    def _put(self, ref: str, box: bytes) -> None:
        """Object stores put a whole object or none; on a disk, renaming does the same."""
        if "file" not in self._files.protocol:
            self._files.pipe_file(f"{self._root}/{ref}", box)
            return
        path = Path(self._root, ref)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(box)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _ref(request_id: str, name: str) -> str:
    """The one place of a file. Neither part can lead out of its folder."""
    if not _REQUEST.fullmatch(request_id) or len(name) > 128 or not _NAME.fullmatch(name):
        raise ValueError("a request id or file name that is not safe in a path")
    return f"{request_id}/{name}"


def _field(name: str) -> str:
    return f"blob:{name}"
