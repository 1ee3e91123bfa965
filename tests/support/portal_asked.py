"""Requests that say more than their rights: in words, with files, by an agent, about a child; all of it sealed."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from schemas.request import Agent, Attachment, Contact, Request
from schemas.vocabulary import Basis
from services.router.portal.people import FILE_NAME
from tests.support.portal_world import World


def telling(
    world: World,
    request: Request,
    *,
    details: str = "",
    child: str = "",
    declaration: str = "",
    agent: Contact | None = None,
    basis: Basis = Basis.PERMISSION,
    files: Mapping[str, bytes] | None = None,
    **more: Any,
) -> Request:
    """The same request with these, as intake's doors seal them; ``more`` is for fields that are not sealed."""
    vault = world.vault

    def text(purpose: str, field: str, value: str) -> str | None:
        return vault.seal(request.id, purpose, field, value) if value else None

    return request.model_copy(
        update={
            "details": text("fulfilment", "details", details),
            "child": text("fulfilment", "child", child),
            "declaration": text("record", "declaration", declaration),
            "agent": agent and Agent(contact=vault.seal_model(request.id, "fulfilment", "agent", agent), basis=basis),
            "attachments": tuple(_file(world, request, name, data) for name, data in (files or {}).items()),
            **more,
        }
    )


def _file(world: World, request: Request, name: str, data: bytes) -> Attachment:
    kept: list[Any] = []
    write = threading.Thread(target=lambda: kept.append(asyncio.run(world.blobs.write(request.id, "file", data))))
    write.start()
    write.join()
    ref, digest, size = kept[0]
    sealed = world.vault.seal(request.id, "fulfilment", FILE_NAME, name)
    return Attachment(ref=ref, name=sealed, media="application/pdf", size=size, sha256=digest)
