"""``python -m schemas.publish``: writes ``schemas/published``, or says what of it is stale or would break a reader."""

import argparse
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from schemas.publish import asyncapi
from schemas.publish.compatibility import breaks
from schemas.publish.picture import picture
from schemas.publish.schema import as_text, schemas
from schemas.publish.table import table

PUBLISHED: Final = Path(__file__).parents[1] / "published"
EXAMPLES: Final = Path(__file__).parents[1] / "examples"
ASYNCAPI: Final = "asyncapi.json"


def files() -> dict[str, str]:
    """File name → text, as it must be."""
    return {
        **{f"{name}.json": as_text(schema) for name, schema in schemas().items()},
        ASYNCAPI: as_text(asyncapi.document()),
        "topics.svg": picture(),
        "topics.md": table(),
    }


def stale(folder: Path = PUBLISHED) -> list[str]:
    """The files that are missing, differ, or belong to nothing."""
    wanted = files()
    present = {path.name: path.read_text() for path in folder.iterdir()} if folder.exists() else {}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def broken(folder: Path = PUBLISHED) -> Iterator[str]:
    """Every change since ``folder`` was written that a reader of old records would not survive, as a sentence."""
    now = schemas()
    for path in sorted(folder.glob("*.json")):
        if path.name == ASYNCAPI:
            continue
        if path.stem not in now:
            yield f"{path.stem}: the type is gone, and its records are in the log"
            continue
        for found in breaks(json.loads(path.read_text()), now[path.stem]):
            yield f"{path.stem}: {found}"


def write(folder: Path = PUBLISHED) -> None:
    """Writes every file and removes what belongs to nothing; if anything would break, exits and writes nothing."""
    if found := list(broken(folder)):
        sys.exit("\n".join([*found, "Nothing was written. Such a change needs a new version of the type."]))
    folder.mkdir(exist_ok=True)
    wanted = files()
    for name in stale(folder):
        text = wanted.get(name)
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(text)
        print(f"{folder.name}/{name}")  # noqa: T201


def add_examples(folder: Path = EXAMPLES) -> None:
    """Writes an example for each type that has none yet. What is there is never rewritten: it must parse for ever."""
    folder.mkdir(exist_ok=True)
    for tag, record in import_module("tests.support.examples").records().items():
        path = folder / f"{tag}.json"
        if not path.exists():
            path.write_bytes(record + b"\n")
            print(f"{folder.name}/{path.name}")  # noqa: T201


def main() -> None:
    """Exits 1 if something is stale (``--check``) or would break a reader."""
    options = argparse.ArgumentParser(prog="python -m schemas.publish", description=__doc__)
    options.add_argument("--check", action="store_true", help="write nothing; name what is stale")
    options.add_argument("--examples", action="store_true", help="add an example of each type that has none")
    chosen = options.parse_args()
    if chosen.check:
        if found := stale():
            sys.exit("\n".join([*(f"stale: schemas/published/{name}" for name in found), "Run: make published"]))
    elif chosen.examples:
        add_examples()
    else:
        write()


if __name__ == "__main__":
    main()
