"""A package is on disk as noise, comes back whole, and never leaves its request's folder."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import fsspec
import pytest
from sqlalchemy import select

from services.runtime.blobs import Blobs
from services.runtime.database import engine
from services.runtime.vault import OPENINGS, Forgotten, Tampered, Vault

REQUEST = "5b0e8a4e-0000-5000-8000-000000000001"
OTHER = "5b0e8a4e-0000-5000-8000-000000000002"
DATA = b"%PDF-1.7 Rosa Okafor, 12 Elm Street " * 1000


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    database = engine(f"sqlite:///{tmp_path}/vault.db")
    made = Vault(database, bytes(32), "executor")
    made.prepare(REQUEST)
    made.prepare(OTHER)
    yield made
    database.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "packages"


@pytest.fixture
def blobs(folder: Path, vault: Vault) -> Blobs:
    return Blobs(f"file://{folder}", vault)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def read(blobs: Blobs, ref: str, request_id: str = REQUEST) -> bytes:
    return await blobs.read(request_id, ref, by="account-1", why="download")


async def test_a_file_comes_back_as_it_was_written(blobs: Blobs) -> None:
    stored = await blobs.write(REQUEST, "package.zip", DATA)
    assert stored == (f"{REQUEST}/package.zip", sha256(DATA).hexdigest(), len(DATA))
    assert await read(blobs, stored.ref) == DATA


async def test_on_disk_there_is_only_noise_and_only_for_this_process(blobs: Blobs, folder: Path) -> None:
    await blobs.write(REQUEST, "package.zip", DATA)
    (file,) = files(folder)
    assert b"Rosa" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


async def test_the_same_name_again_replaces_the_file_and_leaves_no_draft(blobs: Blobs, folder: Path) -> None:
    for data in (b"first", b"second"):
        stored = await blobs.write(REQUEST, "package.zip", data)
    assert await read(blobs, stored.ref) == b"second"
    assert [path.name for path in files(folder)] == ["package.zip"]


async def test_a_write_that_fails_leaves_the_old_file_and_no_draft(
    blobs: Blobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await blobs.write(REQUEST, "package.zip", b"first")

    def full(_: int) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(OSError, match="no space left"):
            await blobs.write(REQUEST, "package.zip", b"second")
    assert await read(blobs, stored.ref) == b"first"
    assert len(files(folder)) == 1


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", ".hidden", "a..b", "a\0b", "a\n", "x" * 129, "a%2fb", "a b"],
)
async def test_no_name_leads_out_of_the_folder(blobs: Blobs, folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not safe"):
        await blobs.write(REQUEST, name, DATA)
    with pytest.raises(ValueError, match="not safe"):
        await read(blobs, f"{REQUEST}/{name.rpartition('/')[2]}" if "/" not in name else f"{REQUEST}/..")
    assert files(folder) == []


@pytest.mark.parametrize("request_id", ["", "..", "../other", "a/b", "a.b", "-a", "x" * 65])
async def test_no_request_id_leads_out_of_the_folder(blobs: Blobs, folder: Path, request_id: str) -> None:
    with pytest.raises(ValueError, match="not safe"):
        await blobs.write(request_id, "package.zip", DATA)
    assert files(folder) == []


async def test_a_file_of_one_request_is_not_read_through_another(blobs: Blobs, folder: Path) -> None:
    stored = await blobs.write(REQUEST, "package.zip", DATA)
    with pytest.raises(ValueError, match="not a file of this request"):
        await read(blobs, stored.ref, OTHER)
    moved = folder / OTHER
    (folder / REQUEST).rename(moved)
    with pytest.raises(Tampered):
        await read(blobs, f"{OTHER}/package.zip", OTHER)


async def test_a_renamed_file_does_not_open(blobs: Blobs, folder: Path) -> None:
    await blobs.write(REQUEST, "package.zip", DATA)
    (folder / REQUEST / "package.zip").rename(folder / REQUEST / "letter.pdf")
    with pytest.raises(Tampered):
        await read(blobs, f"{REQUEST}/letter.pdf")


async def test_what_is_not_there_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(FileNotFoundError):
        await read(blobs, f"{REQUEST}/package.zip")


async def test_a_file_is_forgotten_with_its_key(blobs: Blobs, vault: Vault) -> None:
    stored = await blobs.write(REQUEST, "package.zip", DATA)
    vault.destroy(REQUEST, "fulfilment")
    with pytest.raises(Forgotten):
        await read(blobs, stored.ref)


async def test_reading_a_file_is_on_record(blobs: Blobs, tmp_path: Path) -> None:
    await read(blobs, (await blobs.write(REQUEST, "package.zip", DATA)).ref)
    database = engine(f"sqlite:///{tmp_path}/vault.db")
    with database.connect() as connection:
        assert connection.execute(select(OPENINGS.c.field, OPENINGS.c.by)).all() == [("blob:package.zip", "account-1")]
    database.dispose()


async def test_an_object_store_holds_the_same(vault: Vault) -> None:
    blobs = Blobs("memory://bucket/packages", vault)
    stored = await blobs.write(REQUEST, "package.zip", DATA)
    assert await read(blobs, stored.ref) == DATA
    assert b"Rosa" not in fsspec.filesystem("memory").cat_file(f"/bucket/packages/{stored.ref}")
