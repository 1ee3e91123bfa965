"""The portal's read model: what it keeps, and that the order between its two logs does not matter."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, create_engine, select

from schemas.base import Fact
from schemas.envelope import Envelope
from schemas.executor import ExecutionPlanned, PlannedOrder, Task, TaskSettled
from schemas.request import Leaf, Order, OrderResult, Proof, Request, TaskResult
from schemas.router import InstructionReturned, OrderRecorded, RequestClosed, RequestRouted
from schemas.vocabulary import Assurance, Channel, Method, Outcome, Right
from services.router.reading import Cases
from services.router.views import CASE_ROWS, CASES, Phase
from services.runtime.chain import Accepted, Record
from services.runtime.database import create_tables

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
REQUEST = Request(
    id="r-1", owner="alder", client="web", channel=Channel.WEB, received_at=NOW, person="p" * 64,
    orders=(Order(id="o-1", right=Right.ACCESS), Order(id="o-2", right=Right.DELETE, after="o-1")),
    contact="sealed:v1:fulfilment:AAAA",
)  # fmt: skip
ROUTED = RequestRouted(
    request=REQUEST, proof=Proof(level=Assurance.REASONABLE, method=Method.EMAIL_LINK), products=("civicrec",),
    legal_due=NOW.date(), instruct_by=NOW.date(), policies=3,
)  # fmt: skip
PLANNED = ExecutionPlanned(
    request=REQUEST, approval="a", affiliates=(),
    orders=(PlannedOrder(order_id="o-1", right=Right.ACCESS, tasks=(Task(id="t-1", product="civicrec"),)),),
)  # fmt: skip
DONE = TaskResult(
    id="t-1", product="civicrec", attempt=1, leaves=(Leaf(data_set="accounts", outcome=Outcome.DELIVERED),)
)
SETTLED = TaskSettled(order_id="o-1", result=DONE)


@pytest.fixture
def engine() -> Engine:
    made = create_engine("sqlite://")
    create_tables(made, CASES.metadata)
    return made


def fold(engine: Engine, *bodies: Fact) -> None:
    for body in bodies:
        envelope = Envelope(
            id=f"{body.TYPE}-{hash(body)}", source="x", type=body.TYPE, time=NOW, subject="r-1",
            causationid=f"because-{body.TYPE}", correlationid="c-1",
        )  # fmt: skip
        with engine.begin() as connection:
            CASES.apply(connection, Accepted(Record("t", 0, 0, None, b"", NOW), envelope, body))


def test_the_two_logs_may_come_in_any_order(engine: Engine) -> None:
    fold(engine, PLANNED, SETTLED, ROUTED)
    late = Cases(engine).case("alder", "r-1")
    other = create_engine("sqlite://")
    create_tables(other, CASES.metadata)
    fold(other, ROUTED, PLANNED, SETTLED)
    assert late == Cases(other).case("alder", "r-1")
    assert late is not None
    assert late.tasks[0].result == DONE


def test_results_come_one_by_one_and_then_all(engine: Engine) -> None:
    first = OrderResult(order_id="o-1", right=Right.ACCESS, tasks=(DONE,))
    second = OrderResult(order_id="o-2", right=Right.DELETE, closed_as=Outcome.REFUSED, reason="research")
    fold(engine, ROUTED, OrderRecorded(result=first))
    case = Cases(engine).case("alder", "r-1")
    assert case is not None
    assert case.results == (first,)
    fold(engine, RequestClosed(request=REQUEST, results=(first, second), closed_at=NOW))
    closed = Cases(engine).case("alder", "r-1")
    assert closed is not None
    assert (closed.results, closed.state) == ((first, second), Phase.CLOSED)


def test_a_returned_instruction_is_kept_with_what_it_answered(engine: Engine) -> None:
    fold(engine, ROUTED, InstructionReturned(missing=("suites",)))
    case = Cases(engine).case("alder", "r-1")
    assert case is not None
    assert (case.state, case.missing) == (Phase.RETURNED, ("suites",))
    assert case.answered == f"because-{InstructionReturned.TYPE}"


def test_only_its_owner_finds_it(engine: Engine) -> None:
    fold(engine, ROUTED)
    cases = Cases(engine)
    assert cases.case("dunmore", "r-1") is None
    assert cases.inbox("dunmore").cases == ()
    assert dict(cases.inbox("dunmore").counts) == {}
    assert [case.id for case in cases.inbox("alder").cases] == ["r-1"]


def test_what_was_sealed_stays_sealed(engine: Engine) -> None:
    fold(engine, ROUTED)
    with engine.connect() as connection:
        kept = connection.execute(select(CASE_ROWS.c.request)).scalar_one()
    assert kept["contact"] == "sealed:v1:fulfilment:AAAA"
