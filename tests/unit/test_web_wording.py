"""Our words for a wrong field, and that they never repeat what was entered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError, field_validator

from services.runtime.web.wording import field_errors, wrong
from tests.support.web_sample import Ask

PLANT = "PLANTED 7f3 <value>"


def complaints(model: type[BaseModel], data: object) -> dict[str, str]:
    try:
        model.model_validate(data)
    except ValidationError as error:
        return {e["field"]: e["message"] for e in field_errors(dict(e) for e in error.errors())}
    return {}


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"right": None}, "right", "is not one of the allowed values"),
        ({"email": "nobody"}, "email", "must look like name@example.com"),
        ({"note": "x" * 21}, "note", "must be at most 20 characters"),
        ({"tags": ["a", "b", "c", "d"]}, "tags", "must have at most 3 items"),
        ({"part": {"name": ""}}, "part.name", "is required"),
        ({"part": {"name": "x", "count": 10}}, "part.count", "must be 9 or less"),
        ({"part": {"name": "x", "count": "ten"}}, "part.count", "must be a whole number"),
        ({"part": 3}, "part", "must be an object"),
        ({"righht": "know"}, "righht", "is not a field of this form"),
        ({"note": 3}, "note", "must be text"),
        ({"by_name": {"jane@example.com": "x"}}, "by_name.?", "must be a whole number"),
    ],
)
def test_each_mistake_has_its_own_words(change: dict[str, object], field: str, message: str) -> None:
    assert complaints(Ask, {"right": "know", "email": "a@example.com"} | change) == {field: message}


def test_a_missing_field_is_required() -> None:
    assert complaints(Ask, {"right": "know"}) == {"email": "is required"}


def test_a_validator_is_heard_in_our_words_only() -> None:
    class Own(BaseModel):
        said: str
        let_slip: str

        @field_validator("said")
        @classmethod
        def _say(cls, _text: str) -> str:
            raise wrong("must be in the past")

        @field_validator("let_slip")
        @classmethod
        def _slip(cls, text: str) -> str:
            raise ValueError(f"cannot use {text}")

    assert complaints(Own, {"said": PLANT, "let_slip": PLANT}) == {
        "said": "must be in the past",
        "let_slip": "is not valid",
    }


planted = st.just(PLANT)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | planted,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(planted | st.sampled_from(sorted(Ask.model_fields)), inner)
    ),
    max_leaves=8,
)


@pytest.mark.requirement("R27")
@given(json)
def test_nothing_entered_is_ever_repeated(data: object) -> None:
    said = complaints(Ask, data)
    assert said
    assert PLANT not in str(said)
    assert "7f3" not in str(said)
