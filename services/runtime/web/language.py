"""What a page says in the language it speaks: the texts of a room, read from its ``locale/<code>.po`` at start."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment
from markupsafe import Markup

SOURCE: Final = "en"
"""What the texts in code and templates are written in."""

NAMES: Final = {"en": "English", "es": "Español"}
"""The languages there are, each in its own words."""

FLOOR: Final = Path(__file__).parent / "locale"
_TRANSLATED: Final = re.compile(r"{%-?\s*trans\b|\b_\(|\|\s*said\b")
_AS_WRITTEN: Final = NullTranslations()

Texts = Mapping[str, NullTranslations]
"""Language → what is said in it. Empty for a room that speaks English alone."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What one request is answered in. ``wanted`` is empty where neither person nor browser said anything."""

    wanted: str = ""
    code: str = SOURCE
    known: Texts = field(default_factory=dict)

    def into(self, code: str) -> "Speech":
        """The same request, answered in ``code`` if that is spoken here."""
        return Speech(self.wanted, code if code in self.known else SOURCE, self.known)

    @property
    def texts(self) -> NullTranslations:
        """The texts of this language."""
        return self.known.get(self.code, _AS_WRITTEN)


_speech: ContextVar[Speech] = ContextVar("speech", default=Speech())  # noqa: B039 — it is frozen


def begin(known: Texts, wanted: str) -> Token[Speech]:
    """A request is answered in ``wanted``; if that is empty, in English until :func:`settle` says otherwise."""
    return _speech.set(Speech(wanted, wanted or SOURCE, known))


def end(token: Token[Speech]) -> None:
    """It was answered."""
    _speech.reset(token)


async def settle(locale: str) -> None:
    """From here on the request is answered in the owner's language, unless person or browser said another."""
    speech = _speech.get()
    if not speech.wanted:
        _speech.set(speech.into(locale))


@contextmanager
def speaking(locale: str, *, always: bool = False) -> Iterator[str]:
    """Within this block the page speaks as was wanted, else ``locale``; ``always`` heeds no wish. Tells which."""
    speech = _speech.get()
    heard = speech.into(locale if always else speech.wanted or locale)
    token = _speech.set(heard)
    try:
        yield heard.code
    finally:
        _speech.reset(token)


def spoken() -> str:
    """The language being spoken, such as ``es``."""
    return _speech.get().code


def offered() -> tuple[str, ...]:
    """The languages of this room; none where there is only one."""
    return tuple(_speech.get().known)


def gettext(text: str) -> str:
    """``text`` in the language being spoken. In templates: ``{% trans %}``, or ``_()`` within an expression."""
    return _speech.get().texts.gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """``one`` or ``many`` in the language being spoken, as it suits ``count``."""
    return _speech.get().texts.ngettext(one, many, count)


def mark(text: str) -> str:
    """``text`` as it is. It stands in the code before anybody asks, and is translated where it is shown."""
    return text


def said(text: str) -> str:
    """A marked text, shown: the filter ``said`` in templates."""
    return Markup(gettext(text)) if isinstance(text, Markup) else gettext(text)  # noqa: S704 — our own texts


@cache
def texts_of(templates: Path | None) -> Texts:
    """What a service can say: ``locale/<code>.po`` beside its templates, then the floor's. Without that folder it
    speaks English alone.
    """
    room = templates.parent / "locale" if templates is not None else None
    if room is None or not room.is_dir():
        return {}
    return {SOURCE: _AS_WRITTEN} | {path.stem: _both(path) for path in sorted(room.glob("*.po"))}


@cache
def is_translated(pages: Environment, template: str) -> bool:
    """True for a page with a text to translate. Any other is English, frame and all: staff's pages are."""
    loader = pages.loader
    return loader is not None and bool(_TRANSLATED.search(loader.get_source(pages, template)[0]))


def _both(path: Path) -> NullTranslations:
    own = _read(path)
    if (shared := FLOOR / path.name).is_file():
        own.add_fallback(_read(shared))
    return own


def _read(path: Path) -> NullTranslations:
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=path.stem))
    compiled.seek(0)
    return GNUTranslations(compiled)
