"""CivicHR, the personnel office: job applicants, employees, and protected characteristics given for statistics."""

from random import Random

from sqlalchemy import MetaData

from infra.demo.declare import Aggregate, DataSet, Delete, Retain, Rows, Suite, records, totals
from infra.demo.madeup import a_day, a_secret, who
from infra.demo.residents import Person

_DATA = MetaData()
_APPLICANT = "name email phone address date_of_birth position passport_number applied_on"
applicants = records("applicants", _DATA, _APPLICANT, sensitive=True)
_EMPLOYEE = "name email phone address position ssn bank_account uscis_number hired_on"
employees = records("employees", _DATA, _EMPLOYEE, sensitive=True)
job_alerts = records("job_alerts", _DATA, "email field", shared=True)
_TOLD = "ethnicity disability veteran"
protected_characteristics = records("protected_characteristics", _DATA, _TOLD, sensitive=True)
equal_opportunity_totals = totals("equal_opportunity_totals", _DATA, _TOLD)

_POSITIONS = ("Lifeguard", "Planner", "Bus driver", "Librarian", "Water technician", "Clerk")
_RECORDS_LAW = "California Government Code § 12946"


def _rows(person: Person, chance: Random) -> Rows:
    position = chance.choice(_POSITIONS)
    applicant = who(person, "name", "email", "phone", "address", "date_of_birth") | {
        "position": position,
        "passport_number": a_secret("passport", person) if person.n % 5 == 0 else None,
        "applied_on": a_day(chance),
    }
    employee = who(person, "name", "email", "phone", "address") | {
        "position": position,
        "ssn": a_secret("ssn", person),
        "bank_account": a_secret("bank-account", person),
        "uscis_number": a_secret("uscis", person) if person.n % 7 == 0 else None,
        "hired_on": a_day(chance),
    }
    told = {
        "ethnicity": chance.choice(("group A", "group B", "group C")),
        "disability": chance.choice(("yes", "no")),
        "veteran": chance.choice(("yes", "no")),
    }
    return {
        "applicants": [applicant],
        "employees": [employee] if person.n % 4 == 0 else [],
        "job_alerts": [who(person, "email") | {"field": position}] if person.n % 2 == 0 else [],
        "protected_characteristics": [told] if person.n % 3 != 2 else [],
    }


SUITE = Suite(
    "civichr",
    "CivicHR",
    _DATA,
    (
        DataSet("applicants", "applicant", applicants, Retain(_RECORDS_LAW), never=frozenset({"passport_number"})),
        DataSet(
            "employees",
            "employee",
            employees,
            Retain(_RECORDS_LAW),
            never=frozenset({"ssn", "bank_account", "uscis_number"}),
        ),
        DataSet("job_alerts", "contact", job_alerts, Delete()),
        DataSet(
            "protected_characteristics",
            "protected",
            protected_characteristics,
            Aggregate(("ethnicity", "disability", "veteran"), equal_opportunity_totals),
        ),
    ),
    _rows,
)
