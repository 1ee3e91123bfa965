"""``habeas catalogue secret``: what a registered client shows for a token; and a client's entry out of the file."""

import asyncio
import os
import secrets
import sys
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from schemas.catalogue import CLIENTS_SHELF, Catalogue, Client, TicketSystem
from services.runtime.catalogue import Replica, append
from services.runtime.settings import settings
from services.runtime.vault import Vault

KEPT = 2
"""Secrets of one client that are good at the same time: the one in use, and the one that takes its place."""


def secret(client: str, alone: bool) -> None:
    """Makes a new secret and prints it, this once. ``alone``: those before it are good for nothing from now on."""
    made = secrets.token_urlsafe(32)
    known = asyncio.run(_with_secret(client, digest_of(made), alone=alone))
    if not known:
        sys.exit(f"No client {client} is registered. Enter it into the catalogue's file, and apply that first.")
    print(made)  # noqa: T201


def digest_of(made: str) -> str:
    """What the catalogue keeps of a secret."""
    return sha256(made.encode()).hexdigest()


async def _with_secret(name: str, digest: str, *, alone: bool) -> bool:
    here = settings()
    client = (await Replica(here.bootstrap).read_to_end()).clients.get(name)
    if client is None:
        return False
    kept = () if alone or client.demo else client.secrets[: KEPT - 1]
    change = {"secrets": (digest, *kept), "demo": False}
    await append(here.bootstrap, [client.model_copy(update=change)], "habeas")
    return True


def entry_of(raw: dict[str, Any], standing: Catalogue, vault: Vault, public: Mapping[str, str]) -> dict[str, Any]:
    """A client's entry with what is not in the file: its secrets stay as they are; those of the demo are ``public``,
    by the client's id. What a ticket system and we show each other is named in the file, and found in the environment.
    """
    name = str(raw.get("id", ""))
    before = standing.clients.get(name)
    entry = {"secrets": before.secrets if before else (), "demo": before.demo if before else False, **raw}
    if name in public and (before is None or before.demo or not before.secrets):
        entry |= {"secrets": (digest_of(public[name]),), "demo": True}
    if isinstance(raw.get("tickets"), dict):
        entry["tickets"] = _tickets(raw["tickets"], name, before, vault, public)
    return entry


def _tickets(
    raw: dict[str, Any], name: str, before: Client | None, vault: Vault, public: Mapping[str, str]
) -> dict[str, Any]:
    shelf, earlier = f"{CLIENTS_SHELF}{name}", before.tickets if before else None
    vault.prepare(shelf, ("record",))
    shown = {part: _said(raw.get(f"{part}_env", ""), name, public) for part in ("token", "signing")}
    sealed = {part: _sealed(vault, shelf, part, text, earlier) for part, text in shown.items()}
    return {"api": raw.get("api"), "user": raw.get("user"), **sealed}


def _said(variable: str, name: str, public: Mapping[str, str]) -> str:
    found = os.environ.get(variable) or public.get(variable)
    if not found:
        sys.exit(f"clients.{name}.tickets: the environment does not say {variable or 'token_env and signing_env'}.")
    return found


def _sealed(vault: Vault, shelf: str, part: str, text: str, earlier: TicketSystem | None) -> str:
    """Sealing anew what is the same would look like a change."""
    kept: str | None = getattr(earlier, part, None)
    if kept is not None and vault.open(shelf, part, kept, by="habeas", why="catalogue apply") == text:
        return kept
    return vault.seal(shelf, "record", part, text)
