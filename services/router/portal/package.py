"""Hands out the package of a settled order: to those who may decide, for their own owner, each time on record."""

from hashlib import sha256
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from schemas.acts import PackageFetched
from schemas.request import Package
from services.router.portal.desk import PREFIX, Deciding, OwnCase
from services.runtime.vault import Forgotten, Tampered
from services.runtime.web.desk import desk_of
from services.runtime.web.problem import Problem

ROUTER = APIRouter(prefix=f"{PREFIX}/requests/{{request_id}}/package", include_in_schema=False)

WHY: Final = "portal package"
MEDIA_TYPES: Final = {"zip": "application/zip", "json": "application/json", "html": "text/html; charset=utf-8"}


@ROUTER.get("/{order_id}")
async def download(request: Request, order_id: str, case: OwnCase, desk: Deciding) -> Response:
    """The package, as a file that no cache and no browser keeps open. That it was fetched is on record before."""
    result = case.result(order_id)
    if result is None or result.package is None:
        raise HTTPException(404)
    package = result.package
    try:
        data = await desk.floor.blobs.read(case.id, package.ref, by=desk.account.id, why=WHY)
    except (Forgotten, FileNotFoundError):
        raise Problem(
            410,
            "This package is gone",
            code="package-gone",
            detail="Packages are destroyed when their time has passed. What was in it cannot be restored.",
        ) from None
    except (Tampered, ValueError):
        raise _damaged() from None
    if sha256(data).hexdigest() != package.sha256:
        raise _damaged()
    address = desk_of(request, desk.floor).address_of(request)
    fetched = PackageFetched(
        who=desk.account.id, owner=desk.owner.slug, address=address, request_id=case.id, order_id=order_id
    )
    await desk.floor.record(fetched)
    return Response(data, headers=_headers(f"{case.request.number}-{result.right.value}", package))


def _headers(stem: str, package: Package) -> dict[str, str]:
    ending = package.ref.rpartition(".")[2].lower()
    known = ending if ending in MEDIA_TYPES else ""
    return {
        "Content-Type": MEDIA_TYPES.get(known, "application/octet-stream"),
        "Content-Disposition": f'attachment; filename="{stem}.{known or "bin"}"',
        "Cache-Control": "no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-SHA256": package.sha256,
    }


def _damaged() -> Problem:
    return Problem(
        500, "This package is not what was stored", code="package-damaged", detail="It was not handed out. Call us."
    )
