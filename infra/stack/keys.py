"""The keys of one HABEAS_HOME: made once at random, readable by their owner only, handed to every process."""

import json
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from infra.stack.files import write_atomically
from infra.stack.refusal import Refusal

GENERATED = "generated"
"""Stands in the file, so that nobody takes it for keys of their own: outside the demo services refuse them."""

NAMES = ("HABEAS_MASTER_KEY", "HABEAS_PERSON_SECRET", "HABEAS_SESSION_SECRET", "HABEAS_PRODUCT_TOKEN")


def keys_file(home: Path) -> Path:
    return home / "keys.json"


def keys(home: Path) -> dict[str, str]:
    """The keys, made on the first call. A file that cannot be read is never replaced: data is sealed under it."""
    path = keys_file(home)
    if not path.exists():
        write_atomically(path, json.dumps({GENERATED: True} | {name: _fresh() for name in NAMES}, indent=1), mode=0o600)
    try:
        found = json.loads(path.read_text())
        known = {name: str(found[name]) for name in NAMES}
    except (OSError, ValueError, TypeError, KeyError) as broken:
        raise Refusal(
            f"{path} is not a complete set of keys; put back the copy you kept, or delete {home} to begin anew "
            "(what is sealed under lost keys cannot be opened)."
        ) from broken
    if os.stat(path).st_mode & 0o077:
        path.chmod(0o600)
    return known


def _fresh() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()
