"""The register of who wants no sale, no sharing, and no more than necessary of their sensitive data (R39).

Per person and owner, folded from requests and from browsers' signals. A line is in force when every product that was
asked has done it, or holds nothing that it concerns; a signal is in force at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Boolean, Column, Connection, Engine, Index, MetaData, Select, String, Table, func, select

from schemas import topics
from schemas.intake import SignalRecorded
from schemas.request import OrderResult, Request
from schemas.router import OrderRecorded, RequestClosed, RequestRouted
from schemas.vocabulary import NEEDS_NO_PROOF, Outcome, Right
from services.runtime.chain import Accepted
from services.runtime.database import Instant, insert_once


class Standing(StrEnum):
    """Where an opt-out or a limit stands."""

    ASKED = "asked"
    IN_FORCE = "in_force"
    IN_PART = "in_part"
    REFUSED = "refused"


class Way(StrEnum):
    """How the person said so."""

    REQUEST = "request"
    SIGNAL = "signal"


_METADATA = MetaData()

CONSENT_ROWS: Final = Table(
    "router_consents",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("person_key", String, nullable=False),
    Column("anonymous", Boolean, nullable=False),
    Column("kind", String, nullable=False),
    Column("standing", String, nullable=False),
    Column("way", String, nullable=False),
    Column("said_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("request_id", String, nullable=False, index=True),
    Column("number", String, nullable=False),
    Index("router_consents_by_person", "owner", "person_key"),
)
"""``kind`` is the right. ``request_id`` and ``number`` are empty for a signal, whose ``id`` is the event's;
``anonymous`` where the key is a browser's and nobody is known."""


class ConsentView:
    """One line per order to opt out or to limit, and per signal."""

    name = "router_consents"
    metadata = _METADATA
    topics = (topics.events("router"), topics.events("intake"))

    def apply(self, connection: Connection, accepted: Accepted) -> None:
        """Folds one event. What ended before it reached its owner is not there, and changes nothing."""
        match accepted.body:
            case RequestRouted(request=request):
                for row in _asked(request):
                    insert_once(connection, CONSENT_ROWS, row)
            case SignalRecorded() as signal:
                insert_once(connection, CONSENT_ROWS, _signalled(accepted, signal))
            case OrderRecorded(result=result):
                _settle(connection, accepted, result)
            case RequestClosed(results=results):
                for result in results:
                    _settle(connection, accepted, result)


CONSENTS: Final = ConsentView()


def standing(result: OrderResult) -> Standing:
    """What an order's result means for the register: the weakest of what its products told."""
    if result.closed_as is not None:
        return Standing.REFUSED if result.closed_as is Outcome.REFUSED else Standing.IN_PART
    return Standing.IN_FORCE if set(result.outcomes) <= {Outcome.OPTED_OUT, Outcome.NOT_FOUND} else Standing.IN_PART


def _asked(request: Request) -> Iterator[dict[str, Any]]:
    for order in request.orders:
        if order.right in NEEDS_NO_PROOF:
            yield {
                "id": order.id,
                "owner": request.owner,
                "person_key": request.person,
                "anonymous": False,
                "kind": order.right,
                "standing": Standing.ASKED,
                "way": Way.REQUEST,
                "said_at": request.received_at,
                "request_id": request.id,
                "number": request.number,
            }


def _signalled(accepted: Accepted, signal: SignalRecorded) -> dict[str, Any]:
    envelope = accepted.envelope
    return {
        "id": envelope.id,
        "owner": envelope.owner,
        "person_key": signal.person,
        "anonymous": signal.anonymous,
        "kind": Right.OPT_OUT,
        "standing": Standing.IN_FORCE,
        "way": Way.SIGNAL,
        "said_at": envelope.time,
        "settled_at": envelope.time,
        "request_id": "",
        "number": "",
    }


def _settle(connection: Connection, accepted: Accepted, result: OrderResult) -> None:
    """Only orders that are in the register are changed; a result told twice changes nothing."""
    open_ = (CONSENT_ROWS.c.id == result.order_id, CONSENT_ROWS.c.settled_at.is_(None))
    values = {"standing": standing(result), "settled_at": accepted.envelope.time}
    connection.execute(CONSENT_ROWS.update().where(*open_).values(values))


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the register. ``request_id`` is empty for a signal; ``anonymous``: it is of a browser, and of nobody
    who is known.
    """

    person: str
    anonymous: bool
    kind: Right
    standing: Standing
    way: Way
    said_at: datetime
    settled_at: datetime | None
    request_id: str
    number: str


@dataclass(frozen=True, slots=True)
class Register:
    """The register, asked in one owner's name. Methods block on the database."""

    engine: Engine

    def of(self, owner: str, person: str) -> tuple[Consent, ...]:
        """All that one person said, the latest first."""
        return self._read(_lines(owner).where(CONSENT_ROWS.c.person_key == person))

    def page(self, owner: str, kind: Right | None = None, *, limit: int, offset: int = 0) -> tuple[Consent, ...]:
        """One page of everybody's, the latest first."""
        return self._read(_lines(owner, kind).limit(limit).offset(offset))

    def count(self, owner: str, kind: Right | None = None) -> int:
        """How many lines there are."""
        with self.engine.connect() as connection:
            counted = select(func.count()).select_from(_lines(owner, kind).order_by(None).subquery())
            return connection.execute(counted).scalar_one()

    def _read(self, wanted: "Select[Any]") -> tuple[Consent, ...]:
        with self.engine.connect() as connection:
            return tuple(
                Consent(
                    row.person_key, row.anonymous, Right(row.kind), Standing(row.standing), Way(row.way), row.said_at,
                    row.settled_at, row.request_id, row.number,
                )
                for row in connection.execute(wanted)
            )  # fmt: skip


def _lines(owner: str, kind: Right | None = None) -> "Select[Any]":
    rows = CONSENT_ROWS.c
    wanted = select(CONSENT_ROWS).where(rows.owner == owner).order_by(rows.said_at.desc(), rows.id)
    return wanted if kind is None else wanted.where(rows.kind == kind)
