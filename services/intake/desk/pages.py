"""The desk's pages: enter a request for somebody, read its number back, find one again, vouch for who asks."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from schemas.acts import RequestEntered, RequestLookedUp
from schemas.catalogue import Owner
from schemas.roles import Permission, permissions
from schemas.vocabulary import Channel, PointKind, Right, Span
from services.intake import files
from services.intake.arrival import Arrival
from services.intake.desk import entry, following, words
from services.intake.desk.attesting import attest, may_attest, may_ever_attest
from services.intake.desk.entry import CHANNELS, Entry
from services.intake.desk.following import Followed
from services.intake.desk.place import PREFIX, AtDesk, OwnRequest, Place
from services.intake.desk.spelling import spelled, understood
from services.intake.desk.uploading import ReadingRoute, documents
from services.intake.entries import fresh_key
from services.intake.receiving import KeyReused, person_of, receive, submit_id
from services.intake.web import is_id
from services.runtime.web.forms import Filled
from services.runtime.web.pages import pending, render
from services.runtime.web.problem import Problem

CLIENT: Final = "desk"
"""Under this name the desk's keys stand; no registered client may have it (see :mod:`services.intake.bus`)."""

PATIENCE: Final = 2.0
"""Seconds a page waits for the read model to show what was entered."""

NOT_YOURS: Final = "The data owner does not let you vouch for this person, or it is settled already who they are."

ROUTER = APIRouter(prefix=PREFIX, include_in_schema=False, route_class=ReadingRoute)


@ROUTER.get("")
async def form(request: Request, place: AtDesk) -> Response:
    """An empty form, ready for the next caller."""
    return _form(request, place, Entry(Filled(), fresh_key()))


@ROUTER.post("")
async def enter(request: Request, place: AtDesk) -> Response:
    """Receives what was entered, as any other door does."""
    filled_in = await request.form()
    sent = entry.read(filled_in, place.owners, place.now)
    owner = place.owner(sent.submission.owner) if sent.submission else None
    if sent.submission is None or owner is None:
        return _form(request, place, sent, status=422)
    at = entry.received_at(sent, owner, place.now)
    arrival = Arrival(sent.channel, CLIENT, f"{place.account.id}:{sent.key}", at, entered_by=place.account.id)
    kept, wrong = await documents(place.floor, request, arrival.request_id())
    if sent.submission.agent is not None and not kept and not wrong:
        wrong = [{"field": "document", "message": "must be the signed permission, or the power of attorney"}]
    if wrong:
        return _form(request, place, replace(sent, filled=replace(sent.filled, errors=wrong)), status=422)
    arrival = replace(arrival, attachments=tuple(one.attachment for one in kept))
    try:
        receipt = await receive(place.floor, sent.submission, arrival)
    except KeyReused:
        return _form(request, place, Entry(sent.filled, fresh_key()), status=422, sent_before=True)
    for taken in filter(None, (receipt, receipt.other)):
        act = RequestEntered(owner=owner.slug, request_id=taken.request_id, channel=sent.channel.value)
        await place.record(act)
    if sent.attested and may_attest(place, owner, sent.channel, sent.submission.after_proof, took_in=True):
        await attest(place, owner.slug, receipt.request_id, person_of(place.floor, sent.submission))
    return RedirectResponse(f"{PREFIX}/taken/{receipt.request_id}", 303)


@ROUTER.get("/taken/{request_id}")
async def taken(request: Request, place: AtDesk, request_id: str) -> Response:
    """The number to read back, and what to tell whoever asked."""
    waiter = place.floor.views.expect(submit_id(request_id))
    found = await _own(place, request_id) if is_id(request_id) else None
    if found is None and is_id(request_id):
        await waiter.wait(PATIENCE)
        found = await _own(place, request_id)
    if found is None:
        return pending(request, to=request.url.path, what="The request is being written down")
    owner = _owner(place, found)
    other = await _own(place, found.linked[0]) if found.linked else None
    return render(
        request,
        "desk-taken.html",
        asked=found,
        number=spelled(found.number),
        other=other,
        said=words.heard_next(found, owner),
        rights=words.rights(found),
        whom=owner,
    )


@ROUTER.get("/find")
async def find(request: Request, place: AtDesk, number: Annotated[str, Query(max_length=500)] = "") -> Response:
    """A request by its number, typed or spelled. One of another owner is as unknown as one that never was."""
    meant = understood(number)
    found = await following.by_number(place.floor, meant) if meant else []
    own = [one for one in found if place.owner(one.owner)]
    if own:
        return RedirectResponse(f"{PREFIX}/requests/{own[0].request_id}", 303)
    return render(request, "desk-find.html", status=404 if meant else 200, asked=number, meant=meant)


@ROUTER.get("/letters")
async def letters(place: AtDesk) -> Response:
    """Letters that nobody took are the notifier's to show."""
    return RedirectResponse(f"{place.floor.settings.url_of('notifier')}/letters", 303)


@ROUTER.get("/requests/{request_id}")
async def stands(request: Request, place: AtDesk, found: OwnRequest) -> Response:
    """Where a request stands, in words that may be told to whoever knows its number. Looking is on record."""
    await place.record(RequestLookedUp(owner=found.owner, request_id=found.request_id))
    owner = _owner(place, found)
    kind, name, sentence = words.state(found)
    return render(
        request,
        "desk-request.html",
        asked=found,
        whom=owner,
        kind=kind,
        state=name,
        sentence=sentence,
        until=words.until(found),
        rights=words.rights(found),
        channel=words.CHANNELS.get(found.channel, found.channel),
        number=spelled(found.number),
        by_you=found.entered_by == place.account.id,
        elsewhere=_elsewhere(place, found),
        attestable=_attestable(place, found),
        attested="attested" in request.query_params,
    )


@ROUTER.post("/requests/{request_id}/attestation")
async def vouch(place: AtDesk, found: OwnRequest) -> Response:
    """Vouches for the person; whether it counts is the verifier's to decide."""
    if not _attestable(place, found):
        raise Problem(
            403,
            "This is not yours to attest",
            code="forbidden",
            detail=NOT_YOURS,
        )
    await attest(place, found.owner, found.request_id, found.person)
    return RedirectResponse(f"{PREFIX}/requests/{found.request_id}?attested", 303)


async def _own(place: Place, request_id: str) -> Followed | None:
    found = await following.by_id(place.floor, request_id)
    return found if found is not None and place.owner(found.owner) else None


def _attestable(place: Place, found: Followed) -> bool:
    took_in = found.entered_by == place.account.id
    rights = [Right(right) for right in found.rights]
    open_ = found.state in words.UNPROVED
    return open_ and may_attest(place, _owner(place, found), Channel(found.channel), rights, took_in=took_in)


def _owner(place: Place, found: Followed) -> Owner:
    owner = place.owner(found.owner)
    assert owner is not None, "a request of another owner was sorted out before"
    return owner


def _elsewhere(place: Place, found: Followed) -> list[tuple[str, str]]:
    """Where the account can see more of it, by what it is permitted."""
    held = permissions(place.account, place.floor.catalogue())
    url, links = place.floor.settings.url_of, []
    if Permission.SEE in held and place.account.owner == found.owner and found.state in words.AT_OWNER:
        links.append(("Open it in the portal", f"{url('router')}/portal/requests/{found.request_id}"))
    if Permission.OPERATE in held:
        links.append(("Its journey, in the console", f"{url('console')}/console/requests/{found.request_id}"))
    return links


def _form(
    request: Request, place: Place, sent: Entry, *, status: int = 200, sent_before: bool = False
) -> Response:  # fmt: skip
    return render(
        request,
        "desk-entry.html",
        status=status,
        form=sent.filled,
        key=sent.key,
        problems=entry.summary(sent.filled),
        sent_before=sent_before,
        owners=place.owners,
        channels=[(channel.value, words.CHANNELS[channel].capitalize()) for channel in CHANNELS],
        rights=[(right.value, *said) for right, said in words.RIGHTS.items()],
        spans=[(span.value, words.SPANS[span]) for span in Span],
        points=[(kind.value, entry.LABELS[kind]) for kind in PointKind],
        rows=range(entry.ROWS),
        parts=entry.PARTS,
        accept=files.ACCEPT,
        attestable=[owner.name for owner in place.owners if may_ever_attest(place, owner)],
        path=PREFIX,
    )
