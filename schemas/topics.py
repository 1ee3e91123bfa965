"""The map of the system: which topics there are, who writes and who reads each, and what travels on it."""

from dataclasses import dataclass
from datetime import timedelta

from schemas import acts, catalogue, executor, intake, notifier, parked, router, tickets, verifier
from schemas.base import Fact
from schemas.cause import TimePassed

SERVICES = ("intake", "verifier", "router", "executor", "notifier")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. ``kept`` is None where records are kept for ever. A log is chained, and is its service's only
    memory. ``shown_by`` keep a read model of it and decide nothing by it.
    """

    name: str
    meaning: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    messages: tuple[type[Fact], ...]
    kept: timedelta | None = None
    is_log: bool = False
    one_partition: bool = False
    shown_by: tuple[str, ...] = ()


def events(service: str) -> str:
    """The name of a service's log."""
    return f"dsr.{service}.events"


def inbox(service: str) -> str:
    """The name of the topic that carries commands, results and ticks to a service."""
    return f"dsr.{service}.inbox"


def submissions(client: str) -> str:
    """The name of the topic on which a registered client publishes requests."""
    return f"dsr.submissions.{client}"


PARKED = "dsr.parked"
ACTS = "dsr.console.events"
CATALOGUE = "dsr.catalogue.events"
SUBMISSIONS = "dsr.submissions."

_WEEK = timedelta(days=7)


def _log(
    service: str, readers: tuple[str, ...], messages: tuple[type[Fact], ...], shown_by: tuple[str, ...] = ()
) -> Topic:
    return Topic(
        events(service), f"what {service} decided; its state", (service,), (service, *readers, "console"), messages,
        is_log=True, shown_by=shown_by,
    )  # fmt: skip


def _inbox(service: str, writers: tuple[str, ...], messages: tuple[type[Fact], ...]) -> Topic:
    return Topic(inbox(service), f"what {service} is told", writers, (service,), messages, kept=_WEEK)


TOPICS: tuple[Topic, ...] = (
    _inbox("intake", ("intake",), (intake.SubmitRequest, intake.RecordSignal, *tickets.RESULTS)),
    _log(
        "intake",
        ("verifier", "notifier"),
        (intake.RequestReceived, intake.SubmissionRefused, intake.SignalRecorded, *tickets.EVENTS),
        shown_by=("router",),
    ),
    _inbox(
        "verifier",
        ("verifier", "intake", "router"),
        (
            verifier.SubmitProof,
            verifier.SubmitEvidence,
            verifier.DisownRequest,
            verifier.AttestIdentity,
            verifier.PointsCompared,
            verifier.KeysDestroyed,
            TimePassed,
        ),
    ),
    _log(
        "verifier",
        ("router", "notifier"),
        (
            verifier.ChallengeIssued,
            verifier.ReminderDue,
            verifier.ProofRejected,
            verifier.EvidenceTaken,
            verifier.EvidenceNeeded,
            verifier.IdentityAttested,
            verifier.IdentityVerified,
            verifier.VerificationFailed,
            verifier.VerificationExpired,
            verifier.DataForgotten,
        ),
        shown_by=("intake",),
    ),
    _inbox("router", ("router",), (router.InstructRequest, TimePassed)),
    _log(
        "router",
        ("executor", "notifier", "intake"),
        (
            router.RequestRouted,
            router.InstructionReturned,
            router.OwnerInstructed,
            router.OrderRecorded,
            router.RequestClosed,
        ),
    ),
    _inbox("executor", ("executor",), (executor.TaskReported, executor.TaskFailed, executor.PackageMade, TimePassed)),
    _log(
        "executor",
        ("router",),
        (
            executor.ExecutionPlanned,
            executor.OrderBegun,
            executor.TaskDeferred,
            executor.TaskSettled,
            executor.OrderCompleted,
        ),
    ),
    _inbox(
        "notifier",
        ("notifier", "router", "console", "intake"),
        (notifier.SendAccountLetter, notifier.HandOverLetter, notifier.LetterAccepted, notifier.LetterRefused),
    ),
    _log(
        "notifier",
        (),
        (
            notifier.LettersOrdered,
            notifier.AccountLetterOrdered,
            notifier.LetterSent,
            notifier.LetterDeferred,
            notifier.LetterUndeliverable,
            notifier.LetterHandedOver,
        ),
    ),
    Topic(
        CATALOGUE,
        "owners, products, logins, registered clients",
        ("habeas", "router", "console", "intake"),
        (*SERVICES, "console"),
        catalogue.ENTRIES,
        is_log=True,
        one_partition=True,
    ),
    Topic(
        ACTS,
        "what people with an account did",
        ("router", "console", "intake", "notifier"),
        ("router", "console"),
        acts.ACTS,
        is_log=True,
        one_partition=True,
    ),
    Topic(
        PARKED,
        "what could not be handled, with the reason; sealed",
        (*SERVICES, "console"),
        ("console",),
        (parked.RecordParked,),
        kept=timedelta(days=90),
        shown_by=("intake",),
    ),
)
"""Every topic that exists once. Each registered client has one more: :func:`submissions`, kept for a day."""

TYPES: dict[str, type[Fact]] = {message.TYPE: message for topic in TOPICS for message in topic.messages}
"""Type tag → what it decodes to."""

BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}
"""Topic name → topic. A client's submissions topic is not among them."""
