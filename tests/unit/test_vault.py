"""What is sealed opens for the right request, purpose and field, leaves a trace, and can be forgotten for good."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from schemas.request import Contact, Correction
from services.runtime.database import engine
from services.runtime.vault import OPENINGS, PURPOSES, Forgotten, Tampered, Vault
from services.runtime.vault_keys import KEYS

MASTER = bytes(range(32))
SECRET = "rosa.okafor@example.org"

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
"""What every database takes as a name: Unicode without NUL."""

slow_start = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sql" / "vault.db"


@pytest.fixture
def database(file: Path) -> Iterator[Engine]:
    opened = engine(f"sqlite:///{file}")
    yield opened
    opened.dispose()


@pytest.fixture
def vault(database: Engine) -> Vault:
    made = Vault(database, MASTER, "notifier")
    made.prepare("r-1")
    made.prepare("r-2")
    return made


def opened(vault: Vault, sealed: str, request_id: str = "r-1", field: str = "contact") -> str:
    return vault.open(request_id, field, sealed, by="notifier", why="letter")


@slow_start
@given(text=st.text(st.characters(), max_size=200), purpose=st.sampled_from(PURPOSES), field=names)
def test_whatever_is_sealed_opens_as_it_was(vault: Vault, text: str, purpose: str, field: str) -> None:
    sealed = vault.seal("r-1", purpose, field, text)
    assert sealed.startswith(f"sealed:v1:{purpose}:")
    assert opened(vault, sealed, field=field) == text


@slow_start
@given(field=names, other=names)
def test_another_field_does_not_open_it(vault: Vault, field: str, other: str) -> None:
    assume(field != other)
    with pytest.raises(Tampered):
        opened(vault, vault.seal("r-1", "record", field, SECRET), field=other)


@slow_start
@given(request_id=names)
def test_another_request_does_not_open_it(vault: Vault, request_id: str) -> None:
    assume(request_id != "r-1")
    with pytest.raises((Tampered, Forgotten)):
        opened(vault, vault.seal("r-1", "record", "contact", SECRET), request_id=request_id)


@slow_start
@given(data=st.data(), to=st.characters())
def test_one_changed_character_and_it_does_not_open(vault: Vault, data: st.DataObject, to: str) -> None:
    sealed = vault.seal("r-1", "record", "contact", SECRET)
    at = data.draw(st.integers(0, len(sealed) - 1))
    assume(sealed[at] != to)
    with pytest.raises((Tampered, Forgotten)):
        opened(vault, sealed[:at] + to + sealed[at + 1 :])


@slow_start
@given(at=st.integers(0, 11 + len(SECRET) + 16), bit=st.integers(0, 7))
def test_one_flipped_bit_and_it_does_not_open(vault: Vault, at: int, bit: int) -> None:
    box = bytearray(vault.seal_bytes("r-1", "record", "file", SECRET.encode()))
    box[at] ^= 1 << bit
    with pytest.raises(Tampered):
        vault.open_bytes("r-1", "record", "file", bytes(box), by="b", why="w")


@pytest.mark.parametrize("alphabet_end", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
def test_base64_that_only_looks_different_is_refused(vault: Vault, alphabet_end: str) -> None:
    sealed = vault.seal("r-1", "record", "contact", "x" * 11)  # 39 bytes end on a character boundary, 40 do not
    spare = vault.seal("r-1", "record", "contact", "x" * 12)
    for text in (sealed, spare):
        if text[-1] != alphabet_end:
            with pytest.raises(Tampered):
                opened(vault, text[:-1] + alphabet_end)


@pytest.mark.parametrize(
    "cut", ["", "sealed:v1:record:", "sealed:v1:record:AAAA", "sealed:v1:other:AAAA", "plain", "A\n"]
)
def test_what_was_never_sealed_is_refused(vault: Vault, cut: str) -> None:
    with pytest.raises(Tampered):
        opened(vault, cut)


def test_a_purpose_cannot_be_swapped(vault: Vault) -> None:
    sealed = vault.seal("r-1", "record", "contact", SECRET)
    with pytest.raises(Tampered):
        opened(vault, sealed.replace(":record:", ":fulfilment:"))


def test_the_same_text_is_sealed_differently_each_time(vault: Vault) -> None:
    assert vault.seal("r-1", "record", "f", SECRET) != vault.seal("r-1", "record", "f", SECRET)


def test_a_destroyed_key_opens_nothing_and_seals_nothing_and_never_comes_back(vault: Vault) -> None:
    sealed = vault.seal("r-1", "fulfilment", "contact", SECRET)
    vault.destroy("r-1", "fulfilment")
    vault.prepare("r-1")
    with pytest.raises(Forgotten):
        opened(vault, sealed)
    with pytest.raises(Forgotten):
        vault.seal("r-1", "fulfilment", "f", "x")


def test_destroying_one_key_leaves_the_others(vault: Vault) -> None:
    kept = [vault.seal("r-1", "record", "contact", SECRET), vault.seal("r-2", "fulfilment", "contact", SECRET)]
    vault.destroy("r-1", "fulfilment")
    assert [opened(vault, kept[0]), opened(vault, kept[1], request_id="r-2")] == [SECRET, SECRET]


def test_a_key_destroyed_by_another_process_is_not_opened_from_memory(vault: Vault, file: Path) -> None:
    sealed = vault.seal("r-1", "record", "contact", SECRET)
    assert opened(vault, sealed) == SECRET
    elsewhere = engine(f"sqlite:///{file}")
    Vault(elsewhere, MASTER, "console").destroy("r-1", "record")
    elsewhere.dispose()
    with pytest.raises(Forgotten):
        opened(vault, sealed)


def test_a_destroyed_key_leaves_a_row_that_says_when(vault: Vault, database: Engine) -> None:
    for _ in range(2):
        vault.destroy("r-1", "verification")
    vault.destroy("never-made", "record")
    with database.connect() as connection:
        gone = connection.execute(select(KEYS).where(KEYS.c.destroyed_at.is_not(None)).order_by(KEYS.c.request_id))
        assert [(row.request_id, row.wrapped) for row in gone] == [("never-made", None), ("r-1", None)]


def test_of_a_destroyed_key_not_even_the_wrapped_form_is_left_on_disk(
    vault: Vault, database: Engine, file: Path
) -> None:
    with database.connect() as connection:
        named = (KEYS.c.request_id == "r-1", KEYS.c.purpose == "record")
        wrapped = connection.execute(select(KEYS.c.wrapped).where(*named)).scalar_one()
    assert any(wrapped in part.read_bytes() for part in file.parent.iterdir())
    vault.destroy("r-1", "record")
    assert not any(wrapped in part.read_bytes() for part in file.parent.iterdir())


def test_without_keys_nothing_is_sealed(vault: Vault) -> None:
    with pytest.raises(Forgotten):
        vault.seal("r-unprepared", "record", "f", "x")


def test_there_are_no_keys_for_other_purposes(vault: Vault) -> None:
    with pytest.raises(ValueError, match="a key is for"):
        vault.prepare("r-1", ("marketing",))


def test_only_the_master_key_that_wrapped_the_keys_opens_them(vault: Vault, database: Engine) -> None:
    sealed = vault.seal("r-1", "record", "contact", SECRET)
    with pytest.raises(Tampered):
        opened(Vault(database, bytes(32), "notifier"), sealed)


def test_processes_that_race_to_prepare_end_with_one_set_of_keys(file: Path) -> None:
    engines = [engine(f"sqlite:///{file}") for _ in range(4)]
    barrier = Barrier(len(engines), timeout=60)

    def prepare(database: Engine) -> Vault:
        barrier.wait()
        vault = Vault(database, MASTER, "intake")
        barrier.wait()
        vault.prepare("r-9")
        return vault

    with ThreadPoolExecutor(len(engines)) as pool:
        vaults = list(pool.map(prepare, engines))
    sealed = [vault.seal("r-9", "record", "contact", SECRET) for vault in vaults]
    assert [opened(vault, text, request_id="r-9") for vault in vaults for text in sealed] == [SECRET] * 16
    for database in engines:
        database.dispose()


def test_each_opening_is_on_record_and_each_refusal_is_not(vault: Vault, database: Engine) -> None:
    sealed = vault.seal("r-1", "record", "contact", SECRET)
    vault.open("r-1", "contact", sealed, by="account-7", why="decide")
    with pytest.raises(Tampered):
        vault.open("r-1", "name", sealed, by="account-8", why="decide")
    with database.connect() as connection:
        rows = connection.execute(select(OPENINGS)).all()
    assert [(r.service, r.by, r.why, r.request_id, r.purpose, r.field) for r in rows] == [
        ("notifier", "account-7", "decide", "r-1", "record", "contact")
    ]
    assert rows[0].opened_at.tzinfo is not None


def test_models_come_back_as_they_went_in(vault: Vault) -> None:
    contact = Contact(name="Rosa Okafor", email=SECRET)
    sealed = vault.seal_model("r-1", "record", "contact", contact)
    assert vault.open_model("r-1", "contact", sealed, Contact, by="b", why="w") == contact
    corrections = (Correction(field="street", value="Elm 4"), Correction(field="unit", value="B"))
    sealed = vault.seal_model("r-1", "record", "corrections", corrections)
    assert vault.open_model("r-1", "corrections", sealed, tuple[Correction, ...], by="b", why="w") == corrections


def test_no_error_tells_what_was_sealed(vault: Vault) -> None:
    sealed = vault.seal("r-1", "record", "contact", SECRET)
    with pytest.raises(Tampered) as wrong_model:
        vault.open_model("r-1", "contact", sealed, Contact, by="b", why="w")
    with pytest.raises(Tampered) as wrong_field:
        opened(vault, sealed, field="name")
    for caught in (wrong_model.value, wrong_field.value):
        told = repr(caught) + repr(caught.__context__) + repr(caught.__cause__)
        assert SECRET not in told
        assert sealed not in told
    assert MASTER.hex() not in repr(vars(vault))


def test_an_opening_that_cannot_be_recorded_reveals_nothing(vault: Vault, file: Path) -> None:
    sealed = vault.seal("r-1", "record", "contact", SECRET)
    outside = sqlite3.connect(file)
    outside.execute("DROP TABLE vault_openings")
    outside.close()
    with pytest.raises(Exception, match="vault_openings") as failure:
        vault.open("r-1", "contact", sealed, by="account-7", why="decide")
    assert "account-7" not in str(failure.value)
