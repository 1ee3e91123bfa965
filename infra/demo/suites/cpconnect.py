"""CP Connect, a city's newsletters: contacts, the lists they are on, the messages they were sent."""

from random import Random

from sqlalchemy import MetaData

from infra.demo.declare import Aggregate, DataSet, Delete, Rows, Suite, records, totals
from infra.demo.madeup import a_day, who
from infra.demo.residents import Person

_DATA = MetaData()
contacts = records("contacts", _DATA, "name email phone company", shared=True)
list_memberships = records("list_memberships", _DATA, "list joined_on")
messages = records("messages", _DATA, "subject day opened")
message_totals = totals("message_totals", _DATA, "subject opened")

_LISTS = ("Weekly news", "Business owners", "Neighbourhood watch", "Events")
_SUBJECTS = ("This week in town", "Storm season is near", "Budget workshop", "Art walk on Friday")


def _rows(person: Person, chance: Random) -> Rows:
    return {
        "contacts": [who(person, "name", "email", "phone") | {"company": None}],
        "list_memberships": [
            {"list": name, "joined_on": a_day(chance)} for name in chance.sample(_LISTS, 1 + person.n % 2)
        ],
        "messages": [
            {"subject": chance.choice(_SUBJECTS), "day": a_day(chance), "opened": chance.choice(("yes", "no"))}
            for _ in range(person.n % 4)
        ],
    }


SUITE = Suite(
    "cp-connect",
    "CP Connect",
    _DATA,
    (
        DataSet("contacts", "contact", contacts, Delete()),
        DataSet("list_memberships", "contact", list_memberships, Delete()),
        DataSet("messages", "contact", messages, Aggregate(("subject", "opened"), message_totals)),
    ),
    _rows,
)
