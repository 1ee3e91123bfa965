"""Builds the answer to an order to know: what kinds of data are held, from where, what for, and who gets them (R12).

It is told from what each product declares of the data sets in which it holds something of the person, and shows no
value of theirs. What is sold or shared and what is disclosed for a business purpose stand in two lists, as the law asks
(Cal. Civ. Code 1798.130(a)(4)).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.catalogue import Holding
from schemas.request import Leaf, TaskResult
from schemas.vocabulary import Category, Outcome
from services.executor import report
from services.executor.package import Facts, as_json, checked, packed

NAMES: Final[dict[Category, str]] = {
    Category.IDENTIFYING: "Identifying data you gave",
    Category.CONTACT: "Contact details",
    Category.VISITOR: "Visits to websites",
    Category.PROTECTED: "Characteristics protected by law",
    Category.FINANCIAL: "Payment and other financial data",
    Category.APPLICANT: "Data of job applicants",
    Category.EMPLOYEE: "Data of employees",
    Category.IMAGES: "Photographs and other images",
    Category.DEVICE: "Data of mobile devices",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one product declares of what it holds of the person, and its leaves."""

    product: str
    name: str
    leaves: tuple[Leaf, ...]
    holdings: tuple[Holding, ...]

    @classmethod
    def of(cls, result: TaskResult, name: str, raw: bytes) -> "Part":
        """The part as its task wrote it; no bytes where nothing was found. Raises ValueError for other bytes."""
        return cls(result.product, name, result.leaves, tuple(map(Holding.model_validate, checked(result, raw))))


@dataclass(frozen=True, slots=True)
class Section:
    """One category: the data sets in it, product by product, and what all of them together say."""

    category: Category
    name: str
    data_sets: tuple[tuple[str, tuple[str, ...]], ...]
    sources: tuple[str, ...]
    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    sold_to: tuple[str, ...]


def build(facts: Facts, parts: Iterable[Part]) -> bytes:
    """``data.json`` for machines, ``report.html`` for people, ``manifest.json`` with the digests of both."""
    ordered = sorted(parts, key=lambda part: part.product)
    told = sections(ordered)
    return packed(facts, portable(facts, told, ordered), readable(facts, told, ordered))


def sections(parts: Sequence[Part]) -> tuple[Section, ...]:
    """The categories of which anything is held, in the data map's order."""
    return tuple(_section(category, parts) for category in Category if _of(category, parts))


def portable(facts: Facts, told: Sequence[Section], parts: Sequence[Part]) -> bytes:
    """The answer in a form that another system can read."""
    return as_json(
        facts.told()
        | {
            "categories": [
                {
                    "category": section.category.value,
                    "held_in": {product: list(names) for product, names in section.data_sets},
                    "sources": section.sources,
                    "purposes": section.purposes,
                    "disclosed_to": section.recipients,
                    "sold_or_shared_with": section.sold_to,
                }
                for section in told
            ],
            "not_answered": [part.product for part in parts if _unanswered(part)],
        }
    )


def readable(facts: Facts, told: Sequence[Section], parts: Sequence[Part]) -> str:
    """The answer as a page."""
    unanswered = [part for part in parts if _unanswered(part)]
    return report.page("categories.html", facts=facts, sections=told, asked=parts, unanswered=unanswered)


def _section(category: Category, parts: Sequence[Part]) -> Section:
    held = _of(category, parts)
    by_product = tuple(
        (part.name, tuple(one.data_set for one in part.holdings if one.category is category))
        for part in parts
        if any(one.category is category for one in part.holdings)
    )
    return Section(
        category,
        NAMES[category],
        by_product,
        _once(name for one in held for name in one.sources),
        _once(name for one in held for name in one.purposes),
        _once(name for one in held for name in one.recipients),
        _once(name for one in held for name in one.sold_to),
    )


def _of(category: Category, parts: Sequence[Part]) -> list[Holding]:
    return [one for part in parts for one in part.holdings if one.category is category]


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _unanswered(part: Part) -> bool:
    """True where a product could not tell everything: the answer may lack something, and says so."""
    return any(leaf.outcome not in (Outcome.DELIVERED, Outcome.NOT_FOUND) for leaf in part.leaves)
