"""A room's translations into one language: what is missing, what is left over, and the file brought up to date."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from infra.language.texts import Text, texts_of

HEAD: Final = """\
# What the pages of `{room}` say. The texts are found in templates and code by `python -m infra.language`.
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plurals}\\n"

"""


def read(path: Path) -> Catalog:
    """The translations in a file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def lacking(path: Path, texts: Iterable[Text]) -> list[Text]:
    """The texts that are not translated there, or are marked as doubtful."""
    known = read(path)
    return [text for text in texts if not _is_said(known, text)]


def left_over(path: Path, texts: Iterable[Text]) -> list[str]:
    """What is translated there and said nowhere any more."""
    wanted = {text.one for text in texts}
    return [_first(message.id) for message in read(path) if message.id and _first(message.id) not in wanted]


def bring_up_to_date(path: Path) -> int:
    """Writes the file with every text of its room: the translations that fit, and an empty place for the others.
    Returns how many are empty.
    """
    old, new = read(path), Catalog(locale=path.stem, fuzzy=False)
    texts = texts_of(path.parents[1])
    for text in texts:
        said = old.get(text.one)
        string = said.string if said is not None and said.string else ("", "") if text.many else ""
        new.add((text.one, text.many) if text.many else text.one, string, locations=[(text.place, 0)])
    written = BytesIO()
    write_po(written, new, omit_header=True, include_lineno=False, width=118)
    head = HEAD.format(room=path.parents[1].name, language=path.stem, plurals=new.plural_forms)
    path.write_bytes(head.encode() + written.getvalue())
    return len(lacking(path, texts))


def _is_said(known: Catalog, text: Text) -> bool:
    message = known.get(text.one)
    if message is None or message.fuzzy:
        return False
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return all(strings) and bool(text.many) == message.pluralizable


def _first(name: object) -> str:
    return str(name[0]) if isinstance(name, (tuple, list)) else str(name)
