"""How the pages put stages, turns and reasons into words."""

from collections.abc import Iterable
from typing import Final

from schemas.vocabulary import Outcome
from services.console.picture import TURN
from services.console.words import began_with, plain, span
from services.console.words import told as told_result

__all__ = ["MEANING", "REASON", "STAGE", "TURN", "began_with", "plain", "reason", "span", "stage", "told_result"]

STAGE: Final[dict[str, tuple[str, str]]] = {
    "received": ("acting", "Received"),
    "challenged": ("waiting", "Waiting for proof"),
    "verified": ("acting", "Identity proved"),
    "unverified": ("stopped", "Not verified"),
    "deciding": ("waiting", "With the owner"),
    "instructed": ("acting", "Instructed"),
    "executing": ("acting", "Being carried out"),
    "closed": ("done", "Closed"),
}
"""Stage → how it is marked, and its word."""

MEANING: Final[dict[str, tuple[str, str]]] = {
    "intake": ("Intake", "received"),
    "verifier": ("Verifier", "proving identity"),
    "router": ("Router", "with the owner"),
    "executor": ("Executor", "being carried out"),
    "notifier": ("Notifier", "owed a letter"),
}
"""Service → its name, and what an open request does there."""

REASON: Final[dict[str, tuple[str, str]]] = {
    "empty": ("No content", "The record has no content."),
    "oversized": ("Too large", "The record is larger than the limit of 256 KiB, and was not read."),
    "unsealed": (
        "Not a service's own",
        "The record stands in a service's log without the hash that its service would have given it.",
    ),
    "not-a-cloudevent": (
        "Not a CloudEvent",
        "The record is no CloudEvent: it is not JSON, or an attribute is missing or malformed.",
    ),
    "unknown-specversion": (
        "Unknown CloudEvents version",
        "The record says that it is a CloudEvent of a version that is not known here.",
    ),
    "unknown-type": ("Unknown type", "No release of the contract knows this type of message."),
    "unknown-version": (
        "Unknown version",
        "The message is known, but not in this version: a newer release may have written it.",
    ),
    "bad-data": ("Data does not fit", "The data does not fit its type. The place says which field."),
    "decide-raised": ("Decision failed", "A service failed while it decided on this message: a defect in its code."),
    "view-failed": ("Read model failed", "A read model could not take this event: a defect in its code."),
}
"""Why a record was parked, as an operator needs to know it: in two words, and in a sentence."""

DONE: Final = frozenset(
    {
        Outcome.DELIVERED,
        Outcome.ERASED,
        Outcome.DEIDENTIFIED,
        Outcome.AGGREGATED,
        Outcome.CORRECTED,
        Outcome.OPTED_OUT,
        Outcome.NOT_FOUND,
    }
)


def reason(code: str) -> tuple[str, str]:
    """The reason in two words and in a sentence; the code itself where no release has words for it."""
    return REASON.get(code, (plain(code).capitalize(), "This release has no words for the reason."))


def stage(code: str, outcomes: Iterable[str], must_act: bool) -> tuple[str, str]:
    """How a request's state is marked, and its word. A closed one is marked as done only if every leaf is (R45)."""
    kind, word = STAGE[code]
    if must_act:
        return "failed", word
    if code == "closed" and not set(outcomes) <= DONE:
        return "stopped", word
    return kind, word
