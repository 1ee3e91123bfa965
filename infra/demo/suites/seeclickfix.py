"""SeeClickFix, what residents report from the street: users, issues, comments, the devices that get the news."""

from random import Random

from sqlalchemy import MetaData

from infra.demo.declare import DataSet, Deidentify, Delete, Rows, Suite, records
from infra.demo.madeup import a_day, a_secret, who
from infra.demo.residents import Person

_DATA = MetaData()
_USER = "name email phone password_hash face_template joined_on"
users = records("users", _DATA, _USER, shared=True, sensitive=True)
issues = records("issues", _DATA, "reporter title place reported_on photo status")
comments = records("comments", _DATA, "author day comment")
device_tokens = records("device_tokens", _DATA, "platform token last_seen")

_TITLES = ("Pothole", "Street light out", "Graffiti", "Fallen branch", "Blocked drain", "Missed collection")


def _rows(person: Person, chance: Random) -> Rows:
    user = who(person, "name", "email", "phone") | {
        "password_hash": a_secret("password", person),
        "face_template": a_secret("biometric", person) if person.n % 6 == 0 else None,
        "joined_on": a_day(chance),
    }
    street = person.address.partition(",")[0].lstrip("0123456789 ")
    reported = [
        {
            "reporter": person.name,
            "title": title,
            "place": street,
            "reported_on": a_day(chance),
            "photo": f"photos/issue-{person.n}-{k}.jpg",
            "status": chance.choice(("open", "fixed")),
        }
        for k, title in enumerate(chance.sample(_TITLES, 1 + person.n % 2))
    ]
    comment = {"author": person.name, "day": a_day(chance), "comment": "Still there this morning."}
    device = {
        "platform": chance.choice(("android", "ios")),
        "token": f"device-{person.n:05d}",
        "last_seen": a_day(chance),
    }
    return {
        "users": [user],
        "issues": reported,
        "comments": [comment] if person.n % 3 != 1 else [],
        "device_tokens": [device] if person.n % 2 == 0 else [],
    }


SUITE = Suite(
    "seeclickfix",
    "SeeClickFix",
    _DATA,
    (
        DataSet("users", "identifying", users, Delete(), never=frozenset({"password_hash", "face_template"})),
        DataSet(
            "issues",
            "images",
            issues,
            Deidentify({"reporter": "A resident", "photo": None}),
            aliases={"name": "reporter"},
        ),
        DataSet("comments", "identifying", comments, Deidentify({"author": "A resident"}), aliases={"name": "author"}),
        DataSet("device_tokens", "device", device_tokens, Delete()),
    ),
    _rows,
)
