"""A page speaks as was chosen, else as the browser prefers, else as the owner does; programs get English."""

from datetime import UTC, datetime

import pytest
from fastapi import Request

from services.runtime.web import language
from services.runtime.web.hearing import wanted, ways
from services.runtime.web.language import texts_of
from services.runtime.web.moments import away, day_in_words, in_words
from services.runtime.web.pages import HERE

KNOWN = {"en", "es"}
NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def asking(*, query: str = "", cookie: str = "", accepts: str = "", method: str = "GET") -> Request:
    headers = {"accept-language": accepts, "cookie": f"habeas-lang={cookie}" if cookie else ""}
    raw = [(name.encode(), text.encode()) for name, text in headers.items() if text]
    return Request({"type": "http", "method": method, "path": "/", "query_string": query.encode(), "headers": raw})


@pytest.mark.parametrize(
    ("request_", "language_"),
    [
        (asking(), ""),
        (asking(accepts="fr, de;q=0.5"), ""),
        (asking(accepts="es-MX,es;q=0.9,en;q=0.8"), "es"),
        (asking(accepts="fr,en;q=0.3,es;q=0.7"), "es"),
        (asking(accepts="es;q=0, en;q=0.1"), "en"),
        (asking(accepts="en;q=nonsense, es;q=0.1"), "es"),
        (asking(accepts="es", cookie="en"), "en"),
        (asking(accepts="es", cookie="klingon"), "es"),
        (asking(query="lang=es", cookie="en", accepts="en"), "es"),
        (asking(query="lang=../etc", accepts="en"), "en"),
    ],
)
def test_what_was_chosen_goes_before_what_the_browser_prefers(request_: Request, language_: str) -> None:
    assert wanted(request_, KNOWN) == language_


def test_a_page_leads_to_itself_in_other_languages_unless_a_form_made_it() -> None:
    token = language.begin(texts_of(HERE / "templates"), "")
    try:
        assert ways(asking(query="a=1&lang=en&b=2")) == [("es", "Español", "?a=1&b=2&lang=es")]
        assert ways(asking(method="POST")) == []
    finally:
        language.end(token)


async def test_the_owners_language_is_spoken_where_nobody_said_another() -> None:
    for said, heard in (("", "es"), ("en", "en")):
        token = language.begin(texts_of(HERE / "templates"), said)
        try:
            await language.settle("es")
            assert language.spoken() == heard
        finally:
            language.end(token)


def test_a_text_without_a_translation_is_said_as_it_is_written() -> None:
    token = language.begin(texts_of(HERE / "templates"), "es")
    try:
        assert language.gettext("is required") == "hace falta"
        assert language.gettext("Nobody ever said this") == "Nobody ever said this"
        assert language.ngettext("must have at most {} item", "must have at most {} items", 2).endswith("elementos")
        with language.speaking("en", always=True):
            assert language.gettext("is required") == "is required"
    finally:
        language.end(token)


def test_moments_in_spanish() -> None:
    assert in_words(NOON, "America/Denver", "es") == "3 de marzo de 2026, 5:00 a. m. MST"
    assert day_in_words(NOON, "UTC", "es") == "martes, 3 de marzo de 2026"
    assert away(NOON, NOON.replace(day=1), "es") == "en 2 días"
    assert away(NOON.replace(hour=11), NOON, "es") == "hace 1 hora"
