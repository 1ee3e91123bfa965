"""What was approved is done, in its order, at every product, and told as it ended."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.cause import TimePassed, Wake
from schemas.envelope import derived_id
from schemas.executor import (
    ExecutionPlanned,
    OrderBegun,
    OrderCompleted,
    PackageMade,
    PlannedOrder,
    Task,
    TaskDeferred,
    TaskFailed,
    TaskReported,
    TaskSettled,
)
from schemas.request import Leaf, Order, OrderResult, Request, TaskResult
from schemas.router import Decision, OwnerInstructed
from schemas.vocabulary import Outcome, Right
from services.executor import domain
from services.executor.orders import LAST_ATTEMPT, PATIENCE, CallProduct, MakePackage
from tests.support.dsl import Decider, Given
from tests.support.facts import (
    CATALOGUE,
    EMAIL_PROOF,
    NOON,
    PACKAGE,
    approved,
    denied,
    instruction,
    leaf,
    request,
)

given = Decider(domain.Idle(), domain.decide, domain.evolve, TypeAdapter(domain.State), domain.due).given

PRODUCTS = ("civicengage", "civicrec")
asked = request(Right.ACCESS, Right.DELETE)
access, delete = asked.orders


def approval(*decisions: Decision, of: Request = asked) -> OwnerInstructed:
    return OwnerInstructed(
        request=of,
        proof=EMAIL_PROOF,
        instruction=instruction(*decisions),
        products=PRODUCTS,
        contract_due=NOON.date(),
        policies=CATALOGUE.version,
    )


def task(order: Order, product: str) -> Task:
    return Task(id=derived_id("task", order.id, product), product=product)


def planned_order(order: Order, after: str | None = None) -> PlannedOrder:
    tasks = tuple(task(order, product) for product in PRODUCTS)
    return PlannedOrder(order_id=order.id, right=order.right, after=after, tasks=tasks)


def planned(*orders: PlannedOrder, of: Request = asked) -> ExecutionPlanned:
    return ExecutionPlanned(request=of, approval="the-cause", affiliates=("millbrook-transit",), orders=orders)


def reported(order: Order, product: str, attempt: int = 1, outcome: Outcome = Outcome.DELIVERED) -> TaskReported:
    one = task(order, product)
    return TaskReported(
        effect_id=f"{one.id}:{attempt}", task_id=one.id, attempt=attempt, leaves=(leaf(outcome),), evidence=product
    )


def unanswered(order: Order, product: str, attempt: int = 1, *, retryable: bool = True) -> TaskFailed:
    one = task(order, product)
    return TaskFailed(
        effect_id=f"{one.id}:{attempt}", task_id=one.id, attempt=attempt, reason="timeout", retryable=retryable
    )


def done(order: Order, product: str, attempt: int = 1, outcome: Outcome = Outcome.DELIVERED) -> TaskResult:
    return TaskResult(
        id=task(order, product).id, product=product, attempt=attempt, leaves=(leaf(outcome),), evidence=product
    )


def settled(order: Order, product: str, outcome: Outcome = Outcome.DELIVERED) -> TaskSettled:
    return TaskSettled(order_id=order.id, result=done(order, product, outcome=outcome))


def completed(order: Order, *tasks: TaskResult) -> OrderCompleted:
    package = PACKAGE if order.right in {Right.ACCESS, Right.KNOW} else None
    return OrderCompleted(result=OrderResult(order_id=order.id, right=order.right, tasks=tasks, package=package))


def begin(order: Order) -> TimePassed:
    return TimePassed(effect_id=derived_id("begin", order.id))


both = planned(planned_order(access), planned_order(delete, after=access.id))
accessed = completed(access, done(access, "civicengage"), done(access, "civicrec"))
only_delete = planned(planned_order(delete))


@pytest.mark.requirement("R11")
def test_what_the_owner_approved_becomes_a_task_per_order_and_product_under_its_approval() -> None:
    given().when(approval(approved(access), approved(delete))).then(both)


@pytest.mark.requirement("R11")
def test_what_the_owner_refused_is_not_planned() -> None:
    given().when(approval(denied(access), approved(delete))).then(only_delete)


@pytest.mark.requirement("R11")
def test_an_instruction_that_approves_nothing_plans_nothing() -> None:
    given().when(approval(denied(access), denied(delete))).then_silence()


@pytest.mark.requirement("R11")
@pytest.mark.parametrize(
    "cause",
    [
        reported(access, "civicrec"),
        unanswered(delete, "civicrec"),
        begin(delete),
        PackageMade(effect_id="x", order_id=access.id, package=PACKAGE),
    ],
)
def test_without_an_approval_nothing_happens_and_nothing_is_owed(cause: Fact) -> None:
    given().owes()
    given().when(cause).then_silence()


@pytest.mark.requirement("R11")
def test_an_approval_counts_once() -> None:
    given(both).when(approval(approved(access), approved(delete)), id="another-cause").then_silence()


def calls(story: Given) -> list[tuple[Right, str, int]]:
    return [(effect.right, effect.task.product, effect.task.attempt) for effect in story.owed
            if isinstance(effect, CallProduct)]  # fmt: skip


@pytest.mark.requirement("R08")
def test_access_comes_first_and_the_delete_owes_nothing_yet() -> None:
    assert calls(given(both)) == [(Right.ACCESS, "civicengage", 1), (Right.ACCESS, "civicrec", 1)]
    assert len(given(both).owed) == 2


@pytest.mark.requirement("R08")
@pytest.mark.parametrize("early", [begin(delete), reported(delete, "civicrec"), unanswered(delete, "civicrec")])
def test_a_delete_does_not_begin_before_the_access_is_complete(early: Fact) -> None:
    for events in [(both,), (both, settled(access, "civicrec")),
                   (both, settled(access, "civicrec"), settled(access, "civicengage"))]:  # fmt: skip
        given(*events).when(early).then_silence()


@pytest.mark.requirement("R08")
def test_a_delete_touches_no_product_before_the_event_that_says_it_has_begun() -> None:
    ready = given(both, accessed)
    ready.owes(Wake(id=derived_id("begin", delete.id)))
    ready.when(reported(delete, "civicrec")).then_silence()
    begun = ready.when(begin(delete)).then(OrderBegun(order_id=delete.id))
    assert calls(begun) == [(Right.DELETE, "civicengage", 1), (Right.DELETE, "civicrec", 1)]


@pytest.mark.requirement("R08")
def test_what_has_begun_does_not_begin_again() -> None:
    given(both, accessed, OrderBegun(order_id=delete.id)).when(begin(delete)).then_silence()


@pytest.mark.requirement("R08")
def test_nothing_is_destroyed_when_the_access_before_it_failed() -> None:
    failed = completed(access, done(access, "civicrec", outcome=Outcome.FAILED))
    given(both, failed).when(begin(delete)).then(
        OrderCompleted(
            result=OrderResult(
                order_id=delete.id, right=Right.DELETE, closed_as=Outcome.FAILED, reason="earlier_order_failed"
            )
        )
    ).owes()


@pytest.mark.requirement("R08")
def test_a_delete_after_a_refused_access_waits_for_nothing() -> None:
    given(only_delete).when(begin(delete)).then(OrderBegun(order_id=delete.id))


@pytest.mark.parametrize("right", sorted(set(Right)))
def test_only_what_cannot_be_undone_waits_for_its_beginning(right: Right) -> None:
    one = request(right)
    story = given(planned(planned_order(one.orders[0]), of=one))
    assert bool(calls(story)) is (right not in {Right.DELETE, Right.CORRECT})


def test_a_product_is_called_with_all_it_needs() -> None:
    one = task(access, "civicrec")
    effect = given(both).owed[1]
    assert isinstance(effect, CallProduct)
    assert (effect.id, effect.request, effect.task.id) == (f"{one.id}:1", asked, one.id)
    assert effect.affiliates == ("millbrook-transit",)


def test_each_task_settles_and_the_last_one_completes_the_order() -> None:
    (
        given(only_delete, OrderBegun(order_id=delete.id))
        .when(reported(delete, "civicrec", outcome=Outcome.ERASED))
        .then(settled(delete, "civicrec", Outcome.ERASED))
        .when(reported(delete, "civicengage", outcome=Outcome.ERASED))
        .then(
            completed(
                delete,
                done(delete, "civicrec", outcome=Outcome.ERASED),
                done(delete, "civicengage", outcome=Outcome.ERASED),
            )
        )
        .owes()
    )


def test_an_access_is_complete_only_with_its_package() -> None:
    ready = given(both, settled(access, "civicrec")).when(reported(access, "civicengage"))
    packing = ready.then(settled(access, "civicengage"))
    (effect,) = packing.owed
    assert isinstance(effect, MakePackage)
    assert [result.product for result in effect.order.results] == ["civicrec", "civicengage"]
    made = PackageMade(effect_id=effect.id, order_id=access.id, package=PACKAGE)
    after = packing.when(made).then(completed(access, done(access, "civicrec"), done(access, "civicengage")))
    after.when(made).then_silence()


@pytest.mark.requirement("R12")
def test_an_order_to_know_is_complete_only_with_its_answer() -> None:
    one = request(Right.KNOW)
    know = one.orders[0]
    ready = given(planned(planned_order(know), of=one), settled(know, "civicrec")).when(reported(know, "civicengage"))
    packing = ready.then(settled(know, "civicengage"))
    (effect,) = packing.owed
    assert isinstance(effect, MakePackage)
    made = PackageMade(effect_id=effect.id, order_id=know.id, package=PACKAGE)
    packing.when(made).then(completed(know, done(know, "civicrec"), done(know, "civicengage"))).owes()


@pytest.mark.requirement("R03")
@pytest.mark.parametrize("right", [Right.OPT_OUT, Right.LIMIT])
def test_an_opt_out_is_complete_with_its_last_product(right: Right) -> None:
    one = request(right)
    order = one.orders[0]
    story = given(planned(planned_order(order), of=one), settled(order, "civicrec", Outcome.OPTED_OUT))
    last = story.when(reported(order, "civicengage", outcome=Outcome.OPTED_OUT))
    results = [done(order, slug, outcome=Outcome.OPTED_OUT) for slug in ("civicrec", "civicengage")]
    last.then(completed(order, *results)).owes()


def test_a_package_nobody_waits_for_is_not_an_answer() -> None:
    made = PackageMade(effect_id="x", order_id=access.id, package=PACKAGE)
    given(both).when(made).then_silence()
    given(both, settled(access, "civicrec")).when(made).then_silence()
    given(only_delete).when(made.model_copy(update={"order_id": delete.id})).then_silence()


@pytest.mark.parametrize("again", [reported(access, "civicrec"), unanswered(access, "civicrec")])
def test_a_task_settles_once(again: Fact) -> None:
    given(both, settled(access, "civicrec")).when(again).then_silence()


def deferred(attempt: int = 1) -> TaskDeferred:
    one = task(access, "civicrec")
    return TaskDeferred(
        task_id=one.id, attempt=attempt, retry_at=PATIENCE.after(NOON, one.id, attempt), reason="timeout"
    )


def test_a_product_that_cannot_answer_is_asked_again_later() -> None:
    later = given(both).when(unanswered(access, "civicrec")).then(deferred())
    effect = later.owed[1]
    assert isinstance(effect, CallProduct)
    assert effect.id == f"{task(access, 'civicrec').id}:2"
    assert effect.not_before == deferred().retry_at > NOON


@pytest.mark.parametrize("stale", [reported(access, "civicrec"), unanswered(access, "civicrec")])
def test_the_answer_to_an_attempt_that_was_given_up_does_not_count(stale: Fact) -> None:
    given(both, deferred()).when(stale).then_silence()


def test_the_next_attempt_counts() -> None:
    event, _ = given(both, deferred()).when(reported(access, "civicrec", 2)).then_some(TaskSettled)
    assert event.result == done(access, "civicrec", 2)


@pytest.mark.parametrize(
    ("attempt", "retryable"), [(LAST_ATTEMPT, True), (1, False)], ids=["no tries left", "refused for good"]
)
def test_a_product_that_never_answers_is_told_as_failed(attempt: int, retryable: bool) -> None:
    tries = [deferred(number) for number in range(1, attempt)]
    event, _ = (
        given(both, *tries).when(unanswered(access, "civicrec", attempt, retryable=retryable)).then_some(TaskSettled)
    )
    assert event.result.leaves == (Leaf(data_set="*", outcome=Outcome.FAILED),)
    assert event.result.evidence == "timeout"


def test_the_last_try_but_one_still_leads_to_another() -> None:
    tries = [deferred(number) for number in range(1, LAST_ATTEMPT - 1)]
    given(both, *tries).when(unanswered(access, "civicrec", LAST_ATTEMPT - 1)).then_some(TaskDeferred)


def test_pauses_grow_are_spread_by_a_quarter_and_end_within_about_a_day() -> None:
    pauses = [PATIENCE.after(NOON, "task", attempt) - NOON for attempt in range(1, LAST_ATTEMPT)]
    for attempt, pause in enumerate(pauses, 1):
        plain = min(timedelta(seconds=4 ** (attempt - 1)), timedelta(hours=4))
        assert plain <= pause <= plain * 1.25
    assert timedelta(hours=18) < sum(pauses, timedelta()) < timedelta(hours=30)
    assert len({PATIENCE.after(NOON, f"task-{number}", 3) for number in range(20)}) > 10
    assert PATIENCE.after(NOON, "task", 3) == PATIENCE.after(NOON, "task", 3)
