"""No word on a resident's page escapes translation: spoken in a made-up language, everything stands in brackets."""

import re
from collections.abc import Iterator
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from services.intake import gate
from services.intake.processor import INTAKE
from services.runtime.web import app
from tests.support.doors import CATALOGUE, HTML, Door, door

SPANISH = {"Accept-Language": "es"}
GIVEN = {"name": "GIVEN", "email": "given@given.example", "phone": "+1 530 555 0199", "details": "GIVEN"}
OURS = ["Habeas", "English", "bill.pdf", "Bytes", "GIVEN", *(owner.name for owner in CATALOGUE.owners.values())]
"""Names, and what was given."""


class Brackets(NullTranslations):
    """A language in which every text is itself, in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


class Words(HTMLParser):
    """All that a page says, to the eye or to a screen reader."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style"}
        self.said += [text or "" for name, text in attrs if name in {"aria-label", "placeholder", "title", "alt"}]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)

    @property
    def left(self) -> str:
        """What is not in brackets, and is no name, number, date or address."""
        text = re.sub(r"⟦.*?⟧", " ", " ".join(self.said), flags=re.DOTALL)
        for name in sorted(OURS, key=len, reverse=True):
            text = text.replace(name, " ")
        text = re.sub(r"\S+@\S+|\b[0-9a-f]{8}\b|HB-\w{4}-\w{4}|\d+ de \w+ de \d{4}, \S+ [ap]\. m\. \w+", " ", text)
        return " ".join(re.findall(r"[^\W\d_]+", text))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setattr(app, "texts_of", lambda _: {"en": NullTranslations(), "es": Brackets()})
    with door(INTAKE, tmp_path) as made:
        yield made


@pytest.mark.requirement("R35")
async def test_every_word_is_translated_on_every_page_and_in_every_state(
    desk: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk.client(**HTML, **SPANISH, **{"Sec-GPC": "1"}) as client:

        async def shown(path: str, **entries: Any) -> None:
            page = await (client.post(path, data=entries, files=files) if entries else client.get(path))
            while page.status_code == 303:
                page = await client.get(page.headers["location"])
            assert Words(page.text).left == "", f"{path} {entries}"

        files = {"upload": ("bill.pdf", b"%PDF-1.7 0")}
        for path in (
            "/privacy",
            "/ask",
            "/privacy/riverton",
            "/privacy/riverton/child",
            "/privacy/riverton/agent",
            "/privacy/hillcrest",
            "/privacy/habeas-custodian",
        ):
            await shown(path)
        await shown("/privacy/atlantis")
        wrong = {"rights": ["correct", "access"], "corrections.0.field": "GIVEN", "span": "since", "declare": "yes"}
        await shown("/privacy/hillcrest", **wrong, website="GIVEN", phone="GIVEN", email="GIVEN")
        await shown("/privacy/riverton", rights=["access", "delete"], **GIVEN)
        await shown("/privacy/riverton/child", child="GIVEN", **GIVEN)
        await shown("/privacy/lakeside", rights=["access", "opt_out"], **GIVEN)
        await shown("/privacy/riverton", rights=["opt_out"], **GIVEN)
        await shown("/privacy/riverton", rights=["know"], **{**GIVEN, "email": ""})
        files["upload"] = ("bill.pdf", b"MZ")
        await shown("/privacy/riverton", rights=["know"], **GIVEN)
        files["upload"] = ("bill.pdf", b"%PDF-1.7 0")
        monkeypatch.setattr(gate, "PER_PERSON", 0)
        await shown("/privacy/riverton", rights=["know"], **GIVEN)
