"""Whom a letter reaches, in which language, how often in a day; and who is left to staff."""

from pathlib import Path

import pytest

from schemas.notifier import Audience, LetterAccepted, LetterKind, LetterRefused
from schemas.request import Agent, Contact
from schemas.vocabulary import Basis
from services.notifier.domain import SendLetter
from services.notifier.effects import send_letter
from tests.component.test_smtp import Door, floor, owed, refused, server


@pytest.mark.requirement("R35")
@pytest.mark.parametrize(("locale", "language"), [("en", "en"), ("es", "es"), ("fr", "en")])
async def test_a_letter_names_the_language_it_is_in(tmp_path: Path, locale: str, language: str) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        effect = owed(on, LetterKind.RECEIPT)
        asked = effect.request.model_copy(update={"locale": locale})
        await send_letter(SendLetter(id=effect.id, request=asked, letter=effect.letter, attempt=1), on)
    [(_, _, message)] = door.taken
    html = message.get_body(("html",))
    assert html is not None
    assert message["Content-Language"] == language
    assert f'<html lang="{language}">' in html.get_content()


async def test_a_person_without_an_address_is_left_to_staff(tmp_path: Path) -> None:
    on = floor(tmp_path, 1)
    assert await send_letter(owed(on, LetterKind.RECEIPT, email=""), on) == refused("no-email", permanent=True)


@pytest.mark.requirement("R27")
async def test_an_address_gets_only_so_many_letters_a_day_but_every_decision(tmp_path: Path) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        on.settings = on.settings.model_copy(update={"letters_per_address": 2})
        told = []
        for n, kind in enumerate(
            (LetterKind.RECEIPT, LetterKind.VERIFICATION, LetterKind.RECEIPT, LetterKind.DECISION)
        ):
            effect = owed(on, kind, email="ROSA@postbox.example" if n else "rosa@postbox.example")
            letter = effect.letter.model_copy(update={"id": f"l-{n}"})
            told.append(await send_letter(SendLetter(id="x", request=effect.request, letter=letter, attempt=1), on))
    assert [isinstance(each, LetterAccepted) for each in told] == [True, True, False, True]
    held = told[2]
    assert isinstance(held, LetterRefused)
    assert (held.reason, held.permanent) == ("too-many-letters", False)


@pytest.mark.requirement("R33")
async def test_an_agent_is_written_to_at_the_agents_address_and_named_to_the_person(tmp_path: Path) -> None:
    door = Door()
    async with server(door) as port:
        on = floor(tmp_path, port)
        for kind, audience in ((LetterKind.AGENT_RECEIPT, Audience.AGENT), (LetterKind.AGENT_CONFIRMATION, None)):
            effect = owed(on, kind)
            contact = Contact(name="Ana Quill", email="ana@agents.example")
            sealed = on.vault.seal_model("r-1", "fulfilment", "agent", contact)
            asked = effect.request.model_copy(update={"agent": Agent(contact=sealed, basis=Basis.PERMISSION)})
            letter = effect.letter.model_copy(update={"audience": audience or Audience.PERSON})
            await send_letter(SendLetter(id="l-1:1", request=asked, letter=letter, attempt=1), on)
    (_, to_agent, receipt), (_, to_person, question) = door.taken
    assert (to_agent, to_person) == (["ana@agents.example"], ["rosa@postbox.example"])
    assert "Rosa" not in receipt.as_string()
    text = question.get_body(("plain",))
    assert text is not None
    assert "Ana Quill wrote to City of Alder Falls" in " ".join(text.get_content().split())
