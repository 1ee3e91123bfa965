"""The register of opt-outs: what stands in it, since when, and that it is made anew the same."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine

from schemas.base import Fact
from schemas.envelope import Envelope
from schemas.intake import SignalRecorded
from schemas.request import Leaf, OrderResult, Request
from schemas.router import OrderRecorded, RequestClosed, RequestRouted
from schemas.vocabulary import Outcome, Right
from services.router.consents import CONSENTS, Consent, Register, Standing, Way
from services.runtime.chain import Accepted, Record
from services.runtime.database import create_tables
from tests.support.builders import a_request, a_task_result
from tests.support.facts import EMAIL_PROOF, NO_PROOF

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
OUT = a_request(Right.OPT_OUT, Right.LIMIT, n=1, owner="alder")
OPT_OUT, LIMIT = OUT.orders


def routed(request: Request) -> RequestRouted:
    return RequestRouted(
        request=request,
        proof=NO_PROOF,
        products=("civicrec",),
        legal_due=NOW.date(),
        instruct_by=NOW.date(),
        policies=3,
    )


def result(right: Right, *outcomes: Outcome, closed_as: Outcome | None = None) -> OrderResult:
    order = OPT_OUT if right is Right.OPT_OUT else LIMIT
    leaves = [Leaf(data_set=f"set-{n}", outcome=outcome) for n, outcome in enumerate(outcomes)]
    tasks = (a_task_result(*leaves, n=1),) if leaves else ()
    return OrderResult(order_id=order.id, right=right, tasks=tasks, closed_as=closed_as)


def closed(*results: OrderResult) -> RequestClosed:
    return RequestClosed(request=OUT, results=results, closed_at=NOW)


def register(*bodies: Fact, again: Iterable[Fact] = ()) -> Register:
    made = create_engine("sqlite://")
    create_tables(made, CONSENTS.metadata)
    for n, body in enumerate([*bodies, *again]):
        fold(made, body, NOW + timedelta(hours=n))
    return Register(made)


def fold(engine: Engine, body: Fact, at: datetime) -> None:
    envelope = Envelope(id=f"id-{hash(body)}", source="x", type=body.TYPE, time=at, owner="alder")
    with engine.begin() as connection:
        CONSENTS.apply(connection, Accepted(Record("t", 0, 0, None, b"", at), envelope, body))


def said(kept: Register, person: str = OUT.person) -> dict[Right, Standing]:
    return {one.kind: one.standing for one in kept.of("alder", person)}


@pytest.mark.requirement("R39")
def test_an_opt_out_stands_from_the_day_it_reaches_the_owner_and_is_in_force_when_it_is_done() -> None:
    assert said(register(routed(OUT))) == {Right.OPT_OUT: Standing.ASKED, Right.LIMIT: Standing.ASKED}
    first = OrderRecorded(result=result(Right.OPT_OUT, Outcome.OPTED_OUT, Outcome.NOT_FOUND))
    last = closed(first.result, result(Right.LIMIT, Outcome.OPTED_OUT, Outcome.FAILED))
    kept = register(routed(OUT), first, last)
    assert said(kept) == {Right.OPT_OUT: Standing.IN_FORCE, Right.LIMIT: Standing.IN_PART}
    times = {one.kind: one.settled_at for one in kept.of("alder", OUT.person)}
    assert times == {Right.OPT_OUT: NOW + timedelta(hours=1), Right.LIMIT: NOW + timedelta(hours=2)}


@pytest.mark.requirement("R39")
@pytest.mark.parametrize(
    ("outcomes", "closed_as", "standing"),
    [
        ((Outcome.NOT_FOUND,), None, Standing.IN_FORCE),
        ((Outcome.OPTED_OUT, Outcome.PARTIAL), None, Standing.IN_PART),
        ((), Outcome.REFUSED, Standing.REFUSED),
        ((), Outcome.FAILED, Standing.IN_PART),
    ],
)
def test_the_register_never_says_more_than_the_products_did(
    outcomes: tuple[Outcome, ...], closed_as: Outcome | None, standing: Standing
) -> None:
    done = closed(result(Right.OPT_OUT, *outcomes, closed_as=closed_as))
    assert said(register(routed(OUT), done))[Right.OPT_OUT] is standing


@pytest.mark.requirement("R39")
def test_a_browsers_signal_is_in_force_at_once_and_no_request() -> None:
    kept = register(SignalRecorded(person="someone", anonymous=False), SignalRecorded(person="b-1", anonymous=True))
    known, browser = [one for person in ("someone", "b-1") for one in kept.of("alder", person)]
    assert known == Consent(
        person="someone", anonymous=False, kind=Right.OPT_OUT, standing=Standing.IN_FORCE, way=Way.SIGNAL,
        said_at=NOW, settled_at=NOW, request_id="", number="",
    )  # fmt: skip
    assert (browser.anonymous, browser.standing) == (True, Standing.IN_FORCE)


def test_other_rights_and_other_owners_are_not_in_it() -> None:
    access = RequestRouted(
        request=a_request(Right.ACCESS, n=2, owner="alder"), proof=EMAIL_PROOF, products=(), legal_due=NOW.date(),
        instruct_by=NOW.date(), policies=3,
    )  # fmt: skip
    kept = register(access, routed(OUT))
    assert (kept.count("alder"), kept.count("alder", Right.LIMIT), kept.count("brookhaven")) == (2, 1, 0)
    assert kept.page("brookhaven", limit=10) == ()


def test_what_is_told_twice_changes_nothing() -> None:
    whole = (routed(OUT), OrderRecorded(result=result(Right.OPT_OUT, Outcome.OPTED_OUT)))
    assert register(*whole).of("alder", OUT.person) == register(*whole, again=whole).of("alder", OUT.person)
