"""Writes a letter from its facts alone: subject, text and HTML, in the language of the request."""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import BaseLoader, FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from schemas.catalogue import Owner, Product
from schemas.notifier import Audience, Letter, LetterKind
from schemas.request import OrderResult, Request, short_number
from schemas.vocabulary import NEEDS_NO_PROOF, Outcome, Right
from services.notifier.said import Fate, Line, Sayable, Verdict, what_may_be_said
from services.runtime.web import moments

TEMPLATES: Final = Path(__file__).parent / "templates"
LANGUAGES: Final = ("en", "es")
"""Folders of templates; a language that has none is written in the first."""

WIDTH: Final = 72
"""Columns of a plain text, so that it survives being quoted."""

NAMED: Final = frozenset({LetterKind.DECISION, LetterKind.COMPLETION})
"""Letters that may greet by name. Those before them go to an address that nobody has proved to be theirs: a stranger
who types in that address may not put a word of their own into them."""

LOOK_BACK: Final = frozenset({Right.KNOW, Right.ACCESS})
"""Rights whose answer reaches back over a period (R15)."""

_DIRECTION_MARKS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


@dataclass(frozen=True, slots=True)
class Written:
    """A letter in words. ``subject`` is one line; a text message has none, and no HTML."""

    subject: str
    text: str
    html: str
    language: str = LANGUAGES[0]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a letter may tell, beside what the request and the letter themselves hold.

    ``link`` is where its one action leads, and ``code`` what a text message carries, if there is one. ``name`` is the
    person's, and empty in letters to anybody else; ``agent`` that of whoever says that they act for them.
    """

    owner: Owner
    products: Mapping[str, Product]
    link: str = ""
    code: str = ""
    name: str = ""
    agent: str = ""


def write(letter: Letter, request: Request, facts: Facts) -> Written:
    """The letter. Pure: the same facts make the same words."""
    spoken = language(facts.owner.locale if letter.audience is Audience.OWNER else request.locale)
    context = _context(letter, request, facts, spoken)
    if letter.kind is LetterKind.CODE:
        return Written("", plain(_TEXT.get_template(f"{spoken}/{letter.kind}.j2").render(context)), "", spoken)
    return in_words(letter.kind, context, spoken)


def language(locale: str) -> str:
    """The folder of templates for a locale."""
    return locale if locale in LANGUAGES else LANGUAGES[0]


def in_words(name: str, context: dict[str, Any], spoken: str) -> Written:
    """The template of that name in a language, in both forms."""
    template = f"{spoken}/{name}.j2"
    text = _TEXT.get_template(template)
    return Written(
        subject=plain("".join(text.blocks["subject"](text.new_context(context)))),
        text=re.sub(r"\n{3,}", "\n\n", text.render(context)).strip() + "\n",
        html=_HTML.get_template(template).render(context),
        language=spoken,
    )


def plain(text: str) -> str:
    """One line without control characters and marks that turn the direction of what stands beside them."""
    kept = (
        " " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char
        for char in text
        if char not in _DIRECTION_MARKS and unicodedata.category(char) != "Cs"
    )
    return " ".join("".join(kept).split())


def greeting(name: str) -> str:
    """The name if it is made of what names are made of; otherwise nothing, and the letter greets without one.

    An address, a sentence with a link or a piece of markup is not worth repeating to anybody.
    """
    name = unicodedata.normalize("NFC", plain(name))
    made_of_letters = all(unicodedata.category(char)[0] in "LM" or char in " .'’-" for char in name)
    return name if made_of_letters and len(name) <= 80 and not re.search(r"\.[^ ]", name) else ""


@dataclass(frozen=True, slots=True)
class Told:
    """One order's result as a letter tells it: product by product."""

    result: OrderResult
    said: Sayable
    products: tuple[tuple[str, tuple[Line, ...]], ...]

    @classmethod
    def of(cls, result: OrderResult, names: Mapping[str, str]) -> "Told":
        """The result, with products by their names."""
        said = what_may_be_said(result)
        asked = dict.fromkeys(line.product for line in said.lines)
        return cls(result, said, tuple((names.get(slug, plain(slug)), said.of(slug)) for slug in asked))

    @property
    def outcomes(self) -> frozenset[str]:
        """Every outcome among the leaves."""
        return frozenset(line.leaf.outcome.value for line in self.said.lines)

    @property
    def outright(self) -> bool:
        """True if nothing was found that was not erased: no record stays behind, not even without a name."""
        return self.outcomes <= {Outcome.ERASED, Outcome.NOT_FOUND}

    @property
    def kept_only(self) -> bool:
        """True if a law is the only reason why anything was left as it was."""
        return all(line.fate is not Fate.NOT_DONE for line in self.said.lines)

    @property
    def delivered(self) -> bool:
        """True if there is anything in the package but its wrapping."""
        return any(line.fate is Fate.DONE for line in self.said.lines)


def _context(letter: Letter, request: Request, facts: Facts, spoken: str) -> dict[str, Any]:
    owner, zone, agent = facts.owner, facts.owner.zone, request.agent
    names = {slug: plain(product.name) for slug, product in facts.products.items()}
    rights = {order.id: order.right for order in request.orders}
    told = [Told.of(result, names) for result in letter.results]
    return {
        "number": request.number,
        "received": moments.day_in_words(request.received_at, zone, spoken),
        "owner": plain(owner.name),
        "contact": {"email": plain(owner.privacy_contact.email), "phone": plain(owner.privacy_contact.phone)},
        "statutory_days": owner.statutory_days,
        "instruction_days": owner.instruction_days,
        "rights": list(rights.values()),
        "looks_back": LOOK_BACK & set(rights.values()),
        "span": request.period.span,
        "since": moments.day_in_words(request.period.since, zone, spoken) if request.period.since else "",
        "needs_proof": any(right not in NEEDS_NO_PROOF for right in rights.values()),
        "by_agent": agent is not None,
        "basis": agent.basis if agent else "",
        "agent": greeting(facts.agent),
        "about_child": request.child is not None,
        "linked": [short_number(request_id) for request_id in request.linked],
        "instead": {order.id for order in request.orders if order.instead_of is not None},
        "others": [order.right for order in request.orders if order.instead_of is None],
        "unproved": letter.unproved,
        "wanted": letter.wanted,
        "expires": moments.in_words(letter.expires_at, zone, spoken) if letter.expires_at else "",
        "decisions": [(rights.get(each.order_id), each) for each in letter.decisions],
        "told": told,
        "all_done": bool(told) and all(each.said.verdict is Verdict.DONE for each in told),
        "third_parties": _third_parties(letter, facts) if letter.audience is Audience.OWNER else (),
        "link": facts.link,
        "code": facts.code,
        "name": greeting(facts.name) if letter.kind in NAMED else "",
    }


def _third_parties(letter: Letter, facts: Facts) -> Iterable[tuple[str, str]]:
    """The integrations behind the products that were asked, which the owner must notify itself (R09)."""
    asked = dict.fromkeys(task.product for result in letter.results for task in result.tasks)
    known = (facts.products[slug] for slug in asked if slug in facts.products)
    return [(plain(product.name), plain(product.vendor or "")) for product in known if product.third_party_backed]


def _flow(text: str) -> str:
    """A paragraph in lines of readable length; words, and so links, are never broken."""
    return textwrap.fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def _item(text: str) -> str:
    return textwrap.indent(_flow_narrow(text), "  ").replace("  ", "- ", 1)


def _flow_narrow(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH - 2, break_long_words=False, break_on_hyphens=False)


def _environment(form: str, *, escape: bool) -> ImmutableSandboxedEnvironment:
    """One wording, two forms: ``letter.j2`` and ``form.j2`` differ between text and HTML, the languages do not."""
    loader: BaseLoader = FileSystemLoader([TEMPLATES / form, TEMPLATES])
    made = ImmutableSandboxedEnvironment(
        loader=loader, autoescape=escape, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"flow": _flow, "item": _item, "plain": plain}
    return made


_TEXT: Final = _environment("text", escape=False)
_HTML: Final = _environment("html", escape=True)
