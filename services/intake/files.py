"""Which files may come with a request: few, small, of four kinds, known by what is in them and not by their names."""

import re
import unicodedata
from typing import Final

from services.runtime.web.language import mark

MOST: Final = 5
LARGEST: Final = 10 << 20
"""Bytes of one file."""

BODY: Final = MOST * LARGEST + (1 << 20)
"""Bytes of a form with all of them."""

ENDINGS: Final = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "text/plain": (".txt",),
}
"""The kinds there are, and how their names may end."""

ACCEPT: Final = ",".join(ending for endings in ENDINGS.values() for ending in endings)
"""What a browser offers to choose from."""

LONGEST_NAME: Final = 100
_BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_UNFIT: Final = re.compile(r'[<>:"/\\|?*%]+')
_NOT_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


class Unfit(Exception):  # noqa: N818 — it names what is wrong with a file
    """A file that is not taken. ``why`` reads on after the file's name, and is a marked text."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


TOO_LARGE: Final = mark("is larger than 10 MB")
EMPTY: Final = mark("is empty")
WRONG_KIND: Final = mark("is not a PDF, PNG, JPEG or text file")
HARMFUL: Final = mark("was found to be harmful, and was thrown away")
UNCHECKED: Final = mark("could not be checked just now; please try again later, or send your request without it")


def media_of(data: bytes) -> str:
    """The kind of a file, from its content. Raises :class:`Unfit`."""
    if not data:
        raise Unfit(EMPTY)
    if len(data) > LARGEST:
        raise Unfit(TOO_LARGE)
    for beginning, media in _BEGINNINGS:
        if data.startswith(beginning):
            return media
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit(WRONG_KIND) from None
    if _NOT_TEXT.search(text) or text.lstrip().startswith("<"):  # whatever a browser might take for a page
        raise Unfit(WRONG_KIND)
    return "text/plain"


def plain_name(given: str, media: str) -> str:
    """A file's name that is safe to show and to save: one line, no path, no disguise, with the ending of its kind."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    shown = "".join(
        char for char in last if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    name = _UNFIT.sub("_", shown).strip(" .")
    stem, dot, ending = name.rpartition(".")
    fitting = ENDINGS[media]
    if dot and f".{ending.lower()}" in fitting:
        name = stem
    return (name.strip(" .")[: LONGEST_NAME - 5] or "file") + fitting[0]
