"""The counter's pages: which letters wait, one of them opened to be printed or read out, and that it was."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from schemas.acts import LetterPassedOn, LetterPrinted
from schemas.envelope import derived_id
from schemas.notifier import Audience, HandOverLetter, Way
from services.notifier import letters
from services.notifier.counter import words
from services.notifier.counter.place import PREFIX, AtCounter, OwnLetter, Place
from services.notifier.opening import Opened, Opening
from services.notifier.reading import SHOWN, Stranded
from services.runtime.vault import Forgotten, Tampered
from services.runtime.web.pages import pending, render
from services.runtime.web.problem import Problem

PATIENCE: Final = 2.0
"""Seconds a page waits for the read model to show that a letter was handed over."""

ROUTER = APIRouter(prefix=PREFIX, include_in_schema=False)


@ROUTER.get("")
async def waiting(request: Request, place: AtCounter, done: bool = False) -> Response:
    """The letters that wait to be handed over; with ``done``, those that were."""
    found = await asyncio.to_thread(place.queue.listed, place.slugs, handed_over=done)
    return render(
        request,
        "pages/letters.html",
        done=done,
        lines=[(each, words.KINDS[each.letter.kind], words.reason(each.reason), _way(each)) for each in found],
        names={owner.slug: owner.name for owner in place.owners},
        more=len(found) == SHOWN,
    )


@ROUTER.get("/{letter_id}")
async def show(request: Request, place: AtCounter, found: OwnLetter) -> Response:
    """What is known without opening anything."""
    return _page(request, place, found)


@ROUTER.post("/{letter_id}/opened")
async def open_(request: Request, place: AtCounter, found: OwnLetter) -> Response:
    """The letter in words, with whom it is for. That it was opened is on record before anything is shown."""
    if found.secret:
        raise Problem(
            403,
            "This letter is for nobody else’s eyes",
            code="secret",
            detail="It proves who the person is to whoever reads it. Help the person another way.",
        )
    await place.record(LetterPrinted(owner=found.request.owner, request_id=found.request.id, letter_id=found.letter.id))
    try:
        opened = await asyncio.to_thread(Opening(place.floor, found.request, found.letter, place.account.id).opened)
    except (Forgotten, Tampered):
        raise Problem(
            410,
            "This letter cannot be opened any more",
            code="gone",
            detail="The request ended, and the person’s data was destroyed. There is nothing left to hand over.",
        ) from None
    return _page(request, place, found, opened)


@ROUTER.post("/{letter_id}/handed-over")
async def handed_over(request: Request, place: AtCounter, found: OwnLetter, way: Annotated[Way, Form()]) -> Response:
    """The letter reached the person by post or on the telephone. Said twice, it counts once."""
    if found.way:
        return RedirectResponse(PREFIX, 303)
    asked, letter_id = found.request, found.letter.id
    cause_id = derived_id("hand over", letter_id)
    waiter = place.floor.views.expect(cause_id)
    await place.record(LetterPassedOn(owner=asked.owner, request_id=asked.id, letter_id=letter_id, way=way.value))
    await place.floor.bus.send(
        HandOverLetter(letter_id=letter_id, way=way, by=place.account.id),
        to="notifier",
        subject=asked.id,
        owner=asked.owner,
        person_key=found.person_key,
        id=cause_id,
        correlation=asked.id,
    )
    if await waiter.wait(PATIENCE) is None:
        return pending(request, to=PREFIX, what="That the letter was handed over is being written down")
    return RedirectResponse(PREFIX, 303)


def _page(request: Request, place: Place, found: Stranded, opened: Opened | None = None) -> Response:
    written = letters.write(found.letter, found.request, opened.facts) if opened else None
    return render(
        request,
        "pages/letter.html",
        found=found,
        kind=words.KINDS[found.letter.kind],
        reason=words.reason(found.reason),
        way=_way(found),
        whom=place.owner(found.request.owner),
        to_person=found.letter.audience is Audience.PERSON,
        to=opened.to if opened else None,
        written=written,
        address=PREFIX,
    )


def _way(found: Stranded) -> str:
    return words.WAYS[Way(found.way)] if found.way else ""
