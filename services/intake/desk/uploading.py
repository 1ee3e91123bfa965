"""The desk's form with a file: read into memory, so that what staff scan never lies unsealed on a disk."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData

from services.intake import files, form, uploads
from services.intake.form import Upload
from services.intake.uploads import Kept
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten
from services.runtime.web.wording import FieldError

FIELD = "document"


class Reading(Request):
    """A request whose form is read once, into memory. ``uploads`` are its files, as soon as it is read."""

    _entries: FormData | None = None
    uploads: Sequence[Upload] = ()

    async def form(self, **_: Any) -> FormData:  # type: ignore[override]
        """Its entries. Whoever asks for it first, the check of its token or the page, has it read."""
        if self._entries is None:
            sent = await form.read(Request(self.scope, self.receive))
            self._entries = FormData([(name, text) for name, texts in sent.entries.items() for text in texts])
            self.uploads = sent.uploads
        return self._entries


class ReadingRoute(APIRoute):
    """A route of the desk."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def reading(request: Request) -> Response:
            return await handler(Reading(request.scope, request.receive))

        return reading


async def documents(floor: Floor, sent: Request, request_id: str) -> tuple[list[Kept], list[FieldError]]:
    """The files of the form, sealed for the request it makes, and what is wrong with others."""
    kept: list[Kept] = []
    wrong: list[FieldError] = []
    for upload in (sent.uploads if isinstance(sent, Reading) else ())[: files.MOST]:
        try:
            kept.append(await uploads.keep(floor, request_id, upload))
        except files.Unfit as unfit:
            wrong.append({"field": FIELD, "message": unfit.why})
        except Forgotten:  # the request under this key is over; receiving it says so
            break
    return kept, wrong[:1]
