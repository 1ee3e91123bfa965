"""CivicClerk, boards and meetings: applicants to boards, and comments that are part of the public record."""

from random import Random

from sqlalchemy import MetaData

from infra.demo.declare import DataSet, Delete, Retain, Rows, Suite, records
from infra.demo.madeup import a_day, a_secret, who
from infra.demo.residents import Person

_DATA = MetaData()
_APPLICANT = "name email phone address board statement drivers_licence applied_on"
board_applicants = records("board_applicants", _DATA, _APPLICANT, sensitive=True)
agenda_subscribers = records("agenda_subscribers", _DATA, "name email body", shared=True)
meeting_comments = records("meeting_comments", _DATA, "speaker meeting_day item comment")

_BOARDS = ("Planning Commission", "Arts Board", "Library Board", "Parks Commission")
_ITEMS = ("Speed humps on Foundry Street", "Budget hearing", "Tree ordinance", "Library hours")


def _rows(person: Person, chance: Random) -> Rows:
    board = chance.choice(_BOARDS)
    applicant = who(person, "name", "email", "phone", "address") | {
        "board": board,
        "statement": "I have lived here for years and would like to help.",
        "drivers_licence": a_secret("drivers-licence", person),
        "applied_on": a_day(chance),
    }
    comment = {
        "speaker": person.name,
        "meeting_day": a_day(chance),
        "item": chance.choice(_ITEMS),
        "comment": "Spoke in favour." if person.n % 2 else "Asked for a delay.",
    }
    return {
        "board_applicants": [applicant] if person.n % 3 != 1 else [],
        "agenda_subscribers": [who(person, "name", "email") | {"body": board}],
        "meeting_comments": [comment] if person.n % 3 != 2 else [],
    }


SUITE = Suite(
    "civicclerk",
    "CivicClerk",
    _DATA,
    (
        DataSet("board_applicants", "identifying", board_applicants, Delete(), never=frozenset({"drivers_licence"})),
        DataSet("agenda_subscribers", "contact", agenda_subscribers, Delete()),
        DataSet(
            "meeting_comments",
            "identifying",
            meeting_comments,
            Retain("California Government Code § 34090(e)", "California Government Code § 26202"),
            fixed=frozenset({"name"}),
            aliases={"name": "speaker"},
        ),
    ),
    _rows,
)
