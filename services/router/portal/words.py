"""The contract's tags in words a clerk would use. What the law says is cited where it was checked."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from schemas.executor import ExecutionPlanned, OrderBegun, OrderCompleted, TaskDeferred, TaskSettled
from schemas.request import Period, Proof, Request
from schemas.router import Flag, InstructionReturned, OwnerInstructed, RequestClosed, RequestRouted
from schemas.vocabulary import Assurance, Basis, Channel, Exemption, Method, Right, Scope, Span
from services.router.consents import Standing
from services.router.views import Phase
from services.runtime.web.moments import day_in_words


@dataclass(frozen=True, slots=True)
class Wording:
    """A right: its short name, what the person wants, and what an approval sets in motion."""

    name: str
    wants: str
    meaning: str
    approved: str


RIGHTS: Final[dict[Right, Wording]] = {
    Right.KNOW: Wording(
        "Know",
        "know what is held about them",
        "Which kinds of data are held, where they come from, what for, and who receives them.",
        "We put the answer together for you. Nothing changes in the products.",
    ),
    Right.ACCESS: Wording(
        "Access",
        "get a copy of their data",
        "A copy of all data held about the person in the suites you tick.",
        "We collect the data and leave a package here for you to download. Nothing is sent to the person.",
    ),
    Right.DELETE: Wording(
        "Delete",
        "have their data deleted",
        "All data about the person in the suites you tick is erased, except what a law you name requires you to keep.",
        "We erase the data in the suites you tick. Once it has begun it cannot be stopped, and it cannot be undone.",
    ),
    Right.CORRECT: Wording(
        "Correct",
        "have their data corrected",
        "The values the person names are corrected wherever they are held.",
        "We overwrite the old values. They cannot be brought back.",
    ),
    Right.OPT_OUT: Wording(
        "Opt out",
        "opt out of sale and sharing",
        "The person's data may no longer be sold or shared. Proof of identity is not needed for this.",
        "We record the opt-out in every suite you tick and pass it on to what can share data.",
    ),
    Right.LIMIT: Wording(
        "Limit",
        "limit the use of sensitive data",
        "Sensitive data may be used only for what the service itself needs. Proof of identity is not needed for this.",
        "We record the limit in every suite you tick.",
    ),
}

SCOPES: Final[dict[Scope, str]] = {
    Scope.PRODUCT: "in the products, not in data derived from them",
    Scope.COMPREHENSIVE: "in the products and in data derived from them, such as analytics",
}

EXEMPTIONS: Final[dict[Exemption, str]] = {
    Exemption.TRANSACTION: "Needed to complete what the person asked us to do or a contract with them",
    Exemption.SECURITY: "Needed to keep systems secure",
    Exemption.DEBUG: "Needed to find and repair errors",
    Exemption.SPEECH: "Free speech, the person's or another's",
    Exemption.CALECPA: "California Electronic Communications Privacy Act",
    Exemption.RESEARCH: "Public research that deletion would make impossible",
    Exemption.INTERNAL_USE: "Internal use the person can expect",
    Exemption.LEGAL_OBLIGATION: "A law requires us to keep it (open records, retention, legal hold)",
    Exemption.OTHER_PERSON: "It would disclose or harm another person's data",
    Exemption.ACCURATE: "The data is already accurate",
    Exemption.EXCESSIVE: "The request is baseless, repetitive or excessive",
    Exemption.NOT_REQUIRED: "We are not required to comply",
}

REASONS: Final = {"earlier_order_failed": "What had to come first did not succeed, so nothing was destroyed"}

CHANNELS: Final[dict[Channel, str]] = {
    Channel.WEB: "the web form",
    Channel.API: "the API",
    Channel.BUS: "a system of yours",
    Channel.PHONE: "a telephone call",
    Channel.POST: "a letter",
    Channel.EMAIL: "an e-mail",
    Channel.TICKET: "a support ticket",
}

METHODS: Final[dict[Method, str]] = {
    Method.NOT_NEEDED: "What is asked for needs no proof of identity (11 CCR 7060).",
    Method.EMAIL_LINK: (
        "The person opened a one-time link that we sent to this e-mail address. "
        "That shows control of the mailbox, not a name: compare the name with your own records."
    ),
    Method.SMS_CODE: "They entered a code that we sent to this telephone number.",
    Method.KNOWLEDGE: "What they said of themselves is as your products hold it. Which values those were is not kept.",
    Method.DECLARATION: "They declared under penalty of perjury to be this person.",
    Method.REAUTHENTICATION: "They signed in to their account anew, at the system that sent the request.",
    Method.ATTESTATION: "Somebody of your team, or of the staff who took the request in, vouched for them.",
    Method.CONFIRMATION: "The person confirmed to us that the agent acts for them (11 CCR 7063).",
    Method.PERMISSION: "The agent handed in a signed permission (11 CCR 7063).",
    Method.POWER_OF_ATTORNEY: "The agent handed in a power of attorney (11 CCR 7063).",
}

BASES: Final[dict[Basis, str]] = {
    Basis.PERMISSION: "with a signed permission",
    Basis.POWER_OF_ATTORNEY: "with a power of attorney",
}

FLAGS: Final[dict[Flag, tuple[str, str]]] = {
    Flag.MORE_THAN_FREE: (
        "More than two requests to know within twelve months",
        (
            "Two are free. You may refuse this one as excessive, or charge a reasonable fee; the person is told the "
            "reason (Cal. Civ. Code 1798.130(b), 1798.145(h)(3)). Only requests whose identity was proved are counted."
        ),
    ),
    Flag.DUPLICATE: (
        "The same was asked before, and was still open when this came",
        "Decide each by itself: one does not prove who asked the other.",
    ),
    Flag.REPEATED: (
        "The same was asked again and again within twelve months",
        (
            "You may refuse it if it is baseless or excessive; the person is told the reason "
            "(Cal. Civ. Code 1798.145(h)(3))."
        ),
    ),
}
"""Each flag's title, and what the owner may make of it (R13)."""

WHY_LINKED: Final[dict[Flag, str]] = {
    Flag.MORE_THAN_FREE: "a request to know within the twelve months before",
    Flag.DUPLICATE: "asks the same, and was open when this one came",
    Flag.REPEATED: "asked the same within the twelve months before",
}

STANDINGS: Final[dict[Standing, tuple[str, str]]] = {
    Standing.ASKED: ("waiting", "Asked for"),
    Standing.IN_FORCE: ("done", "In force"),
    Standing.IN_PART: ("failed", "In force in part"),
    Standing.REFUSED: ("stopped", "Refused by you"),
}
"""Each standing of an opt-out or a limit: its kind of mark, and its words."""

CONSENTS: Final[dict[Right, str]] = {
    Right.OPT_OUT: "No sale and no sharing",
    Right.LIMIT: "Sensitive data only for what the service needs",
}

STATES: Final[dict[Phase, tuple[str, str]]] = {
    Phase.DECIDING: ("waiting", "Needs your decision"),
    Phase.RETURNED: ("failed", "Instruction incomplete"),
    Phase.EXECUTING: ("acting", "Being carried out"),
    Phase.CLOSED: ("done", "Closed"),
}
"""Each state's kind of mark, and its words."""

HAPPENED: Final[dict[str, tuple[str, str]]] = {
    RequestRouted.TYPE: ("done", "Identity settled; handed to you for a decision"),
    InstructionReturned.TYPE: ("failed", "Instruction came back: something was missing"),
    OwnerInstructed.TYPE: ("done", "Instruction given"),
    ExecutionPlanned.TYPE: ("done", "Work planned, product by product"),
    OrderBegun.TYPE: ("acting", "begun: the point of no return"),
    TaskDeferred.TYPE: ("waiting", "could not answer; it will be asked again"),
    TaskSettled.TYPE: ("done", "answered"),
    OrderCompleted.TYPE: ("done", "settled"),
    RequestClosed.TYPE: ("done", "Closed: every part has its result"),
}

MISSING: Final = {
    "by": ("", "Your account is not one of this owner's. Ask your Admin."),
    "must_comply": ("must_comply", "Say whether you must comply."),
    "law_limits": ("law_limits", "Say whether a law limits or pre-empts the request."),
    "identity_confirmed": ("identity_confirmed", "To approve anything, confirm that the identity has been validated."),
    "suites": ("suites", "To approve anything, tick at least one suite."),
    "affiliates": ("affiliates", "An affiliate you ticked is not one of yours."),
    "decisions": ("decision-0", "Approve or refuse each thing asked for."),
    "exemption": ("exemption-0", "Name the reason for each refusal."),
}
"""What an instruction may lack (R04): the field to go to, and what to do there."""


def asked(request: Request) -> str:
    """What the person wants, in one breath: ``get a copy of their data, then have their data deleted``."""
    wants = [RIGHTS[order.right].wants for order in request.orders]
    chained = any(order.after for order in request.orders)
    return (", then " if chained else " and ").join(wants) if len(wants) == 2 else ", ".join(wants)


def short(request: Request) -> str:
    """The rights by name: ``Access, then delete``."""
    names = [RIGHTS[order.right].name for order in request.orders]
    joint = ", then " if any(order.after for order in request.orders) else ", "
    return joint.join(names).lower().capitalize()


def proved(proof: Proof) -> tuple[str, tuple[str, ...]]:
    """How well identity was proved, and by what: a sentence for each method that counted."""
    degree = {
        Assurance.NONE: "Not proved",
        Assurance.REASONABLE: "To a reasonable degree",
        Assurance.REASONABLY_HIGH: "To a reasonably high degree",
    }[proof.level]
    return degree, tuple(METHODS[method] for method in proof.methods or (proof.method,))


def period(asked: Period) -> str:
    """How far back the person asks (R15)."""
    match asked.span:
        case Span.TWELVE_MONTHS:
            return "The twelve months before the request"
        case Span.SINCE if asked.since:
            return f"Since {short_date(asked.since)}"
        case _:
            return "Everything that is held"


def consequence(request: Request) -> str:
    """What giving the instruction means, in one sentence."""
    rights = {order.right for order in request.orders}
    carried = "We carry out exactly what you approve, in the suites you tick"
    if Right.DELETE in rights:
        return f"{carried}, and what is deleted cannot be brought back."
    if Right.CORRECT in rights:
        return f"{carried}, and the values that are overwritten cannot be brought back."
    return f"{carried}."


def short_date(day: date) -> str:
    """``March 3, 2026``, for lists."""
    return day_in_words(day, "UTC").partition(", ")[2]
