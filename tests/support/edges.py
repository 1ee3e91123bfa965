"""The spans of a standard request as edges, parent -> child: what must be there, and what is."""

from collections.abc import Iterable

from tests.support.otlp import Span

PRODUCTS = ("civicengage", "civicrec", "seeclickfix")
"""What the owner uses."""

AT_THE_DOORS = (
    "intake POST /v1/requests -> intake RequestReceived",
    "verifier POST /verify/{request_id}/{token} -> verifier IdentityVerified",
    "router POST /portal/api/requests/{request_id}/instruction -> router OwnerInstructed",
)
BETWEEN_SERVICES = (
    "intake RequestReceived -> verifier ChallengeIssued",
    "intake RequestReceived -> notifier LettersOrdered",
    "verifier ChallengeIssued -> notifier LettersOrdered",
    "verifier IdentityVerified -> router RequestRouted",
    "router RequestRouted -> notifier LettersOrdered",
    "router OwnerInstructed -> executor ExecutionPlanned",
    "router OwnerInstructed -> notifier LettersOrdered",
    "executor OrderCompleted -> router OrderRecorded",
    "executor OrderCompleted -> router RequestClosed",
    "router RequestClosed -> notifier LettersOrdered",
)
OF_EFFECTS = (
    "verifier IdentityVerified -> verifier DestroyKeys",
    "verifier DestroyKeys -> verifier DataForgotten",
    "executor ExecutionPlanned -> executor CallProduct",
    "executor CallProduct -> executor TaskSettled",
    "executor TaskSettled -> executor MakePackage",
    "executor MakePackage -> executor OrderCompleted",
    "executor OrderCompleted -> executor Wake",
    "executor Wake -> executor OrderBegun",
    "executor OrderBegun -> executor CallProduct",
    "executor CallProduct -> executor OrderCompleted",
    "notifier LettersOrdered -> notifier SendLetter",
    "notifier SendLetter -> notifier LetterSent",
)
AT_PRODUCTS = tuple(
    f"executor CallProduct -> executor {product} {action}"
    for product in PRODUCTS
    for action in ("find", "access", "erase")
)
EXPECTED = frozenset((*AT_THE_DOORS, *BETWEEN_SERVICES, *OF_EFFECTS, *AT_PRODUCTS))
"""Of access, then delete, at three products, with all letters. Each is there once at least."""


def edges(spans: Iterable[Span], request_id: str) -> set[str]:
    """Parent -> child, of the traces in which the request is named."""
    every = list(spans)
    traces = {span.trace for span in every if span.attributes.get("habeas.request") == request_id}
    known = {(span.trace, span.span): span for span in every if span.trace in traces}
    pairs = ((known.get((span.trace, span.parent)), span) for span in known.values())
    return {
        f"{told(parent.service, parent.name)} -> {told(span.service, span.name)}" for parent, span in pairs if parent
    }


def told(service: str, name: str) -> str:
    """A span's name with its service, once."""
    own = service.removeprefix("habeas-")
    return name if name.startswith(f"{own} ") else f"{own} {name}"
