"""The made-up residents stay the same people, and hold the hard cases of identity."""

from collections import Counter

import phonenumbers
import pytest

from infra.demo.residents import OWNERS, person, person_of, residents
from infra.demo.world import owners

CITIES = ("alder-falls", "brookhaven", "cedar-point")


def test_a_resident_is_the_same_on_every_machine_and_day() -> None:
    one = person("alder-falls", 0)
    assert (one.name, one.email, one.phone) == ("Adela Abernoll", "adela.abernoll@postbox.example", "+12095550100")
    assert one.suites == ("civicengage", "civicrec", "seeclickfix")


def test_there_are_a_few_thousand_and_every_owner_of_the_catalogue_has_some() -> None:
    assert set(OWNERS) == set(owners())
    assert 2_000 < sum(len(residents(owner)) for owner in OWNERS) < 5_000


@pytest.mark.parametrize("owner", OWNERS)
def test_nobody_could_be_real(owner: str) -> None:
    for one in residents(owner):
        assert one.email.endswith(".example")
        number = phonenumbers.parse(one.phone)
        assert phonenumbers.is_valid_number(number)
        assert one.phone[-7:-2] == "55501"


@pytest.mark.parametrize("owner", OWNERS)
def test_the_first_twenty_can_be_mistaken_for_nobody(owner: str) -> None:
    own = [one for one in residents(owner) if one.entity == owner]
    for field in ("name", "email", "phone", "address"):
        held = Counter(getattr(one, field) for one in own)
        assert all(held[getattr(person(owner, n), field)] == 1 for n in range(20)), field
    assert all(person(owner, n).suites == owners()[owner].suites for n in range(20))


@pytest.mark.parametrize("owner", CITIES)
def test_each_city_has_hundreds_in_three_suites_with_an_address_of_their_own(owner: str) -> None:
    people = [person_of(owner, n) for n in range(400)]
    assert all(len(one.suites) >= 3 for one in people)
    assert len({one.email for one in people}) == 400
    everyone = Counter(one.email for one in residents(owner))
    assert all(everyone[one.email] == 1 for one in people)


@pytest.mark.requirement("R34")
def test_the_hard_cases_are_there() -> None:
    couple = person("brookhaven", 41), person("brookhaven", 42)
    assert (couple[0].phone, couple[0].address) == (couple[1].phone, couple[1].address)
    assert couple[0].email != couple[1].email
    strangers = person("brookhaven", 50), person("brookhaven", 59)
    assert strangers[0].name == strangers[1].name
    assert strangers[0].address != strangers[1].address
    one_number = person("brookhaven", 40), person("brookhaven", 43)
    assert one_number[0].phone == one_number[1].phone
    assert one_number[0].address != one_number[1].address
    assert person("brookhaven", 34).email == person("brookhaven", 37).email


@pytest.mark.requirement("R19")
def test_children_are_under_fourteen() -> None:
    assert all(person("alder-falls", n).date_of_birth > "2013-12-31" for n in range(37, 800, 10))


def test_ten_people_live_in_all_three_cities() -> None:
    for n in range(20, 30):
        assert len({person(city, n).email for city in CITIES}) == 1
