"""Where a request stands and who holds the ball: folded from every service's events, whatever order the logs come in.

Each service's own events come in order; those of different services do not. So each event touches only what its
service knows, and what is said of the whole follows from all of it.
"""

from typing import Final, Literal

from schemas import executor, intake, notifier, router, verifier
from schemas.base import Fact

Stage = Literal["received", "challenged", "verified", "unverified", "deciding", "instructed", "executing", "closed"]
STAGES: Final[tuple[Stage, ...]] = (
    "received", "challenged", "verified", "unverified", "deciding", "instructed", "executing", "closed",
)  # fmt: skip

Ball = Literal["us", "person", "owner", "product", "nobody"]

LIES_WITH: Final[dict[Stage, str]] = {
    "received": "intake",
    "challenged": "verifier",
    "verified": "verifier",
    "unverified": "verifier",
    "deciding": "router",
    "instructed": "router",
    "executing": "executor",
    "closed": "",
}
"""The service that spoke last on the request's way; none once it is closed. Letters go beside this way."""


class Standing(Fact):
    """What each service has said of one request so far."""

    verifier: Literal["", "challenged", "verified", "unverified"] = ""
    router: Literal["", "deciding", "instructed", "closed"] = ""
    executor: Literal["", "executing"] = ""
    silent_tasks: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    delayed_letters: tuple[str, ...] = ()
    undeliverable: int = 0

    @property
    def stage(self) -> Stage:
        """The furthest point on its way that any service has told of."""
        if self.router == "closed":
            return "closed"
        return self.executor or self.router or self.verifier or "received"

    @property
    def ball(self) -> Ball:
        """Whose turn it is."""
        match self.stage:
            case "closed":
                return "nobody"
            case "challenged":
                return "person"
            case "deciding":
                return "owner"
            case "executing" if self.silent_tasks:
                return "product"
            case _:
                return "us"

    @property
    def must_act(self) -> bool:
        """True when staff must find another way: a letter was refused for good, and not handed over since."""
        return self.undeliverable > 0


def evolve(standing: Standing, event: Fact) -> Standing:
    """The standing after one more event of any service; an event that says nothing of it changes nothing."""
    match event:
        case intake.RequestReceived() | intake.SubmissionRefused():
            return standing
        case verifier.ChallengeIssued() | verifier.EvidenceNeeded():
            return _with(standing, verifier="challenged")
        case verifier.IdentityVerified():
            return _with(standing, verifier="verified")
        case verifier.VerificationFailed() | verifier.VerificationExpired():
            return _with(standing, verifier="unverified")
        case router.RequestRouted():
            return _with(standing, router="deciding")
        case router.OwnerInstructed():
            return _with(standing, router="instructed")
        case router.RequestClosed():
            return _with(standing, router="closed")
        case executor.ExecutionPlanned():
            return _with(standing, executor="executing")
        case executor.TaskDeferred():
            return _with(standing, silent_tasks=_plus(standing.silent_tasks, event.task_id))
        case executor.TaskSettled():
            return _with(standing, silent_tasks=_minus(standing.silent_tasks, event.result.id))
        case executor.OrderCompleted():
            return _with(
                standing, silent_tasks=_minus(standing.silent_tasks, *(task.id for task in event.result.tasks))
            )
        case notifier.LettersOrdered():
            return _with(standing, letters=_plus(standing.letters, *(letter.id for letter in event.letters)))
        case notifier.LetterDeferred():
            return _with(standing, delayed_letters=_plus(standing.delayed_letters, event.letter_id))
        case notifier.LetterSent():
            return _off_the_list(standing, event.letter_id)
        case notifier.LetterUndeliverable(reason="forgotten"):  # decided meanwhile: nobody needs it any more
            return _off_the_list(standing, event.letter_id)
        case notifier.LetterUndeliverable():
            return _with(_off_the_list(standing, event.letter_id), undeliverable=standing.undeliverable + 1)
        case notifier.LetterHandedOver():
            return _with(standing, undeliverable=max(0, standing.undeliverable - 1))
        case _:
            return standing


def _off_the_list(standing: Standing, letter_id: str) -> Standing:
    return _with(
        standing,
        letters=_minus(standing.letters, letter_id),
        delayed_letters=_minus(standing.delayed_letters, letter_id),
    )


def _with(standing: Standing, **changes: object) -> Standing:
    return standing.model_copy(update=changes)


def _plus(known: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return (*known, *(one for one in more if one not in known))


def _minus(known: tuple[str, ...], *less: str) -> tuple[str, ...]:
    return tuple(one for one in known if one not in less)
