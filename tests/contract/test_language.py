"""Every text that residents read is said in every language of its room, and no translation outlives its text."""

import re
from pathlib import Path

import pytest

from infra.language.books import lacking, left_over, read
from infra.language.texts import rooms, texts_of

BOOKS = [path for room in rooms() for path in sorted((room / "locale").glob("*.po"))]
_PLACES = re.compile(r"%\(\w+\)s|{\w*}")


def name_of(path: Path) -> str:
    return f"{path.parents[1].name}-{path.stem}"


def test_every_room_speaks_the_same_languages() -> None:
    assert {frozenset(path.name for path in (room / "locale").iterdir()) for room in rooms()} == {frozenset({"es.po"})}


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("path", BOOKS, ids=name_of)
def test_every_text_is_translated(path: Path) -> None:
    texts = texts_of(path.parents[1])
    assert texts
    assert lacking(path, texts) == [], "translate what is empty; python -m infra.language writes the places"


@pytest.mark.parametrize("path", BOOKS, ids=name_of)
def test_no_translation_is_left_over(path: Path) -> None:
    assert left_over(path, texts_of(path.parents[1])) == [], "python -m infra.language takes them out"


@pytest.mark.parametrize("path", BOOKS, ids=name_of)
def test_a_translation_fills_in_what_its_text_does(path: Path) -> None:
    for message in read(path):
        texts = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
        said = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        wanted = {place for text in texts for place in _PLACES.findall(text)}
        assert all(set(_PLACES.findall(text)) == wanted for text in said if message.id), message.id
