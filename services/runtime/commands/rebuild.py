"""``habeas rebuild``: the log is the state (law 2). Builds the caches from it, or shows that they say the same."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rocksdict import Options, Rdict

from schemas import topics
from services.runtime import cache
from services.runtime.aggregate import encode
from services.runtime.fold import fold_all
from services.runtime.reading import read_to_end
from services.runtime.service import Service
from services.runtime.settings import settings

Log = dict[int, list[tuple[int, bytes | None]]]

OFFSET_KEY = b"__faust\0offset__"
"""Where Faust looks for the offset it recovers from."""


def rebuild(name: str | None, check: bool) -> None:
    """Exits 1 if a check finds a difference, or a service to be rebuilt is running."""
    wrong = 0
    for service in _services(name):
        log = asyncio.run(_read_log(service.name))
        caches = sorted((settings().home / "state").glob(f"{service.name}-*/**/{service.name}-*.db"))
        if check:
            wrong += sum(not _same(service, path, log) for path in caches)
        else:
            for path in caches:
                _build(service, path, log)
        Console().print(f"{service.name}: {len(caches)} caches {'compared' if check else 'rebuilt'}")
    if wrong:
        sys.exit(f"{wrong} caches differ from what the log says. `habeas rebuild SERVICE` builds them anew.")


def _services(name: str | None) -> Iterator[Service]:
    if name is not None and name not in topics.SERVICES:
        sys.exit(f"There is no such service. There are: {', '.join(topics.SERVICES)}.")
    for each in [name] if name else topics.SERVICES:
        yield getattr(import_module(f"services.{each}.processor"), each.upper())


async def _read_log(name: str) -> Log:
    log: Log = {}
    async for record in read_to_end(settings().bootstrap, topics.events(name)):
        log.setdefault(record.partition, []).append((record.offset, record.value))
    return log


def _partition_of(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def expected(service: Service, log: Log, partition: int, offset: int) -> dict[bytes, bytes]:
    """What the cache of a partition must hold when it reflects the log up to ``offset``."""
    folding = fold_all(service, (entry for entry in log.get(partition, ()) if entry[0] <= offset))
    states = {cache.STATE + name.encode(): encode(service, found) for name, found in folding.changed.items()}
    owing = {
        cache.OWING + name.encode(): b""
        for name, found in folding.changed.items()
        if any(True for _ in service.due(found.state))
    }
    return {**states, **owing}


def _same(service: Service, path: Path, log: Log) -> bool:
    db = cache.open_for_reading(str(path))
    held = dict(cache.contents(db))
    same = held == expected(service, log, _partition_of(path), cache.read_mark(db).offset)
    if not same:
        Console().print(f"[red]{service.name}, partition {_partition_of(path)}: the cache differs from the log[/red]")
    return same


def _build(service: Service, path: Path, log: Log) -> None:
    try:
        Rdict(str(path), options=Options(raw_mode=True)).close()
    except Exception:  # noqa: BLE001 — RocksDB raises a bare exception for a lock that is held
        sys.exit(f"{service.name} is running. Stop it before its state is rebuilt.")
    shutil.rmtree(path)
    folding = fold_all(service, log.get(_partition_of(path), ()))
    db = Rdict(str(path), options=Options(raw_mode=True))
    cache.write(db, service, folding.mark, folding.changed, OFFSET_KEY)
    db.close()
