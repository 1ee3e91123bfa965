"""What no package ever shows, whatever a product sends: government, account and medical numbers, secrets (R23)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pydantic import JsonValue

KINDS: Final[Mapping[str, str]] = {
    "ssn": "social security number",
    "social_security": "social security number",
    "drivers_licen": "driver's licence number",
    "driver_licen": "driver's licence number",
    "passport": "passport number",
    "uscis": "USCIS number",
    "alien_registration": "USCIS number",
    "government_id": "government identification number",
    "tax_id": "government identification number",
    "bank_account": "bank account number",
    "account_number": "financial account number",
    "routing_number": "financial account number",
    "card_number": "payment card number",
    "cvv": "payment card number",
    "processor_token": "payment reference kept for the payment processor",
    "health_insurance": "health insurance number",
    "medical_id": "medical identification number",
    "medical_record": "medical identification number",
    "password": "password",
    "security_answer": "security answer",
    "security_question": "security answer",
    "face_template": "biometric data",
    "fingerprint": "biometric data",
    "biometric": "biometric data",
    "voiceprint": "biometric data",
}
"""Part of a field's name → what such a field holds, in words."""

_WORDS = re.compile(r"[^a-z0-9]+")


def kind_of(field: str) -> str | None:
    """What a field that is never disclosed holds, told by its name; None for any other field."""
    name = "_" + _WORDS.sub("_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", field).lower()) + "_"
    return next((kind for part, kind in KINDS.items() if f"_{part}" in name), None)


def masked(
    records: Iterable[Mapping[str, JsonValue]], declared: Iterable[str]
) -> tuple[list[dict[str, JsonValue]], tuple[str, ...]]:
    """The records without any such field, at any depth, and the kinds of data that are held and not shown.

    ``declared`` are the fields that the product itself says it holds back.
    """
    told = frozenset(declared)
    hidden = {_slug(kind_of(name) or name) for name in told}
    clean = [{name: _clean(value, hidden, told) for name, value in _open(record, hidden, told)} for record in records]
    return clean, tuple(sorted(hidden))


def _open(record: Mapping[str, JsonValue], hidden: set[str], told: frozenset[str]) -> Iterator[tuple[str, JsonValue]]:
    for name, value in record.items():
        kind = kind_of(name)
        if kind is None and name not in told:
            yield name, value
        elif kind is not None and value is not None:
            hidden.add(_slug(kind))


def _clean(value: JsonValue, hidden: set[str], told: frozenset[str]) -> JsonValue:
    if isinstance(value, dict):
        return {name: _clean(inner, hidden, told) for name, inner in _open(value, hidden, told)}
    if isinstance(value, list):
        return [_clean(inner, hidden, told) for inner in value]
    return value


def _slug(words: str) -> str:
    return _WORDS.sub("_", words.lower().replace("'", "")).strip("_")
