"""The pages behind the link in a letter: one button, what more is needed, and what came of it."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from schemas.verifier import DisownRequest, SubmitProof
from schemas.vocabulary import Method
from services.runtime.bus import new_cause_id
from services.runtime.person import code_digest
from services.runtime.vault import Forgotten
from services.runtime.web.forms import Filled, submitted
from services.runtime.web.pages import render
from services.verifier.evidence import POINTS, Evidence, sealed
from services.verifier.looking import Lent, Visit, answer_of, cause_of, ended, pass_for, visit
from services.verifier.verdict import SOMEBODYS_WORD
from services.verifier.views import CHECKING, EVIDENCE, FAILED, OPEN, PARTLY, VERIFIED, WRONG_CODE

DISOWN: Final = "disown"

router = APIRouter(prefix="/verify", include_in_schema=False)


@router.api_route("/{request_id}/code", methods=["GET", "HEAD"])
async def ask_for_the_code(request: Request) -> Response:
    """Where the code of a text message is entered. The page is the same whether there is such a request or not."""
    return _code_page(request)


@router.post("/{request_id}/code")
async def take_the_code(
    request: Request,
    floor: Lent,
    request_id: str,
    code: Annotated[str, Form()] = "",
    press: Annotated[str, Form()] = "",
) -> Response:
    """Presents the code. Whatever is wrong with it, the answer is the same."""
    digits = "".join(code.split())
    secret = floor.settings.person_secret.get_secret_value()
    seen = await visit(floor, request, request_id, "", patiently=True)
    proof = SubmitProof(digest=code_digest(secret, request_id, digits))
    seen, answer = await seen.send(proof, cause_of(press, request_id, proof.digest))
    if answer == EVIDENCE:
        return RedirectResponse(f"/verify/{request_id}/{pass_for(floor, request_id)}", 303)
    if answer in (CHECKING, VERIFIED, PARTLY):
        return ended(seen.with_key(pass_for(floor, request_id)), answer, "")
    return _code_page(request, status=422)


@router.api_route("/{request_id}/{token}", methods=["GET", "HEAD"])
async def show(request: Request, floor: Lent, request_id: str, token: str) -> Response:
    """The button, or what more is needed. Opening changes nothing: mail programs open links on their own."""
    seen = await visit(floor, request, request_id, token)
    if seen.at(EVIDENCE):
        return _evidence_page(seen, Filled())
    if seen.at(CHECKING):
        return ended(seen, CHECKING, "")
    found = seen.found if seen.at(OPEN) else None
    return render(request, "confirm.html", owner=seen.owner, press=new_cause_id(), challenge=found)


@router.post("/{request_id}/{token}")
async def confirm(
    request: Request,
    floor: Lent,
    request_id: str,
    token: str,
    press: Annotated[str, Form()] = "",
    choice: Annotated[str, Form()] = "",
) -> Response:
    """Presents the secret. The same button pressed twice presents it once."""
    seen = await visit(floor, request, request_id, token, patiently=True)
    disowns = choice == DISOWN
    cause = cause_of(press, request_id, seen.digest, *((DISOWN,) if disowns else ()))
    if seen.at(EVIDENCE) and not disowns and await answer_of(floor, request_id, cause) is None:
        return _evidence_page(seen, Filled())
    word = DisownRequest(digest=seen.digest) if disowns else SubmitProof(digest=seen.digest)
    seen, answer = await seen.send(word, cause)
    return _result(seen, answer, f"{request.url.path}/{cause}", disowned=disowns)


@router.post("/{request_id}/{token}/evidence")
async def take_evidence(request: Request, floor: Lent, request_id: str, token: str) -> Response:
    """Takes what more was given. Sent twice, it counts once."""
    seen = await visit(floor, request, request_id, token)
    given = await submitted(request, Evidence)
    if seen.found is None:
        return ended(seen, FAILED, "")
    if isinstance(given, Filled) or given.is_empty:
        form = given if isinstance(given, Filled) else Filled()
        return _evidence_page(seen, form, status=422, empty=form is not given)
    cause = cause_of(given.press, request_id, seen.digest, "evidence")
    try:
        more = await asyncio.to_thread(sealed, floor, seen.found, given)
    except Forgotten:
        return ended(seen, FAILED, "")
    seen, answer = await seen.send(more, cause)
    return _result(seen, answer, f"{request.url.path}/{cause}", gave_more=True)


@router.get("/{request_id}/{token}/{cause}")
async def look_again(request: Request, floor: Lent, request_id: str, token: str, cause: str) -> Response:
    """Where the pending page looks for its answer."""
    seen, answer = await (await visit(floor, request, request_id, token)).awaited(cause)
    return _result(seen, answer, request.url.path)


@router.get("/{request_id}/{token}/evidence/{cause}")
async def look_again_for_evidence(request: Request, floor: Lent, request_id: str, token: str, cause: str) -> Response:
    """The same, for what more was given."""
    seen, answer = await (await visit(floor, request, request_id, token)).awaited(cause)
    return _result(seen, answer, request.url.path, gave_more=True)


def _result(
    seen: Visit, answer: str | None, again: str, *, disowned: bool = False, gave_more: bool = False
) -> Response:
    """What came of it. What is asked for more is shown to whoever holds the secret, and to nobody else."""
    used_before = answer is None and not gave_more and not disowned
    if seen.at(EVIDENCE) and (answer in (EVIDENCE, WRONG_CODE) or used_before):
        return _evidence_page(seen, Filled(), wrong_code=answer == WRONG_CODE)
    if answer == FAILED and seen.found is not None:
        return render(seen.request, "ended.html", owner=seen.owner, disowned=disowned)
    return ended(seen, answer, again)


def _evidence_page(
    seen: Visit, form: Filled, *, status: int = 200, wrong_code: bool = False, empty: bool = False
) -> Response:
    found = seen.found
    assert found is not None
    asks: dict[str, Any] = {
        "declaration": found.wants(Method.DECLARATION),
        "code": found.wants(Method.SMS_CODE),
        "points": POINTS if found.wants(Method.KNOWLEDGE) else (),
        "word": any(found.wants(method) for method in SOMEBODYS_WORD),
    }
    return render(
        seen.request, "evidence.html", status=422 if wrong_code else status, owner=seen.owner, form=form,
        press=new_cause_id(), expires_at=found.expires_at, wrong_code=wrong_code, empty=empty, asks=asks,
        action=f"/verify/{seen.request_id}/{seen.key}/evidence",
    )  # fmt: skip


def _code_page(request: Request, status: int = 200) -> Response:
    return render(request, "code.html", status=status, press=new_cause_id(), wrong=status != 200)
