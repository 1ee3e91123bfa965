"""An address gets only so many letters a day from people who have proved nothing, whoever they claim to write to."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.notifier import LetterKind
from services.notifier.allowance import COUNTED, Allowance, TooMany
from services.runtime.database import engine

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def allowance(tmp_path: Path) -> Allowance:
    return Allowance(engine(f"sqlite:///{tmp_path}/notifier.db"), at_most=2)


@pytest.mark.requirement("R27")
def test_the_next_one_waits_until_the_oldest_is_a_day_old(allowance: Allowance) -> None:
    allowance.take("l-1", "rosa", NOON)
    allowance.take("l-2", "rosa", NOON + timedelta(hours=1))
    with pytest.raises(TooMany) as held:
        allowance.take("l-3", "rosa", NOON + timedelta(hours=2))
    assert (held.value.reason, held.value.permanent) == ("too-many-letters", False)
    assert held.value.retry_at == NOON + timedelta(days=1)
    allowance.take("l-3", "rosa", NOON + timedelta(days=1))


def test_addresses_do_not_use_up_each_others(allowance: Allowance) -> None:
    for n, address in enumerate(("rosa", "rosa", "liam", "liam")):
        allowance.take(f"l-{n}", address, NOON)


def test_a_letter_that_is_tried_again_counts_once(allowance: Allowance) -> None:
    for _ in range(5):
        allowance.take("l-1", "rosa", NOON)
    allowance.take("l-2", "rosa", NOON)
    allowance.take("l-1", "rosa", NOON)
    with pytest.raises(TooMany):
        allowance.take("l-3", "rosa", NOON)


def test_what_follows_upon_proof_or_decision_is_never_held() -> None:
    free = set(LetterKind) - COUNTED
    assert free == {
        LetterKind.UNVERIFIED, LetterKind.DECISION, LetterKind.COMPLETION, LetterKind.AGENT_COMPLETION,
        LetterKind.OWNER_NOTICE, LetterKind.OWNER_COMPLETION,
    }  # fmt: skip
