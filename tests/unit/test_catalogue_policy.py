"""The verification policy in the catalogue's file: what it says is what counts, and what it cannot say is refused."""

from typing import Any, cast

import pytest
import yaml

from infra.demo.world import CATALOGUE
from schemas.catalogue import Catalogue, Owner
from schemas.vocabulary import Assurance, Channel, Right, Sensitivity
from services.runtime.commands import catalogue as command
from services.verifier.policy import need_of
from tests.support.builders import an_owner


def applied(*rules: dict[str, Any]) -> Owner:
    raw = an_owner().model_dump(mode="json") | {"verification": list(rules)}
    (owner,) = command._entries({"owners": [raw]}, cast("Any", None), Catalogue(), cast("Any", None), {})
    assert isinstance(owner, Owner)
    return owner


def test_the_first_rule_that_fits_is_the_one() -> None:
    owner = applied(
        {"right": "access", "channel": "phone", "level": "reasonably_high"}, {"right": "access", "level": "reasonable"}
    )
    by_phone = need_of(Right.ACCESS, owner, Channel.PHONE, Sensitivity.ORDINARY)
    assert by_phone.level is Assurance.REASONABLY_HIGH
    assert need_of(Right.ACCESS, owner, Channel.WEB, Sensitivity.ORDINARY).level is Assurance.REASONABLE


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"right": "access", "level": "none"}, "owners.0.verification.0: an opt-out"),
        ({"level": "none"}, "owners.0.verification.0: an opt-out"),
        ({"right": "opt_out", "level": "reasonable"}, "owners.0.verification.0: an opt-out"),
        ({"rihgt": "access", "level": "reasonable"}, "owners.0.verification.0.rihgt is not a field"),
        ({"right": "access", "level": "high"}, "owners.0.verification.0.level is missing or wrong"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_its_place(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        applied(rule)


def test_the_demos_owners_have_a_policy_that_can_be() -> None:
    for raw in yaml.safe_load(CATALOGUE.read_text())["owners"]:
        (owner,) = command._entries({"owners": [raw]}, cast("Any", None), Catalogue(), cast("Any", None), {})
        assert isinstance(owner, Owner)
