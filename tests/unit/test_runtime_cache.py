"""The disk cache of a partition: what is written together is read together, and only in its own format."""

from pathlib import Path

import orjson
import pytest
from rocksdict import Options, Rdict

from schemas.envelope import Read
from services.runtime import cache
from services.runtime.cache import HEAD, Mark, OtherFormat, read_mark
from services.verifier.processor import VERIFIER


def test_a_mark_is_read_as_it_was_written(tmp_path: Path) -> None:
    db = Rdict(str(tmp_path / "v-0.db"), options=Options(raw_mode=True))
    mark = Mark(7, "aa", "aa", {"dsr.verifier.inbox": Read(3), "dsr.intake.events": Read(9, "bb")})
    cache.write(db, VERIFIER, mark, {})
    assert read_mark(db) == mark
    db.close()


def test_a_cache_of_another_format_is_not_read(tmp_path: Path) -> None:
    db = Rdict(str(tmp_path / "v-0.db"), options=Options(raw_mode=True))
    db.put(HEAD, orjson.dumps([cache.FORMAT + 1, 7, "aa", "aa", ""]))
    with pytest.raises(OtherFormat):
        read_mark(db)
    db.close()
