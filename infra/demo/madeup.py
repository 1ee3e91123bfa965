"""Small made-up facts that the suites' records are filled with; no clock, the demo's year is 2026."""

import hashlib
from datetime import date, timedelta
from random import Random
from typing import Any

from infra.demo.residents import Person

_FIRST_DAY = date(2025, 11, 3)


def a_day(chance: Random) -> str:
    """A day in the year before the demo's present."""
    return (_FIRST_DAY + timedelta(days=chance.randrange(350))).isoformat()


def a_month(chance: Random) -> str:
    return a_day(chance)[:7]


def who(person: Person, *fields: str) -> dict[str, Any]:
    """These fields of a person, as a product stores them."""
    return {field: getattr(person, field) for field in fields}


def a_secret(kind: str, person: Person) -> str:
    """A value that no package may ever show; it is recognisable, so that a test can look for it everywhere."""
    digest = hashlib.blake2s(f"{kind}/{person.owner}/{person.n}".encode(), digest_size=8).hexdigest()
    return f"never-disclose-{kind}-{digest}"
