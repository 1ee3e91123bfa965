"""What a handler enters: the strict form of both doors, and how the page's fields become one."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from starlette.datastructures import FormData

from schemas.base import Form, Slug
from schemas.request import Order
from schemas.vocabulary import Exemption
from services.runtime.web.forms import Filled
from services.runtime.web.session import CSRF_FIELD
from services.runtime.web.wording import FieldError, field_errors, wrong

KEY: Final = "key"
PER_ORDER: Final = {"decision": "approved", "exemption": "exemption", "note": "note"}
"""The page's field, numbered by the order's place → the form's field."""

OrderId = Annotated[str, Field(min_length=1, max_length=128)]


class DecisionForm(Form):
    """The owner's word on one order."""

    order_id: OrderId
    approved: bool
    exemption: Exemption | None = None
    note: Annotated[str, Field(max_length=2000)] = ""

    @field_validator("exemption")
    @classmethod
    def _only_of_a_refusal(cls, exemption: Exemption | None, so_far: ValidationInfo) -> Exemption | None:
        if exemption is not None and so_far.data.get("approved"):
            raise wrong("belongs to a refusal, but this is approved")
        return exemption


class InstructionForm(Form):
    """An instruction as entered. What it lacks is for the domain to say, in a list (R04)."""

    must_comply: bool | None = None
    law_limits: bool | None = None
    identity_confirmed: bool | None = None
    suites: Annotated[tuple[Slug, ...], Field(max_length=64)] = ()
    affiliates: Annotated[tuple[Slug, ...], Field(max_length=64)] = ()
    decisions: Annotated[tuple[DecisionForm, ...], Field(max_length=16)] = ()

    @field_validator("decisions")
    @classmethod
    def _one_word_for_each(cls, decisions: tuple[DecisionForm, ...]) -> tuple[DecisionForm, ...]:
        if len({decision.order_id for decision in decisions}) != len(decisions):
            raise wrong("must not speak twice of the same order")
        return decisions


def entered(form: FormData, orders: Sequence[Order]) -> tuple[InstructionForm | None, Filled]:
    """The page's entries as a form, and as they were entered. None where they do not make one; the errors say why."""
    entries: dict[str, list[str]] = {}
    for name, entry in form.multi_items():
        if isinstance(entry, str) and name not in (CSRF_FIELD, KEY):
            entries.setdefault(name, []).append(entry)
    places = _decided(entries, len(orders))
    try:
        return InstructionForm.model_validate(_shaped(entries, places, orders)), Filled(entries)
    except ValidationError as error:
        errors = field_errors(dict(e) for e in error.errors(include_url=False, include_input=False))
        return None, Filled(entries, [_on_page(one, places) for one in errors])


def _decided(entries: Mapping[str, Sequence[str]], count: int) -> list[int]:
    """The places of the orders that were approved or refused. A reason or a note alone decides nothing."""
    return [place for place in range(count) if _last(entries, f"decision-{place}")]


def _shaped(entries: Mapping[str, Sequence[str]], places: list[int], orders: Sequence[Order]) -> dict[str, Any]:
    numbered = {f"{field}-{place}" for field in PER_ORDER for place in range(len(orders))}
    shaped: dict[str, Any] = {}
    for name, values in entries.items():
        written = [value for value in values if value.strip()]
        if written and name not in numbered:
            shaped[name] = written if name in ("suites", "affiliates") else written[-1]
    shaped["decisions"] = [
        {"order_id": orders[place].id}
        | {meant: value for field, meant in PER_ORDER.items() if (value := _last(entries, f"{field}-{place}"))}
        for place in places
    ]
    return shaped


def _last(entries: Mapping[str, Sequence[str]], name: str) -> str:
    return entries.get(name, ("",))[-1].strip()


def _on_page(error: FieldError, places: list[int]) -> FieldError:
    """The error under the name its field has on the page."""
    parts = error["field"].split(".")
    if parts[0] != "decisions" or len(parts) < 3:
        return error
    field = next((page for page, meant in PER_ORDER.items() if meant == parts[2]), "decision")
    return {"field": f"{field}-{places[int(parts[1])]}", "message": error["message"]}
