"""The demo's residents: the same made-up people on every machine and every day, hard cases of identity included.

Numbers 0-19 of an owner are well known: nothing of theirs belongs to anybody else there, and all its suites know them.
Numbers 20-29 of the cities are the same ten people, who moved. From 30 on people live in tens, see `_TEN`.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from random import Random

from infra.demo.names import AREA_CODES, FAMILY, GIVEN, MAIL_DOMAINS, STREETS
from infra.demo.world import owners

OWNERS = ("alder-falls", "brookhaven", "cedar-point", "dunmore-county", "habeas-custodian")
TOWNS = ("Alder Falls", "Brookhaven", "Cedar Point", "Dunmore", "Fairhaven")
COUNTS = (800, 800, 800, 500, 150)
AFFILIATE_COUNTS = {"dunmore-parks": 80, "dunmore-library": 50}
WELL_KNOWN, WANDERERS, TENS = 20, 20, 30

# Who lives with whom in each ten: alone, a couple, alone, a family of four whose last is a child, two flatmates.
_TEN = (0, 1, 1, 3, 4, 4, 4, 4, 8, 8)
# Whose phone each answers: couple, parents and child share one, the grown-up daughter and the flatmates do not.
_PHONE = (0, 1, 1, 3, 4, 4, 6, 4, 8, 9)


@dataclass(frozen=True, slots=True)
class Person:
    """A resident. `entity` is the owner, or the affiliate of it that knows this person."""

    owner: str
    entity: str
    n: int
    name: str
    email: str
    phone: str
    address: str
    date_of_birth: str
    household: int
    suites: tuple[str, ...]


def residents(owner: str) -> tuple[Person, ...]:
    """Everyone an owner's products know, its affiliates' people included, by number."""
    return _residents(owner)


def person(owner: str, n: int) -> Person:
    """Resident number `n`; below 20 one whom nobody can be mistaken for."""
    return residents(owner)[n]


def person_of(owner: str, n: int, suites: int = 3) -> Person:
    """The `n`-th of the grown-ups who are in at least so many suites and have an e-mail address to themselves."""
    return _in_suites(owner, suites)[n]


@cache
def _in_suites(owner: str, suites: int) -> tuple[Person, ...]:
    people = [p for p in residents(owner) if p.entity == owner]
    emails = [p.email for p in people]
    return tuple(
        p for p in people if len(p.suites) >= suites and emails.count(p.email) == 1 and not WANDERERS <= p.n < TENS
    )


@cache
def _residents(owner: str) -> tuple[Person, ...]:
    count = COUNTS[OWNERS.index(owner)]
    own = [_resident(owner, n) for n in range(count)]
    return (*own, *_of_affiliates(owner, own))


def _of_affiliates(owner: str, own: list[Person]) -> Iterator[Person]:
    """People of the affiliates; to the first affiliate the owner's well-known residents are known as well."""
    n = len(own)
    for position, affiliate in enumerate(owners()[owner].affiliates):
        for k in range(AFFILIATE_COUNTS[affiliate]):
            known = own[k] if position == 0 and k < WELL_KNOWN else _resident(owner, n)
            yield replace(known, entity=affiliate, n=n)
            n += 1


def _resident(owner: str, n: int) -> Person:
    index = OWNERS.index(owner)
    ten, place = n - n % 10, n % 10
    alone = n < TENS
    household = n if alone else ten + _TEN[place]
    phone = n if alone else ten + _PHONE[place]
    if place == 3 and not alone and ten % 40 == 0:
        phone = ten  # a number that passed between two people who do not live together
    wanders = WANDERERS <= n < TENS and index < 3
    root = 4800 if wanders else index * 1000
    name = _name(root, n) if alone else _name_in_ten(root, ten, place)
    email = _email(name, root, n, plain=alone)
    if _is_child(n) and ten % 30 == 0:
        email = _email(_name_in_ten(root, ten, 4), root, ten + 4, plain=False)
    return Person(
        owner=owner,
        entity=owner,
        n=n,
        name=name,
        email=email,
        phone=_phone(root + phone),
        address=f"{100 + household} {STREETS[household % len(STREETS)]}, {TOWNS[index]}, CA 000{10 + index}",
        date_of_birth=_born(root, n),
        household=household,
        suites=_suites(owner, n),
    )


def _is_child(n: int) -> bool:
    return n >= TENS and n % 10 == 7


def _name(root: int, n: int) -> str:
    return f"{GIVEN[(root + n) % len(GIVEN)]} {_family(root, n)}"


def _family(root: int, n: int) -> str:
    return FAMILY[(root + n) * 31 % len(FAMILY)]


def _name_in_ten(root: int, ten: int, place: int) -> str:
    if place == 5 and ten % 50 == 0:
        return _name(root, ten + 4)  # father and son: one name, one house, one phone
    if place == 9 and ten % 40 == 10:
        return _name(root, ten)  # two strangers of one name
    given = GIVEN[(root + ten + place) % len(GIVEN)]
    return f"{given} {_family(root, ten + (_TEN[place] if place < 8 else place))}"


def _email(name: str, root: int, n: int, *, plain: bool) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return f"{letters.replace(' ', '.')}{'' if plain else n}@{MAIL_DOMAINS[(root + n) % len(MAIL_DOMAINS)]}"


def _phone(slot: int) -> str:
    return f"+1{AREA_CODES[slot // 100 % len(AREA_CODES)]}55501{slot % 100:02d}"


def _born(root: int, n: int) -> str:
    first, days = (date(2014, 1, 1), 2500) if _is_child(n) else (date(1946, 1, 1), 21000)
    return (first + timedelta(days=(root + n) * 7919 % days)).isoformat()


def _suites(owner: str, n: int) -> tuple[str, ...]:
    used = owners()[owner].suites
    if n < TENS:
        return used
    if _is_child(n):
        return ("civicrec",) if "civicrec" in used else used[:1]
    chance = Random(f"suites/{owner}/{n}")  # noqa: S311 (made-up people, not secrets)
    several = min(len(used), chance.choice((3, 3, 4, 5)))
    chosen = chance.sample(used, several if n % 10 != 8 else chance.choice((1, 2)))
    return tuple(suite for suite in used if suite in chosen)
