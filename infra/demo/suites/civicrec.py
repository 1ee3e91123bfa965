"""CivicRec, parks and recreation: households, members, activity registrations, payments made through a processor."""

from random import Random

from sqlalchemy import MetaData

from infra.demo.declare import DataSet, Deidentify, Delete, Retain, Rows, Suite, records
from infra.demo.madeup import a_day, a_secret, who
from infra.demo.residents import Person

_DATA = MetaData()
_MEMBER = "name email phone address date_of_birth photo health_insurance_id emergency_contact"
members = records("members", _DATA, _MEMBER, shared=True, sensitive=True)
households = records("households", _DATA, "household_number name phone address postal_code")
registrations = records("registrations", _DATA, "activity season age_group registered_on notes")
_PAYMENT = "receipt processor processor_token paid_on"
payments = records("payments", _DATA, _PAYMENT, numbers="amount_cents", sensitive=True)

_ACTIVITIES = ("Swimming lessons", "Youth soccer", "Pottery", "Summer camp", "Tai chi", "Softball league", "Ballet")


def _rows(person: Person, chance: Random) -> Rows:
    member = who(person, "name", "email", "phone", "address", "date_of_birth") | {
        "photo": f"photos/member-{person.n}.jpg",
        "health_insurance_id": a_secret("health-insurance", person) if person.n % 2 == 0 else None,
        "emergency_contact": "a neighbour",
    }
    number = f"H-{person.household:05d}"
    heads_household = person.n % 10 not in (2, 5, 6, 7)
    household = who(person, "name", "phone", "address") | {
        "household_number": number,
        "postal_code": person.address[-5:],
    }
    registrations_made = [
        {
            "activity": activity,
            "season": chance.choice(("Winter 2026", "Spring 2026", "Summer 2026")),
            "age_group": "adult" if person.date_of_birth < "2008" else "youth",
            "registered_on": a_day(chance),
            "notes": f"{person.name} asked for a place near the door",
        }
        for activity in chance.sample(_ACTIVITIES, 1 + person.n % 3)
    ]
    return {
        "members": [member],
        "households": [household] if heads_household else [],
        "registrations": registrations_made,
        "payments": [_payment(person, k, made["registered_on"]) for k, made in enumerate(registrations_made)],
    }


def _payment(person: Person, k: int, day: str) -> dict[str, object]:
    return {
        "receipt": f"R-{person.n:05d}-{k}",
        "processor": "Tollgate Payments",
        "processor_token": a_secret("payment-token", person),
        "paid_on": day,
        "amount_cents": 2500 + 500 * k,
    }


SUITE = Suite(
    "civicrec",
    "CivicRec",
    _DATA,
    (
        DataSet("members", "identifying", members, Delete(), never=frozenset({"health_insurance_id"})),
        DataSet("households", "contact", households, Deidentify({"name": "(removed)", "phone": None, "address": None})),
        DataSet("registrations", "identifying", registrations, Deidentify({"notes": None})),
        DataSet(
            "payments",
            "financial",
            payments,
            Retain("California Government Code § 34090", "California Government Code § 26202"),
            never=frozenset({"processor_token"}),
            vendor="Tollgate Payments",
        ),
    ),
    _rows,
)
