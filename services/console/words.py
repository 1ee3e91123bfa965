"""What each event says, in a sentence an operator understands at once, and how long things took. No personal data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from schemas import executor, intake, notifier, router, tickets, verifier
from schemas.base import Fact
from schemas.request import OrderResult, TaskResult
from schemas.vocabulary import Outcome

RETRIED = "will be tried again"


@dataclass(frozen=True, slots=True)
class Named:
    """What the ids inside a request's events stand for."""

    orders: dict[str, str]
    tasks: dict[str, str]
    letters: dict[str, str]


def named(bodies: Iterable[Fact | None]) -> Named:
    """The names of everything these events speak of by id."""
    known = Named({}, {}, {})
    for body in bodies:
        match body:
            case intake.RequestReceived(request=request):
                known.orders.update({order.id: plain(order.right) for order in request.orders})
            case executor.ExecutionPlanned(orders=orders):
                known.orders.update({order.order_id: plain(order.right) for order in orders})
                known.tasks.update({task.id: task.product for order in orders for task in order.tasks})
            case notifier.LettersOrdered(letters=letters):
                known.letters.update({each.id: f"{plain(each.kind)} to the {each.audience}" for each in letters})
    return known


def sentence(body: Fact | None, names: Named) -> str:
    """What happened, beyond the event's name."""
    if isinstance(body, intake.Event):
        return _of_intake(body)
    if isinstance(body, verifier.Event):
        return _of_verifier(body)
    if isinstance(body, router.Event):
        return _of_router(body, names)
    if isinstance(body, executor.Event):
        return _of_executor(body, names)
    if isinstance(body, notifier.Event):
        return _of_notifier(body, names)
    return "this release cannot read what it says"


def _of_intake(body: intake.Event) -> str:
    match body:
        case intake.RequestReceived(request=request):
            return f"{listed(plain(order.right) for order in request.orders)}, through the {request.channel} door"
        case intake.SubmissionRefused():
            return "the same key came again with other content; the first stands"
        case intake.SignalRecorded(anonymous=anonymous):
            return f"{'a browser' if anonymous else 'the person'} opts out of sale and sharing, by its signal"
        case tickets.TicketCommentOrdered(comment=comment):
            return f"the ticket is to be told: {plain(comment.kind)}"
        case tickets.TicketCommentPosted(attempt=attempt):
            return f"the ticket has the comment{'' if attempt == 1 else f', after {attempt} tries'}"
        case tickets.TicketCommentDeferred(attempt=attempt, reason=reason):
            return f"the ticket system did not take a comment ({plain(reason)}), try {attempt}; {RETRIED}"
        case tickets.TicketCommentUndeliverable(reason=reason):
            return f"the ticket system will not take a comment ({plain(reason)}): tell whoever works there"


def _of_verifier(body: verifier.Event) -> str:
    match body:
        case verifier.ChallengeIssued(attempts=attempts):
            return f"the person is asked to prove control of their address; {count(attempts, 'attempt')}"
        case verifier.ReminderDue():
            return "half of the time is over; the person is reminded once"
        case verifier.ProofRejected(reason="not_permitted"):
            return "somebody vouched for the person who may not; it does not count"
        case verifier.ProofRejected(attempts_left=left):
            return f"a wrong proof; {count(left, 'attempt')} left"
        case verifier.IdentityVerified(proof=proof) if proof.method == "not_needed":
            return "no proof is needed for this right"
        case verifier.EvidenceNeeded(wanted=wanted, methods=methods):
            return f"{listed(map(plain, methods))} counts; more is asked for: {listed(map(plain, wanted))}"
        case verifier.EvidenceTaken():
            return "what the person told of themselves is compared with what the products hold, once"
        case verifier.IdentityAttested(method=method):
            return f"somebody vouched for the person ({plain(method)}) before the request arrived"
        case verifier.IdentityVerified(proof=proof, request=request, unproved=unproved):
            by = listed(map(plain, proof.methods)) or plain(proof.method)
            less = [plain(order.right) for order in unproved]
            less += [plain(order.instead_of) for order in request.orders if order.instead_of]
            return f"to a {plain(proof.level)} degree, by {by}" + (f"; not for {listed(less)}" if less else "")
        case verifier.VerificationFailed(reason=reason):
            return f"{plain(reason)}; the request ends here"
        case verifier.VerificationExpired():
            return "nobody proved anything in time; the request ends here"
        case verifier.DataForgotten(purposes=purposes):
            return f"its {listed(purposes)} {'key' if len(purposes) == 1 else 'keys'} destroyed: that data is noise now"


def _of_router(body: router.Event, names: Named) -> str:
    match body:
        case router.RequestRouted(products=products):
            return f"the owner is asked to decide; {count(len(products), 'product')} may hold data"
        case router.InstructionReturned(missing=missing):
            return f"the instruction lacks {listed(plain(each) for each in missing)}"
        case router.OwnerInstructed(instruction=instruction):
            said = (
                f"{names.orders.get(each.order_id, 'an order')} {'approved' if each.approved else 'refused'}"
                for each in instruction.decisions
            )
            return listed(said) or "nothing was decided"
        case router.OrderRecorded(result=result):
            return told(result)
        case router.RequestClosed(results=results):
            return "; ".join(told(result) for result in results)


def _of_executor(body: executor.Event, names: Named) -> str:
    match body:
        case executor.ExecutionPlanned(orders=orders):
            tasks = sum(len(order.tasks) for order in orders)
            return f"{count(len(orders), 'order')}, {count(tasks, 'task')}"
        case executor.OrderBegun(order_id=order_id):
            return f"{names.orders.get(order_id, 'the order')}: from here it cannot be undone or withdrawn"
        case executor.TaskDeferred(task_id=task_id, attempt=attempt, reason=reason):
            product = names.tasks.get(task_id, "a product")
            return f"{product} could not answer ({plain(reason)}), try {attempt}; {RETRIED}"
        case executor.TaskSettled(order_id=order_id, result=result):
            return f"{names.orders.get(order_id, 'an order')} at {result.product}: {tally([result])}"
        case executor.OrderCompleted(result=result):
            return told(result)


def _of_notifier(body: notifier.Event, names: Named) -> str:
    match body:
        case notifier.LettersOrdered(letters=letters):
            return listed(f"{plain(each.kind)} to the {each.audience}" for each in letters)
        case notifier.AccountLetterOrdered(letter=letter):
            return f"{plain(letter.kind)} to somebody with an account"
        case notifier.LetterSent(letter_id=letter_id, attempt=attempt):
            return names.letters.get(letter_id, "a letter") + (f", at try {attempt}" if attempt > 1 else "")
        case notifier.LetterDeferred(letter_id=letter_id, attempt=attempt, reason=reason):
            return f"{names.letters.get(letter_id, 'a letter')}: {plain(reason)}, try {attempt}; {RETRIED}"
        case notifier.LetterUndeliverable(letter_id=letter_id, reason=reason):
            return f"{names.letters.get(letter_id, 'a letter')}: refused for good ({plain(reason)}); find another way"
        case notifier.LetterHandedOver(letter_id=letter_id, way=way):
            return f"{names.letters.get(letter_id, 'a letter')}: staff handed it over by {way}"


def told(result: OrderResult) -> str:
    """``delete: erased 4, retained 1``"""
    if result.closed_as is not None:
        why = f" ({plain(result.reason)})" if result.reason else ""
        return f"{plain(result.right)}: {plain(result.closed_as)}{why}"
    return f"{plain(result.right)}: {tally(result.tasks)}"


def tally(tasks: Iterable[TaskResult]) -> str:
    """How many data sets ended how."""
    counted: dict[Outcome, int] = {}
    for task in tasks:
        for leaf in task.leaves:
            counted[leaf.outcome] = counted.get(leaf.outcome, 0) + 1
    return listed(f"{number} {plain(outcome)}" for outcome, number in counted.items()) or "nothing to tell"


def began_with(step_type: str) -> str:
    """What led to an event that no event led to: a person did something, at one of our doors."""
    name = step_type.split(".")[-2:-1]
    return _ACTS.get(name[0] if name else "", "something outside the logs")


_ACTS = {
    "request-received": "a submission at the door",
    "submission-refused": "another submission at the door",
    "proof-rejected": "the person answered",
    "evidence-needed": "the person answered",
    "evidence-taken": "the person answered",
    "identity-attested": "somebody vouched for the person",
    "identity-verified": "the person answered",
    "verification-failed": "the person answered",
    "verification-expired": "the person answered too late",
    "instruction-returned": "the owner's representative decided",
    "owner-instructed": "the owner's representative decided",
}


def kind(body: Fact | None) -> str:
    """How an event is marked: done, acting, waiting, failed or stopped. The words carry the meaning."""
    match body:
        case intake.SubmissionRefused() | router.InstructionReturned() | verifier.ProofRejected():
            return "waiting"
        case executor.TaskDeferred() | notifier.LetterDeferred() | verifier.ChallengeIssued() | router.RequestRouted():
            return "waiting"
        case verifier.ReminderDue() | verifier.EvidenceNeeded():
            return "waiting"
        case verifier.VerificationFailed() | verifier.VerificationExpired():
            return "stopped"
        case notifier.LetterUndeliverable() | None:
            return "failed"
        case router.RequestClosed() | executor.OrderCompleted():
            return "done"
        case _:
            return "acting"


def span(length: timedelta) -> str:
    """A duration in at most two units, such as ``12 ms``, ``1.4 s``, ``3 min``, ``2 d 4 h``."""
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def waited(seconds: float) -> str:
    """How long something has waited, without fractions: ``7 s``, ``3 min``."""
    return f"{round(seconds)} s" if round(seconds) < 60 else span(timedelta(seconds=seconds))


def plain(tag: str) -> str:
    """``opt_out`` as ``opt out``."""
    return str(tag).replace("_", " ").replace("-", " ")


def count(number: int, thing: str) -> str:
    """``1 task``, ``2 tasks``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def listed(parts: Iterable[str]) -> str:
    """``a, b and c``"""
    *most, last = [*parts] or [""]
    return f"{', '.join(most)} and {last}" if most else last
