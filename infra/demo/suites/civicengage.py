"""CivicEngage, a city's website: accounts, notification subscriptions, page visits."""

from random import Random

from sqlalchemy import MetaData

from infra.demo.declare import Aggregate, DataSet, Delete, Rows, Suite, records, totals
from infra.demo.madeup import a_day, a_secret, who
from infra.demo.residents import Person

_DATA = MetaData()
_ACCOUNT = "name email phone address username password_hash security_answer created_on"
accounts = records("accounts", _DATA, _ACCOUNT, shared=True)
subscriptions = records("subscriptions", _DATA, "topic channel since")
page_visits = records("page_visits", _DATA, "path day ip_address browser")
visit_totals = totals("visit_totals", _DATA, "path")

_TOPICS = ("Road closures", "City council agendas", "Farmers' market", "Burn days", "Job openings", "Library news")
_PATHS = ("/", "/news", "/parks", "/permits", "/council", "/trash-day", "/utility-bill", "/events")


def _rows(person: Person, chance: Random) -> Rows:
    account = who(person, "name", "email", "phone", "address") | {
        "username": person.email.partition("@")[0],
        "password_hash": a_secret("password", person),
        "security_answer": a_secret("security-answer", person),
        "created_on": a_day(chance),
    }
    return {
        "accounts": [account],
        "subscriptions": [
            {"topic": topic, "channel": "email", "since": a_day(chance)}
            for topic in chance.sample(_TOPICS, 1 + person.n % 3)
        ],
        "page_visits": [
            {
                "path": chance.choice(_PATHS),
                "day": a_day(chance),
                "ip_address": f"192.0.2.{person.n % 254 + 1}",
                "browser": chance.choice(("Firefox", "Safari", "Chrome")),
            }
            for _ in range(2 + person.n % 3)
        ],
    }


SUITE = Suite(
    "civicengage",
    "CivicEngage",
    _DATA,
    (
        DataSet("accounts", "identifying", accounts, Delete(), never=frozenset({"password_hash", "security_answer"})),
        DataSet("subscriptions", "contact", subscriptions, Delete()),
        DataSet("page_visits", "visitor", page_visits, Aggregate(("path",), visit_totals)),
    ),
    _rows,
)
