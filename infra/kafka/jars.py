"""Which jars the local broker runs on: a committed lock, fetched once, verified at every start.

`jars.lock` names each jar as `group:artifact:version sha256:<hex>` and nothing else, so that it holds for
every mirror. To take a newer Kafka, change `KAFKA` below and make the lock anew:

    python -m infra.kafka.jars --relock

then read the difference before committing it. `python -m infra.kafka.jars` alone fetches and verifies.
The jars live in `$HABEAS_CACHE/jars` (default `~/.cache/habeas/jars`) and are shared by all checkouts.
`HABEAS_MAVEN` names another Maven repository to fetch from (default: Maven Central).
"""

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.stack.refusal import Refusal

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
LOG4J = "org.apache.logging.log4j"
LOCK = Path(__file__).with_name("jars.lock")
ATTEMPTS = 3
Progress = Callable[[int, int], None]


class JarError(Refusal):
    """The jars cannot be had, or are not the ones that were locked. The message is for the user."""


@dataclass(frozen=True)
class Jar:
    """One locked jar: its Maven coordinate and the digest its bytes must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def line(self) -> str:
        return f"{self.coordinate} sha256:{self.sha256}"

    def under(self, folder: Path) -> Path:
        return folder / self.group / f"{self.artifact}-{self.version}.jar"


def cache_dir() -> Path:
    """The folder shared by every HABEAS_HOME of this user."""
    named = os.environ.get("HABEAS_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "habeas"


def read_lock(lock: Path = LOCK) -> tuple[Jar, ...]:
    lines = (line for line in lock.read_text().splitlines() if line and not line.startswith("#"))
    return tuple(_parse(line) for line in lines)


def _parse(line: str) -> Jar:
    coordinate, _, digest = line.partition(" sha256:")
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, digest)


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def faults(jars: Iterable[Jar], folder: Path) -> list[str]:
    """One sentence for each jar that is missing or whose bytes differ from the lock."""
    return [fault for jar in jars if (fault := _fault(jar, folder))]


def _fault(jar: Jar, folder: Path) -> str | None:
    path = jar.under(folder)
    if not path.exists():
        return f"{jar.coordinate} is missing."
    if digest_of(path) != jar.sha256:
        return f"{jar.coordinate} differs from the lock; delete {path} and start again."
    return None


def classpath(progress: Progress = lambda _done, _total: None) -> tuple[Path, ...]:
    """The verified jars in lock order; what is missing is fetched first, telling `progress` (done, of how many)."""
    folder, jars = cache_dir() / "jars", read_lock()
    missing = [jar for jar in jars if not jar.under(folder).exists()]
    if missing:
        _fetch(missing, folder, progress)
    if wrong := faults(jars, folder):
        raise JarError(f"The broker's jars cannot be trusted: {wrong[0]}")
    return tuple(jar.under(folder) for jar in jars)


def _fetch(missing: list[Jar], folder: Path, progress: Progress) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, ThreadPoolExecutor(6) as pool:
        for done, _ in enumerate(pool.map(lambda jar: _fetch_one(jar, folder, Path(scratch)), missing), start=1):
            progress(done, len(missing))


def _fetch_one(jar: Jar, folder: Path, scratch: Path) -> None:
    """Into a scratch folder, verified, and only then moved into place: other processes never see half a jar."""
    fetched = _download(jar.coordinate, scratch)
    if digest_of(fetched) != jar.sha256:
        raise JarError(f"The broker's jars cannot be trusted: {jar.coordinate}, as served, differs from the lock.")
    jar.under(folder).parent.mkdir(parents=True, exist_ok=True)
    fetched.replace(jar.under(folder))


def _download(coordinate: str, scratch: Path) -> Path:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return Path(_maven(scratch).create_dependency(coordinate).artifact.resolve())
        except Exception as failure:  # requests, urllib3 and jgo each raise their own; all mean "not to be had now"
            _forget_half(coordinate, scratch)
            if attempt == ATTEMPTS:
                raise JarError(
                    f"{coordinate} could not be fetched ({type(failure).__name__}); the first start needs access to "
                    "Maven Central, or HABEAS_MAVEN set to a mirror of it."
                ) from failure
            time.sleep(attempt)
    raise AssertionError("unreachable")


def _forget_half(coordinate: str, scratch: Path) -> None:
    group, artifact, version = coordinate.split(":")
    shutil.rmtree(scratch.joinpath(*group.split("."), artifact, version), ignore_errors=True)


def _maven(cache: Path):  # type: ignore[no-untyped-def]  # jgo carries no types
    import jgo.maven

    mirror = os.environ.get("HABEAS_MAVEN")
    return jgo.maven.MavenContext(repo_cache=cache, remote_repos={"maven": mirror} if mirror else None, timeout=60)


def relock() -> tuple[Jar, ...]:
    """Resolve anew and write the lock.

    Kafka is resolved alone: together with log4j's slf4j binding, jgo mixes the two dependency managements and takes
    a kafka-clients too old to start. The binding is added apart, at the version of log4j that Kafka itself asks for.
    """
    with tempfile.TemporaryDirectory() as scratch:
        maven = _maven(Path(scratch))
        inputs, transitive = maven.resolver.resolve([maven.create_dependency(KAFKA)])
        found = {f"{each.groupId}:{each.artifactId}": each.version for each in inputs + transitive}
        found[f"{LOG4J}:log4j-slf4j-impl"] = found[f"{LOG4J}:log4j-core"]
        coordinates = sorted(f"{name}:{version}" for name, version in found.items())
        with ThreadPoolExecutor(6) as pool:
            digests = list(pool.map(lambda coordinate: digest_of(_download(coordinate, Path(scratch))), coordinates))
    jars = tuple(
        _parse(f"{coordinate} sha256:{digest}") for coordinate, digest in zip(coordinates, digests, strict=True)
    )
    LOCK.write_text("# Made by: python -m infra.kafka.jars --relock\n" + "".join(f"{jar.line}\n" for jar in jars))
    return jars


def main(arguments: list[str]) -> int:
    try:
        if "--relock" in arguments:
            print(f"{len(relock())} jars locked in {LOCK.name}.")
        print(f"{len(classpath())} jars verified in {cache_dir() / 'jars'}.")
    except JarError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
