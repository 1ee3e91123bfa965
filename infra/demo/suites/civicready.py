"""CivicReady, emergency alerts, sent by a third party: contact points, and the log of what was delivered."""

from random import Random

from sqlalchemy import MetaData

from infra.demo.declare import Aggregate, DataSet, Delete, Rows, Suite, records, totals
from infra.demo.madeup import a_day, who
from infra.demo.residents import Person

_DATA = MetaData()
contact_points = records("contact_points", _DATA, "name email phone address language", shared=True)
delivery_log = records("delivery_log", _DATA, "alert day channel sent_to")
delivery_totals = totals("delivery_totals", _DATA, "alert channel")

_ALERTS = ("Flood watch", "Boil water notice", "Red flag warning", "Road washed out", "Siren test")


def _rows(person: Person, chance: Random) -> Rows:
    point = who(person, "name", "email", "phone", "address") | {"language": "es" if person.n % 4 == 0 else "en"}
    return {
        "contact_points": [point],
        "delivery_log": [
            {"alert": alert, "day": a_day(chance), "channel": "text", "sent_to": person.phone}
            for alert in chance.sample(_ALERTS, person.n % 4)
        ],
    }


SUITE = Suite(
    "civicready",
    "CivicReady",
    _DATA,
    (
        DataSet("contact_points", "contact", contact_points, Delete(), vendor="Clarion Alerts"),
        DataSet(
            "delivery_log",
            "device",
            delivery_log,
            Aggregate(("alert", "channel"), delivery_totals),
            vendor="Clarion Alerts",
        ),
    ),
    _rows,
)
