"""Small files that others read while we write them: replaced whole, never half."""

import json
import os
from pathlib import Path


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def write_json(path: Path, content: object) -> None:
    write_atomically(path, json.dumps(content, indent=1, default=str), mode=0o600)
