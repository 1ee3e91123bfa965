"""The lock of the broker's jars."""

import hashlib
import re
from pathlib import Path

import pytest

from infra.kafka import jars
from infra.kafka.config import server_properties
from infra.kafka.jars import Jar, JarError, faults, read_lock


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jar:
    """A lock of one jar, which is in the cache as it should be."""
    jar = Jar("org.example", "thing", "1.0", hashlib.sha256(b"bytes").hexdigest())
    monkeypatch.setenv("HABEAS_CACHE", str(tmp_path))
    monkeypatch.setattr(jars, "read_lock", lambda: (jar,))
    place(jar, tmp_path, b"bytes")
    return jar


def place(jar: Jar, cache: Path, content: bytes) -> None:
    path = jar.under(cache / "jars")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_the_jar_that_was_locked_is_taken(locked: Jar, tmp_path: Path) -> None:
    assert jars.classpath() == (locked.under(tmp_path / "jars"),)


def test_a_changed_jar_is_refused(locked: Jar, tmp_path: Path) -> None:
    place(locked, tmp_path, b"other bytes")
    with pytest.raises(JarError, match=r"org\.example:thing:1\.0 differs from the lock"):
        jars.classpath()


def test_a_jar_served_with_other_bytes_never_reaches_the_cache(
    locked: Jar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked.under(tmp_path / "jars").unlink()
    served = tmp_path / "served.jar"
    served.write_bytes(b"other bytes")
    monkeypatch.setattr(jars, "_download", lambda _coordinate, _scratch: served)
    with pytest.raises(JarError, match="as served, differs from the lock"):
        jars.classpath()
    assert not locked.under(tmp_path / "jars").exists()


def test_a_missing_jar_is_told_by_name(tmp_path: Path) -> None:
    jar = Jar("org.example", "thing", "1.0", "0" * 64)
    assert faults([jar], tmp_path) == ["org.example:thing:1.0 is missing."]


def test_the_committed_lock_names_coordinates_and_digests_only() -> None:
    lines = jars.LOCK.read_text().splitlines()[1:]
    assert all(re.fullmatch(r"[\w.-]+:[\w.-]+:[\w.-]+ sha256:[0-9a-f]{64}", line) for line in lines)
    locked = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in read_lock()}
    assert jars.KAFKA in locked
    assert len(locked) == len(lines)


def test_the_broker_listens_on_loopback_only() -> None:
    listeners = re.findall(r"://([^:]*):", server_properties(Path("/data"), 8020, 8021))
    assert set(listeners) == {"127.0.0.1"}
