"""What served the proof is destroyed with the decision, and what was never verified some days later; by real keys."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.cause import TimePassed
from schemas.intake import RequestReceived
from schemas.verifier import DataForgotten, KeysDestroyed, SubmitProof
from schemas.vocabulary import Right
from services.runtime.database import engine
from services.runtime.vault import Forgotten, Vault
from services.verifier import domain, effects
from services.verifier.owing import DestroyKeys
from tests.support.dsl import Decider, Given
from tests.support.facts import CHALLENGE, NOON, RIGHT_DIGEST, WRONG_DIGEST, request

given = Decider(domain.Unchallenged(), domain.decide, domain.evolve, TypeAdapter(domain.State), domain.due).given
asked = request(Right.DELETE)
LATE = NOON + timedelta(days=7)
WEEK = timedelta(days=7)


def after(*told: Fact, at: datetime = NOON, right: Right = Right.DELETE) -> Given:
    """The story of a request after these."""
    received = RequestReceived(request=request(right), digest="d", challenge=CHALLENGE)
    story = given()
    for body in (received, *told):
        answer = story.when(body, at=NOON if body is received else at)
        story = answer.then_some(type(answer.event))[1] if answer.event is not None else story
    return story


def keys(story: Given) -> list[tuple[tuple[str, ...], datetime | None]]:
    """What is owed to be destroyed, and when."""
    return [(effect.purposes, effect.not_before) for effect in story.owed if isinstance(effect, DestroyKeys)]


PROOF, REST = ("verification",), ("fulfilment", "record")


@pytest.mark.requirement("R28")
def test_the_key_of_the_proof_is_destroyed_as_soon_as_it_is_decided() -> None:
    assert keys(after()) == []
    assert keys(after(SubmitProof(digest=RIGHT_DIGEST))) == [(PROOF, None)]
    assert keys(after(right=Right.OPT_OUT)) == [(PROOF, None)]


@pytest.mark.requirement("R28")
def test_what_was_never_verified_is_destroyed_when_its_last_letter_is_settled() -> None:
    assert keys(after(TimePassed(effect_id="-"), at=LATE)) == [(PROOF, None), (REST, LATE + WEEK)]
    wrong = [SubmitProof(digest=WRONG_DIGEST)] * 3
    assert keys(after(*wrong)) == [(PROOF, None), (REST, NOON + WEEK)]


@pytest.mark.requirement("R28")
def test_what_is_destroyed_is_written_down_once_and_owed_no_more() -> None:
    story = after(TimePassed(effect_id="-"), at=LATE)
    told = KeysDestroyed(effect_id="-", purposes=PROOF)
    story = story.when(told).then(DataForgotten(purposes=PROOF))
    story.when(told).then_silence()
    story = story.when(KeysDestroyed(effect_id="-", purposes=REST)).then(DataForgotten(purposes=REST))
    story.owes()


@pytest.mark.requirement("R28")
async def test_afterwards_nobody_can_read_it(tmp_path: Path) -> None:
    where = engine(f"sqlite:///{tmp_path}/vault.db")
    vault = Vault(where, b"k" * 32, "verifier")
    vault.prepare(asked.id)
    token = vault.seal(asked.id, "verification", "token", "secret")
    contact = vault.seal(asked.id, "fulfilment", "contact", "somebody")
    floor = cast("Any", type("Floor", (), {"vault": vault}))
    (owed,) = after(SubmitProof(digest=RIGHT_DIGEST)).owed
    assert isinstance(owed, DestroyKeys)
    for _ in range(2):
        told = await effects.destroy_keys(owed, floor)
        assert told == KeysDestroyed(effect_id=owed.id, purposes=PROOF)
    with pytest.raises(Forgotten):
        vault.open(asked.id, "token", token, by="-", why="-")
    assert vault.open(asked.id, "contact", contact, by="-", why="-") == "somebody"
    where.dispose()
