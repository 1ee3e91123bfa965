"""Each language has each letter, every word that a letter may need, and reads as it was last read by a person."""

import re
from html import unescape
from typing import Any

import pytest

from schemas.notifier import AccountLetterKind, LetterKind
from schemas.request import Leaf, OrderResult, Package, TaskResult
from schemas.vocabulary import Exemption, Method, Outcome, Right
from services.executor.never import KINDS, _slug
from services.notifier.letters import _TEXT, LANGUAGES, TEMPLATES
from tests.support.golden_letters import GOLDEN, account_letter, letter, texts

ENGLISH, *OTHERS = LANGUAGES
NEVER_IN_SPANISH = (" the ", " your ", " request ", " nothing ", " is ", " are ", " of a ", " March ", "Hello")


def words(locale: str) -> Any:
    return _TEXT.get_template(f"{locale}/words.j2").module


def test_the_letters_are_in_english_and_in_spanish() -> None:
    assert LANGUAGES == ("en", "es")


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("locale", LANGUAGES)
def test_each_language_has_each_letter_and_none_more(locale: str) -> None:
    kinds = {*LetterKind, *(f"account_{kind}" for kind in AccountLetterKind)}
    parts = {"words", "frame", "owner_frame", "agent_frame", "account_frame"}
    assert {path.stem for path in (TEMPLATES / locale).iterdir()} == kinds | parts


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("locale", OTHERS)
def test_a_language_has_the_words_that_english_has(locale: str) -> None:
    english, other = words(ENGLISH), words(locale)
    tables = [name for name, value in vars(english).items() if isinstance(value, dict)]
    assert len(tables) >= 6
    for name in tables:
        assert getattr(other, name).keys() == getattr(english, name).keys(), name
    macros = {name for name in vars(english) if not name.startswith("_")}
    assert macros <= vars(other).keys()


@pytest.mark.parametrize("locale", LANGUAGES)
def test_there_is_a_word_for_every_right_reason_and_kind_of_evidence(locale: str) -> None:
    spoken = words(locale)
    for table in (spoken.asked, spoken.titles, spoken.for_owner, spoken.owner_titles):
        assert table.keys() == set(Right)
    assert spoken.exemptions.keys() == set(Exemption)
    assert spoken.evidence.keys() == set(Method) - {Method.NOT_NEEDED}


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("locale", OTHERS)
def test_what_is_never_disclosed_has_a_name_in_every_language(locale: str) -> None:
    assert words(locale).withheld.keys() >= {_slug(kind) for kind in KINDS.values()}


@pytest.mark.requirement("R35")
@pytest.mark.parametrize(("name", "text"), list(texts()), ids=lambda value: value if value.endswith(".txt") else "")
def test_a_letter_reads_as_it_was_last_read(name: str, text: str) -> None:
    """If it should read otherwise now: ``python -m tests.support.golden_letters``, and read what changed."""
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def test_no_letter_is_kept_that_there_is_not() -> None:
    assert {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*.txt")} == {name for name, _ in texts()}


@pytest.mark.parametrize("kind", list(LetterKind))
def test_a_spanish_letter_has_no_english_left_in_it(kind: LetterKind) -> None:
    text = f" {' '.join(letter(kind, 'es').text.split())} "
    assert [word for word in NEVER_IN_SPANISH if word in text] == []


@pytest.mark.requirement("R45")
@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("right", list(Right))
def test_spanish_says_done_where_english_does_and_nowhere_else(right: Right, outcome: Outcome) -> None:
    leaf = Leaf(data_set="members", outcome=outcome, found=2, done=2, law="§ 1")
    result = OrderResult(
        order_id="o-1", right=right, tasks=(TaskResult(id="t", product="civicrec", attempt=1, leaves=(leaf,)),),
        package=Package(ref="r-1/p.zip", sha256="0" * 64, size=22),
    )  # fmt: skip
    for kind in (LetterKind.COMPLETION, LetterKind.AGENT_COMPLETION, LetterKind.OWNER_COMPLETION):
        said = {locale: letter(kind, locale, (result,)) for locale in LANGUAGES}
        assert ("Done" in said["en"].text) == ("Hecho" in said["es"].text)
        assert said["es"].subject.startswith("Hecho") == said["en"].subject.startswith("Done")


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("kind", [kind for kind in LetterKind if kind is not LetterKind.CODE])
def test_both_forms_say_the_same_in_the_language_they_name(kind: LetterKind, locale: str) -> None:
    it = letter(kind, locale)
    assert it.language == locale
    assert f'<html lang="{locale}">' in it.html
    body = unescape(re.sub(r"<[^>]*>", " ", it.html.split("<h1", 1)[1].split(">", 1)[1]))
    said = [word for word in re.findall(r"\w+", it.text) if word]
    assert sorted(re.findall(r"\w+", body)) == sorted(said)


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("kind", list(AccountLetterKind))
def test_letters_to_accounts_speak_the_owners_language(kind: AccountLetterKind, locale: str) -> None:
    assert account_letter(kind, locale).language == locale
