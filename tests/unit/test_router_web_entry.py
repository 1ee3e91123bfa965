"""What a handler enters becomes one strict form, and errors come back under the names the page has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from schemas.request import Order
from schemas.vocabulary import Exemption, Right
from services.router.portal.entry import InstructionForm, entered

ORDERS = (Order(id="first", right=Right.ACCESS), Order(id="second", right=Right.DELETE, after="first"))


def form(*entries: tuple[str, str]) -> FormData:
    return FormData([("csrf", "t"), ("key", "k"), *entries])


def test_an_empty_page_is_a_form_that_says_nothing() -> None:
    assert entered(form(), ORDERS)[0] == InstructionForm()


def test_each_order_has_its_own_word() -> None:
    made, _ = entered(
        form(("decision-0", "true"), ("decision-1", "false"), ("exemption-1", "research"), ("note-1", " kept ")), ORDERS
    )
    assert made is not None
    assert [(one.order_id, one.approved, one.exemption, one.note) for one in made.decisions] == [
        ("first", True, None, ""),
        ("second", False, Exemption.RESEARCH, "kept"),
    ]


def test_a_reason_alone_decides_nothing() -> None:
    made, filled = entered(form(("exemption-0", "research"), ("note-0", "n")), ORDERS)
    assert made is not None
    assert made.decisions == ()
    assert filled.value("note-0") == "n"


def test_an_error_bears_the_name_of_its_field_on_the_page() -> None:
    """The second order is the only one decided, and so the first in the form; its error is still the second's."""
    made, filled = entered(form(("decision-1", "true"), ("exemption-1", "research")), ORDERS)
    assert made is None
    assert filled.error("exemption-1") == "belongs to a refusal, but this is approved"
    assert filled.error("exemption-0") == ""


@pytest.mark.parametrize("name", ["by", "decision-2", "decision-x", "unheard-of"])
def test_an_unknown_field_is_an_error(name: str) -> None:
    assert entered(form((name, "x")), ORDERS)[0] is None


NAMES = st.sampled_from(["suites", "affiliates", "must_comply", "decision-0", "decision-1", "note-0", "decisions", "x"])


@given(st.lists(st.tuples(NAMES | st.text(), st.text()), max_size=8))
def test_no_entry_whatever_breaks_it(entries: list[tuple[str, str]]) -> None:
    made, filled = entered(form(*entries), ORDERS)
    assert (made is None) == bool(filled.errors)
