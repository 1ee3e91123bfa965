"""Hands out a file that came with a request: to those who may decide, as a download that no browser shows inline."""

from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Response

from services.router.portal.desk import PREFIX, Deciding, OwnCase
from services.runtime.vault import Forgotten, Tampered
from services.runtime.web.problem import Problem

ROUTER = APIRouter(prefix=f"{PREFIX}/requests/{{request_id}}/files", include_in_schema=False)

WHY: Final = "portal file"
ENDINGS: Final = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "text/plain": "txt"}


@ROUTER.get("/{at}")
async def download(at: Annotated[int, Path(ge=0, le=99)], case: OwnCase, desk: Deciding) -> Response:
    """The file under a name of ours: what somebody called it may mislead. The vault records that it was opened."""
    if at >= len(case.request.attachments):
        raise HTTPException(404)
    attachment = case.request.attachments[at]
    try:
        data = await desk.floor.blobs.read(case.id, attachment.ref, by=desk.account.id, why=WHY)
    except (Forgotten, FileNotFoundError):
        raise Problem(410, "This file is gone", code="file-gone", detail="It was no longer needed.") from None
    except (Tampered, ValueError):
        raise _damaged() from None
    if sha256(data).hexdigest() != attachment.sha256:
        raise _damaged()
    name = f"{case.request.number}-file-{at + 1}.{ENDINGS.get(attachment.media, 'bin')}"
    return Response(
        data,
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


def _damaged() -> Problem:
    return Problem(500, "This file is not what was sent in", code="file-damaged", detail="It was not handed out.")
