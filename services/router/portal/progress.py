"""How far each order has come, product by product and data set by data set: what the page's table and timeline tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.catalogue import Catalogue
from schemas.executor import OrderBegun, OrderCompleted, TaskDeferred, TaskSettled
from schemas.request import Leaf, Order, Package, TaskResult
from schemas.vocabulary import Exemption, Outcome
from services.router.portal.words import CHANNELS, EXEMPTIONS, HAPPENED, REASONS, RIGHTS
from services.router.reading import Case, TaskState
from services.router.views import Phase


@dataclass(frozen=True, slots=True)
class Line:
    """One data set at one product; without a leaf, a product that has not answered yet."""

    product: str
    leaf: Leaf | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderProgress:
    """One order as it stands. ``kind`` and ``word`` are its mark; every line keeps its own outcome (R47)."""

    order: Order
    name: str
    kind: str
    word: str
    reason: str
    lines: tuple[Line, ...]
    package: Package | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline, in words."""

    kind: str
    words: str
    at: datetime


def orders(case: Case, catalogue: Catalogue) -> list[OrderProgress]:
    """Every order of the case, in the order asked."""
    return [_order(order, case, catalogue) for order in case.request.orders]


def holder(case: Case, catalogue: Catalogue, custodian: str) -> str:
    """Who has the ball, in words: the owner, a product that could not answer, the custodian, or nobody."""
    if case.awaits_instruction:
        return "You"
    if case.state is Phase.CLOSED:
        return "Nobody"
    late = [product_name(task.product, catalogue) for task in case.tasks if task.retry_at and not task.result]
    return ", ".join(dict.fromkeys(late)) or custodian


def timeline(case: Case, catalogue: Catalogue) -> list[Moment]:
    """What happened, from receipt on."""
    received = Moment("done", f"Received through {CHANNELS[case.request.channel]}", case.request.received_at)
    return [received, *(_moment(case, catalogue, told.type, told.about, told.at) for told in case.timeline)]


def product_name(slug: str, catalogue: Catalogue) -> str:
    """A product's name; its slug where the catalogue has lost it."""
    product = catalogue.products.get(slug)
    return product.name if product else slug


def _order(order: Order, case: Case, catalogue: Catalogue) -> OrderProgress:
    result = case.result(order.id)
    open_tasks = [task for task in case.tasks if task.order_id == order.id]
    done = result.tasks if result else tuple(task.result for task in open_tasks if task.result)
    lines = [line for task in done for line in _settled(task, catalogue)]
    if result is None:
        lines += [_waiting(task, catalogue) for task in open_tasks if not task.result]
    kind, word = _mark(case, order, len(done), len(open_tasks))
    reason = _reason(result.reason) if result and result.reason else ""
    return OrderProgress(
        order, RIGHTS[order.right].name, kind, word, reason, tuple(lines), result.package if result else None
    )


def _settled(task: TaskResult, catalogue: Catalogue) -> Iterator[Line]:
    for leaf in task.leaves or (Leaf(data_set="*", outcome=Outcome.NOT_FOUND),):
        yield Line(product_name(task.product, catalogue), leaf)


def _waiting(task: TaskState, catalogue: Catalogue) -> Line:
    return Line(product_name(task.product, catalogue), None, task.retry_at)


def _mark(case: Case, order: Order, done: int, planned: int) -> tuple[str, str]:
    """``Done`` only if every line of the order is; anything less says so."""
    result = case.result(order.id)
    if result is None and order.after and case.result(order.after) is None:
        return "later", f"Waits for {_right(case, order.after).lower()}"
    if result is None:
        return ("acting", f"{done} of {planned} products answered") if planned else ("later", "Not begun")
    outcomes = set(result.outcomes)
    if result.closed_as is Outcome.REFUSED:
        return "stopped", "Refused by you"
    if outcomes == {Outcome.FAILED}:
        return "failed", "Failed"
    short_of_it = outcomes & {Outcome.FAILED, Outcome.PARTIAL, Outcome.UNSUPPORTED}
    if short_of_it:
        return "failed", "Done in part"
    if Outcome.RETAINED in outcomes:
        return "waiting", "Done, with data kept by law"
    if outcomes <= {Outcome.NOT_FOUND}:
        return "stopped", "Nothing found"
    return ("stopped", "Ended") if result.closed_as else ("done", "Done")


def _reason(reason: str) -> str:
    if reason in REASONS:
        return REASONS[reason]
    return EXEMPTIONS[Exemption(reason)] if reason in set(Exemption) else ""


def _moment(case: Case, catalogue: Catalogue, type_: str, about: str, at: datetime) -> Moment:
    kind, words = HAPPENED[type_]
    if type_ in (TaskDeferred.TYPE, TaskSettled.TYPE):
        task = next((task for task in case.tasks if task.id == about), None)
        words = f"{product_name(task.product, catalogue) if task else 'A product'} {words}"
        words += f" ({_right(case, task.order_id).lower()})" if task and type_ == TaskSettled.TYPE else ""
    elif type_ in (OrderBegun.TYPE, OrderCompleted.TYPE):
        words = f"{_right(case, about)} {words}"
    return Moment(kind, words, at)


def _right(case: Case, order_id: str) -> str:
    order = case.order(order_id)
    return RIGHTS[order.right].name if order else "An order"
