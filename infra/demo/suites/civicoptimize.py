"""CivicOptimize, online forms and processes: submissions, and the files sent with them (Productivity, third party)."""

from random import Random

from sqlalchemy import MetaData

from infra.demo.declare import DataSet, Deidentify, Delete, Rows, Suite, records
from infra.demo.madeup import a_day, a_secret, who
from infra.demo.residents import Person

_DATA = MetaData()
form_submitters = records("form_submitters", _DATA, "name email phone address", shared=True)
form_submissions = records("form_submissions", _DATA, "form day answers government_id", sensitive=True)
files = records("files", _DATA, "filename media_type day", numbers="bytes")

_FORMS = ("Pothole claim", "Street fair permit", "Business licence", "Records request", "Tree removal permit")


def _rows(person: Person, chance: Random) -> Rows:
    submissions = [
        {
            "form": form,
            "day": a_day(chance),
            "answers": f"Submitted by {person.name}, {person.address}",
            "government_id": a_secret("government-id", person) if k == 0 else None,
        }
        for k, form in enumerate(chance.sample(_FORMS, 1 + person.n % 2))
    ]
    uploaded = {
        "filename": f"{person.name.split()[-1].lower()}-plan.pdf",
        "media_type": "application/pdf",
        "day": a_day(chance),
        "bytes": 20_000 + person.n,
    }
    return {
        "form_submitters": [who(person, "name", "email", "phone", "address")],
        "form_submissions": submissions,
        "files": [uploaded] if person.n % 2 == 0 else [],
    }


SUITE = Suite(
    "civicoptimize",
    "CivicOptimize",
    _DATA,
    (
        DataSet("form_submitters", "identifying", form_submitters, Delete()),
        DataSet(
            "form_submissions",
            "identifying",
            form_submissions,
            Deidentify({"answers": None, "government_id": None}),
            never=frozenset({"government_id"}),
        ),
        DataSet("files", "identifying", files, Delete(), vendor="Papyrus Flow"),
    ),
    _rows,
)
