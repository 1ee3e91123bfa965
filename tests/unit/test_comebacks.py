"""A process that ends itself is counted by the next one in its place."""

from pathlib import Path

import pytest

from services.runtime.comebacks import Comebacks
from services.runtime.metrics import COMEBACKS


def told(service: str) -> dict[str, float]:
    return {
        sample.labels["because"]: sample.value
        for family in COMEBACKS.collect()
        for sample in family.samples
        if sample.labels.get("service") == service
    }


def test_the_count_survives_the_restart_that_a_fence_causes(tmp_path: Path) -> None:
    for _ in range(3):
        life = Comebacks()
        life.begin("unheard-of", tmp_path)
        life.note(75)
    before = told("fenced-service")
    Comebacks().begin("fenced-service", tmp_path)
    assert before == {}
    assert told("fenced-service") == {"fenced": 3, "broken": 0}


def test_an_unknown_outcome_is_counted_apart_and_an_ordinary_end_not_at_all(tmp_path: Path) -> None:
    life = Comebacks()
    life.begin("broken-service", tmp_path)
    for code in (70, 0, 1):
        life.note(code)
    Comebacks().begin("broken-again", tmp_path)
    assert told("broken-again") == {"fenced": 0, "broken": 1}


@pytest.mark.parametrize("kept", ["", "{", '{"fenced": 2}', "[1]", '{"fenced": null, "broken": 1}'])
def test_a_damaged_count_begins_anew(tmp_path: Path, kept: str) -> None:
    (tmp_path / "comebacks.json").write_text(kept)
    service = f"damaged-{kept}"
    Comebacks().begin(service, tmp_path)
    assert told(service) == {"fenced": 0, "broken": 0}


def test_a_folder_that_cannot_be_written_holds_nobody_up(tmp_path: Path) -> None:
    life = Comebacks()
    life.begin("nowhere", tmp_path / "missing")
    life.note(75)
    Comebacks().note(75)
