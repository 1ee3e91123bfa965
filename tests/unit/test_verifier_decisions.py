"""Every row of the decision table, walked through the verifier; and no case that the table leaves out."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from schemas.catalogue import Rule
from schemas.vocabulary import Assurance, Channel, Method, Right, Sensitivity
from tests.support.proving import Decided, Proving, Row

TABLE = Path(__file__).parents[2] / "services" / "verifier" / "decisions.md"
PROOFS = frozenset({
    "nothing", "link", "link + 1 matched", "link + declaration", "link + 1 matched + declaration", "link + 2 matched",
    "link + code", "link + code + declaration", "code", "code + 1 matched", "code + 2 matched", "code + declaration",
    "code + 2 matched + declaration", "attestation", "re-authentication", "permission", "confirmation",
    "permission + confirmation", "confirmation + 1 matched + declaration", "power of attorney",
})  # fmt: skip
"""What somebody may prove, as far as it makes a difference."""


def cells(width: int) -> Iterator[list[str]]:
    """The rows of the table that has so many columns, without its head."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        row = [cell.strip() for cell in line.strip("| ").split("|")]
        if line.startswith("| ") and len(row) == width and row[0] not in {"right", "rule"}:
            yield row


def named(words: str, every: type[Right] | type[Channel] | type[Sensitivity]) -> list[str]:
    """The values that a cell names; all of them for ``any``."""
    return [one.value for one in every] if words == "any" else words.split(", ")


def level(words: str) -> Assurance:
    return Assurance(words.replace(" ", "_"))


def rule_of(words: str) -> Rule:
    """``delete, sensitive → reasonable by attestation``"""
    when, _, then = words.partition(" → ")
    degree, _, methods = then.partition(" by ")
    fits: dict[str, str] = {}
    for word in when.split(", "):
        for name, kind in (("right", Right), ("channel", Channel), ("sensitivity", Sensitivity)):
            if word in {one.value for one in kind}:
                fits[name] = word
    counting = tuple(Method(method) for method in methods.split(", ")) if methods else ()
    return Rule.model_validate({"level": level(degree), "methods": counting, **fits})


def proof_of(words: str) -> frozenset[str]:
    return frozenset(words.replace("re-authentication", "reauthentication").split(" + "))


def cases(row: list[str], rule: Rule | None) -> Iterator[tuple[Row, Decided]]:
    """The row, once for each case that it stands for."""
    rights, doors, sensitivities, proofs, needed, met, outcome = row
    for right, door, sensitivity, proof in product(
        named(rights, Right), named(doors, Channel), named(sensitivities, Sensitivity),
        sorted(PROOFS) if proofs == "any" else [proofs],
    ):  # fmt: skip
        case = Row(Right(right), Channel(door), Sensitivity(sensitivity), proof_of(proof), rule)
        yield case, Decided(level(needed), level(met), outcome)


DEFAULT, RULED = list(cells(7)), list(cells(8))


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R34")
@pytest.mark.parametrize("row", DEFAULT, ids=" | ".join)
def test_by_the_statutory_default(row: list[str]) -> None:
    for case, expected in cases(row, None):
        assert Proving(case).run() == expected, case


@pytest.mark.requirement("R34")
@pytest.mark.parametrize("row", RULED, ids=" | ".join)
def test_by_a_rule_of_the_owners(row: list[str]) -> None:
    for case, expected in cases(row[1:], rule_of(row[0])):
        assert Proving(case).run() == expected, case


@pytest.mark.requirement("R34")
def test_the_table_leaves_no_case_out_and_names_none_twice() -> None:
    told = [case for row in DEFAULT for case, _ in cases(row, None)]
    every = {
        Row(right, door, sensitivity, proof_of(proof))
        for right, door, sensitivity, proof in product(Right, Channel, Sensitivity, PROOFS)
    }
    assert set(told) == every
    assert len(told) == len(every)


def test_a_wrong_row_would_be_seen() -> None:
    case, expected = next(cases(DEFAULT[0], None))
    assert Proving(case).run() != Decided(expected.needed, Assurance.REASONABLY_HIGH, expected.outcome)
