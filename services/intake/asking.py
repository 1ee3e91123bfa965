"""A page on which somebody asks: shown, sent, asked about once more before anything is deleted, and received."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from schemas.catalogue import Owner
from schemas.vocabulary import Channel, Right
from services.intake import files, form, gate, signals, uploads, work
from services.intake.arrival import Arrival
from services.intake.entries import PARTS, POINTS, ROWS, Asking, Entered, fresh_key, key_of, read, summary
from services.intake.form import Sent
from services.intake.receiving import KeyReused, Receipt, person_of, receive
from services.intake.submission import Submission
from services.intake.uploads import Kept
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten
from services.runtime.web.guard import BODY_LIMIT
from services.runtime.web.language import gettext, mark
from services.runtime.web.pages import render
from services.runtime.web.problem import Problem
from services.runtime.web.wording import FieldError

CLIENT: Final = "web"
"""Under this name the pages' keys stand; no registered client may have it (see :mod:`bus`)."""

OF_THE_PAGE: Final = frozenset({"key", "files", "token", "work", "website", "drop", "confirm", "back", "without"})
"""Entries of the page itself: everything else is carried along to the page that asks once more."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page to ask on: its template, what it asks for, and what its template needs besides."""

    template: str
    asking: Asking
    owner: Owner | None
    more: Mapping[str, Any] = field(default_factory=dict)


def show(request: Request, floor: Floor, page: Page, entered: Entered | None = None, **notice: Any) -> Response:
    """The form: empty, or as it was filled in, with what is wrong."""
    entered = entered or Entered(fresh_key())
    problems = summary(entered.filled, by_agent=page.asking.by_agent)
    return render(
        request,
        page.template,
        status=notice.pop("status", 422 if problems else 200),
        headers=notice.pop("headers", {}),
        owner=page.owner,
        form=entered.filled,
        problems=problems,
        rows=range(ROWS),
        parts=PARTS,
        points=POINTS,
        accept=files.ACCEPT,
        most_files=files.MOST,
        **_carried(floor, entered),
        **{"notice": "", "minutes": 0, "signed_for": page.asking.signed_for, **page.more, **notice},
    )


async def take(request: Request, floor: Floor, page: Page) -> Response:
    """The form that was sent: received, asked about once more, or shown again with what is wrong."""
    return await take_sent(request, floor, page, await arrived(request, floor))


async def arrived(request: Request, floor: Floor) -> Sent:
    """The form that was sent. One with files is counted before it is read. Raises a problem."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > BODY_LIMIT:
        wait = await gate.admit_upload(floor, gate.address_of(floor, request))
        if wait > 0:
            title = mark("Many forms with files came from where you are")
            raise Problem(429, title, code="too-often", headers={"Retry-After": str(int(wait) + 1)})
    return await form.read(request)


async def take_sent(request: Request, floor: Floor, page: Page, sent: Sent) -> Response:
    """The same, for a form that is read already."""
    sent = _without_delete(sent) if sent.text("without") else sent
    key = key_of(sent)
    arrival = Arrival(Channel.WEB, CLIENT, key, datetime.now(UTC))
    kept, wrong = await _files(floor, sent, key, arrival.request_id())
    entered = read(key, sent, page.asking, kept, wrong)
    if entered.submission is None:
        return show(request, floor, page, entered)
    if sent.text("back"):
        return show(request, floor, page, entered)
    if Right.DELETE in entered.submission.rights and sent.text("confirm") != "delete":
        return _once_more(request, floor, page, entered)
    person = person_of(floor, entered.submission)
    worked = work.is_done(floor, key, sent.text("token"), sent.text("work"))
    wait = await gate.admit(floor, person=person, address=gate.address_of(floor, request), worked=worked)
    if wait > 0:
        return _too_often(request, floor, page, entered, wait)
    arrival = replace(arrival, attachments=tuple(one.attachment for one in kept))
    try:
        receipt = await receive(floor, entered.submission, arrival)
    except KeyReused:  # back to the page after sending it, and something changed: another request, if they mean it
        return show(request, floor, page, replace(entered, key=fresh_key(), kept=()), status=422, notice="sent_before")
    if not page.asking.by_agent:  # the browser is the agent's, and speaks for nobody else
        await signals.honour_person(request, floor, entered.submission.owner, person)
    return RedirectResponse(received_at(entered.submission, receipt), 303)


def received_at(submission: Submission, receipt: Receipt) -> str:
    """Where the receipt is shown, with what the person does next: nothing secret, and nothing that decides anything."""
    step = "mail" if submission.email else "phone"
    step = step if submission.after_proof else "none"
    beside = f"&beside={receipt.other.request_id}" if receipt.other else ""
    if submission.agent is not None:
        step = submission.agent.basis.value if submission.after_proof else "none"
        return f"/privacy/{submission.owner}/agent/received/{receipt.request_id}?step={step}{beside}"
    return f"/privacy/{submission.owner}/received/{receipt.request_id}?step={step}{beside}"


async def _files(floor: Floor, sent: Sent, key: str, request_id: str) -> tuple[list[Kept], list[FieldError]]:
    """The files that the form carries and those that were chosen now, and what is wrong with them."""
    dropped = set(sent.entries.get("drop", []))
    carried = sent.text("files")
    kept = [one for one in uploads.unwrapped(floor, key, carried) if one.sha256 not in dropped]
    wrong: list[FieldError] = []
    if carried and not kept and not dropped:
        wrong.append(
            {"field": "files", "message": gettext("were kept for six hours and are gone: please add them again")}
        )
    for upload in sent.uploads:
        if len(kept) >= files.MOST:
            text = gettext("may be {number} at most: the others were left out").format(number=files.MOST)
            wrong.append({"field": "files", "message": text})
            break
        try:
            one = await uploads.keep(floor, request_id, upload)
        except files.Unfit as unfit:
            number = list(sent.uploads).index(upload) + 1
            text = gettext("need another look: number {number} {why}").format(number=number, why=gettext(unfit.why))
            wrong.append({"field": "files", "message": text})
        except Forgotten:  # the request under this key is over; receiving it says so
            break
        else:
            kept = [*(other for other in kept if other.sha256 != one.sha256), one]
    return kept, wrong


def _once_more(request: Request, floor: Floor, page: Page, entered: Entered) -> Response:
    """What deleting means, before it is asked for in earnest (11 CCR 7020(d))."""
    assert entered.submission is not None
    entries = entered.filled.entries
    carried = [(name, text) for name, texts in entries.items() if name not in OF_THE_PAGE for text in texts]
    return render(
        request,
        "once-more.html",
        owner=page.owner,
        asked=entered.submission,
        rights=[right.value for right in entered.submission.rights],
        carried=[(name, text) for name, text in carried if text.strip()],
        chosen_here=not page.asking.rights,
        child=page.asking.about_a_child,
        agent=page.asking.by_agent,
        **_carried(floor, entered),
    )


def _too_often(request: Request, floor: Floor, page: Page, entered: Entered | None, wait: float) -> Response:
    """The form as it was, with when to try again. The same for everybody, whoever they ask about."""
    headers = {"Retry-After": str(int(wait) + 1)}
    minutes = int(wait // 60) + 1
    return show(request, floor, page, entered, status=429, notice="too_often", minutes=minutes, headers=headers)


def _without_delete(sent: Sent) -> Sent:
    """The same form, with the delete taken out."""
    rights = [right for right in sent.entries.get("rights", []) if right != Right.DELETE]
    return replace(sent, entries={**sent.entries, "rights": rights})


def _carried(floor: Floor, entered: Entered) -> dict[str, Any]:
    token, number = entered.filled.value("token"), entered.filled.value("work")
    if not work.is_done(floor, entered.key, token, number):
        token, number = work.token_for(floor, entered.key), ""
    return {
        "key": entered.key,
        "kept": entered.kept,
        "wrapped": uploads.wrapped(floor, entered.key, entered.kept),
        "token": token,
        "work": number,
        "bits": work.BITS,
    }
