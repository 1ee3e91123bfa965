"""The desk's form with a file: read into memory, so that what staff scan never lies unsealed on a disk."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData, UploadFile

from services.intake import files, form, uploads
from services.intake.uploads import Kept
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten
from services.runtime.web.wording import FieldError

FIELD = "document"


class Reading(Request):
    """A request whose form is read once, into memory."""

    _whole: FormData | None = None

    async def form(self, **_: Any) -> FormData:  # type: ignore[override]
        """Whoever asks for it first, the check of its token or the page, has it read."""
        if self._whole is None:
            if self.headers.get("content-type", "").lower().startswith("multipart/form-data"):
                sent = await form.read(Request(self.scope, self.receive))
                written = [(name, text) for name, texts in sent.entries.items() for text in texts]
                self._whole = FormData([*written, *((FIELD, upload) for upload in sent.uploads)])
            else:
                self._whole = await super().form()
        return self._whole


    async def forget(self) -> None:
        """Lets go of the files."""
        if self._whole is not None:
            await self._whole.close()


class ReadingRoute(APIRoute):
    """A route of the desk."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def reading(request: Request) -> Response:
            own = Reading(request.scope, request.receive)
            try:
                return await handler(own)
            finally:
                await own.forget()

        return reading


async def documents(floor: Floor, sent: FormData, request_id: str) -> tuple[list[Kept], list[FieldError]]:
    """The files of the form, sealed for the request it makes, and what is wrong with others."""
    kept: list[Kept] = []
    wrong: list[FieldError] = []
    for upload in sent.getlist(FIELD):
        if not isinstance(upload, UploadFile) or len(kept) == files.MOST:
            continue
        try:
            kept.append(await uploads.keep(floor, request_id, upload))
        except files.Unfit as unfit:
            wrong.append({"field": FIELD, "message": unfit.why})
        except Forgotten:  # the request under this key is over; receiving it says so
            break
    return kept, wrong[:1]
