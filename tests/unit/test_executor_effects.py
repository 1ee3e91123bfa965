"""Who is surely the person, what a leaf may say, and what no package ever shows."""

import pytest
from pydantic import ValidationError

from schemas.request import Leaf
from schemas.vocabulary import Outcome
from services.executor import leaves, never
from services.executor.answers import AccessLine, Candidate, CorrectLine, EraseLine, Erasure, OptOutLine
from services.executor.matching import told_apart
from services.executor.products import Misbehaved


def candidate(
    ref: str, matched: tuple[str, ...], shared: tuple[str, ...] = (), data_sets: dict[str, int] | None = None
) -> Candidate:
    return Candidate(ref=ref, matched=matched, shared=shared, data_sets=data_sets or {"members": 1})


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(
    ("matched", "shared", "sure"),
    [
        (("email",), (), True),
        (("email", "name", "phone"), ("name", "phone"), True),
        (("email", "name"), ("email",), False),
        (("phone",), (), False),
        (("name", "phone"), (), False),
        ((), (), False),
    ],
)
def test_only_an_e_mail_address_that_nobody_else_holds_is_sure(
    matched: tuple[str, ...], shared: tuple[str, ...], sure: bool
) -> None:
    one = candidate("x", matched, shared)
    assert told_apart([one]) == (((one,), ()) if sure else ((), (one,)))


def test_where_somebody_is_sure_those_who_share_a_phone_are_other_people() -> None:
    rosa, brother = candidate("rosa", ("email", "phone"), ("phone",)), candidate("leo", ("phone",), ("phone",))
    child = candidate("ana", ("email",), ("email",))
    assert told_apart([brother, rosa, child]) == ((rosa,), (child,))


@pytest.mark.requirement("R47")
@pytest.mark.parametrize("outcome", [Outcome.ERASED, Outcome.DEIDENTIFIED, Outcome.AGGREGATED])
def test_an_erasure_is_counted_as_done(outcome: Outcome) -> None:
    line = EraseLine.model_validate({"name": "members", "outcome": outcome.value, "count": 2})
    assert leaves.of_erasure(line) == Leaf(data_set="members", outcome=outcome, found=2, done=2)


@pytest.mark.requirement("R21")
def test_what_is_retained_is_not_done_and_names_its_law() -> None:
    line = EraseLine(name="payments", outcome="retained", count=3, law="§ 34090")
    kept = Leaf(data_set="payments", outcome=Outcome.RETAINED, found=3, retained=3, law="§ 34090")
    assert leaves.of_erasure(line) == kept
    with pytest.raises(ValidationError):
        EraseLine(name="payments", outcome="retained", count=3)


def test_a_correction_that_leaves_out_a_field_is_partial() -> None:
    whole = CorrectLine(name="members", outcome="corrected", count=1)
    some = CorrectLine(name="members", outcome="corrected", count=1, unsupported_fields=("name",))
    none = CorrectLine(name="members", outcome="unsupported", count=1, unsupported_fields=("name",))
    outcomes = [leaves.of_correction(line).outcome for line in (whole, some, none)]
    assert outcomes == [Outcome.CORRECTED, Outcome.PARTIAL, Outcome.UNSUPPORTED]


def test_nothing_to_opt_out_of_is_not_found() -> None:
    line = OptOutLine(name="members", outcome="not_found", count=0)
    assert leaves.of_opt_out(line) == Leaf(data_set="members", outcome=Outcome.NOT_FOUND)


def test_records_are_as_many_as_they_are_said_to_be() -> None:
    with pytest.raises(ValidationError):
        AccessLine(name="members", outcome="delivered", count=2, records=({"name": "Rosa"},))


def test_a_data_set_is_told_of_once() -> None:
    line = {"name": "members", "outcome": "erased", "count": 1}
    with pytest.raises(ValidationError):
        Erasure.model_validate({"data_sets": [line, line]})


@pytest.mark.parametrize("name", ["rosa@postbox.example", "Rosa Okafor", "<b>", "a" * 65, ""])
def test_a_data_set_that_is_not_named_like_one_is_no_answer(name: str) -> None:
    with pytest.raises(ValidationError):
        OptOutLine.model_validate({"name": name, "outcome": "opted_out", "count": 1})


def test_a_product_may_not_be_silent_on_what_it_found() -> None:
    chosen = (candidate("x", ("email",), data_sets={"members": 1, "payments": 2, "notes": 0}),)
    members = EraseLine(name="members", outcome="erased", count=1)
    payments = EraseLine(name="payments", outcome="erased", count=2)
    leaves.check_accounted_for(chosen, (members, payments))
    with pytest.raises(Misbehaved, match="data-set-missing"):
        leaves.check_accounted_for(chosen, (members,))


@pytest.mark.parametrize(
    ("after", "held"),
    [
        ((), (0, True)),
        ((candidate("x", ("email",), data_sets={"payments": 3}),), (3, True)),
        ((candidate("x", ("email",), data_sets={"payments": 4}),), (4, False)),
        ((candidate("x", ("email",), data_sets={"members": 1}),), (1, False)),
        ((candidate("y", ("email",), data_sets={"members": 1}),), (1, False)),
        ((candidate("y", ("phone",), data_sets={"members": 1}),), (0, True)),
        ((candidate("y", ("email",), ("email",), {"members": 1}),), (0, True)),
    ],
)
def test_only_what_the_law_keeps_may_still_be_found(after: tuple[Candidate, ...], held: tuple[int, bool]) -> None:
    kept = Leaf(data_set="payments", outcome=Outcome.RETAINED, found=3, retained=3, law="§ 1")
    assert leaves.still_held(["x"], after, (kept,)) == held


@pytest.mark.requirement("R23")
@pytest.mark.parametrize(
    "field",
    [
        "ssn", "SSN", "employeeSsn", "social_security_number", "drivers_licence", "driver-license-no",
        "passport_number", "uscis_number", "government_id", "bank_account", "card_number",
        "health_insurance_id", "medical_id", "password", "password_hash", "security_answer",
        "face_template", "fingerprint", "processor_token",
    ],
)  # fmt: skip
def test_what_is_never_disclosed_is_masked_even_if_a_product_sends_it(field: str) -> None:
    [clean], withheld = never.masked([{"name": "Rosa", field: "s3cret", "more": [{field: "s3cret"}]}], ())
    assert clean == {"name": "Rosa", "more": [{}]}
    assert len(withheld) == 1
    assert "s3cret" not in str(withheld)


@pytest.mark.requirement("R23")
def test_what_a_product_declares_is_masked_as_well_and_named_by_its_kind() -> None:
    [clean], withheld = never.masked([{"badge": "17", "day": "today"}], ("badge", "ssn"))
    assert clean == {"day": "today"}
    assert withheld == ("badge", "social_security_number")


@pytest.mark.parametrize("field", ["lesson", "session", "class_name", "passenger", "postcard", "medical_visit_day"])
def test_an_ordinary_field_is_disclosed(field: str) -> None:
    assert never.masked([{field: "x"}], ()) == ([{field: "x"}], ())


def test_a_secret_that_is_not_held_is_not_said_to_be_held() -> None:
    assert never.masked([{"ssn": None}], ()) == ([{}], ())
