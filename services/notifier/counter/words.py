"""What staff read about a letter that nobody took: what it is, why it lies here, and what they can do."""

from typing import Final

from schemas.notifier import LetterKind, Way

KINDS: Final[dict[LetterKind, str]] = {
    LetterKind.RECEIPT: "Receipt",
    LetterKind.OPT_OUT_RECEIPT: "Receipt",
    LetterKind.VERIFICATION: "Link to confirm the request",
    LetterKind.REMINDER: "Reminder to confirm the request",
    LetterKind.CODE: "Code by text message",
    LetterKind.EVIDENCE_NEEDED: "Request for more proof",
    LetterKind.UNVERIFIED: "What was not proved well enough",
    LetterKind.AGENT_RECEIPT: "Receipt for the agent",
    LetterKind.AGENT_CONFIRMATION: "Question whether an agent acts for the person",
    LetterKind.AGENT_COMPLETION: "How the request ended, for the agent",
    LetterKind.OWNER_NOTICE: "Notice to the data owner",
    LetterKind.DECISION: "The data owner’s decision",
    LetterKind.COMPLETION: "How the request ended",
    LetterKind.OWNER_COMPLETION: "How the request ended, for the data owner",
}

REASONS: Final[dict[str, str]] = {
    "no-email": "The person gave no e-mail address.",
    "no-phone": "The person gave no telephone number.",
    "no-address": "What stands for the e-mail address is none.",
    "address-not-supported": "The mail server cannot write to an address like this one.",
    "no-sms-gateway": "Text messages are not set up here. Tell an operator.",
    "too-many-letters": "The address had its share of letters on every day since. Somebody may be flooding it.",
    "tampered": "The sealed address does not fit this request. Tell an operator.",
    "no-connection": "The mail server did not answer for about two days.",
    "timeout": "The mail server did not answer in time, for about two days.",
}

WAYS: Final[dict[Way, str]] = {Way.POST: "by post", Way.TELEPHONE: "on the telephone"}


def reason(code: str) -> str:
    """Why a letter lies here."""
    if code in REASONS:
        return REASONS[code]
    if code.startswith("sms-"):
        return f"The gateway for text messages did not take it ({code.removeprefix('sms-')})."
    if code.startswith("smtp-"):
        return f"The mail server refused it ({code.removeprefix('smtp-')})."
    return f"It could not be delivered ({code})."
