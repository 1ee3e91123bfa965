"""What the desk says: where a request stands, and what whoever asks is told next. English, as all pages of staff."""

from datetime import datetime
from typing import Final

from schemas.catalogue import Owner
from schemas.vocabulary import NEEDS_NO_PROOF, Right, Span
from services.intake.desk.following import CLOSED, RECEIVED, Followed

CHANNELS: Final = {
    "web": "the privacy page",
    "api": "another system",
    "bus": "another system",
    "phone": "telephone",
    "post": "letter",
    "email": "e-mail",
    "ticket": "a support ticket",
}
"""The door a request came through."""

RIGHTS: Final = {
    Right.ACCESS: ("See the data", "A copy of what is held about them."),
    Right.KNOW: ("Know the kinds of data", "What kinds of data are held, from where, for what, and who gets them."),
    Right.CORRECT: ("Correct something", "Something is wrong or out of date."),
    Right.DELETE: ("Delete the data", "Cannot be undone. What the law says must be kept is kept."),
    Right.OPT_OUT: ("No sale or sharing", "Needs no proof of who they are: it goes ahead at once."),
    Right.LIMIT: ("Limit sensitive data", "Its use only for what was asked for. Needs no proof either."),
}
"""The six rights, in the order in which callers ask for them, each with what it means."""

SPANS: Final = {
    Span.TWELVE_MONTHS: "The last twelve months",
    Span.EVERYTHING: "Everything",
    Span.SINCE: "Since a day",
}
"""How far back."""

STATES: Final = {
    RECEIVED: ("acting", "Received", "It is written down and safe, and goes on by itself."),
    "confirming": ("waiting", "Waits for the person", "The person was asked to show who they are, and has not yet."),
    "comparing": ("acting", "Being compared", "What the person told us is being compared with what is held."),
    "proving": ("waiting", "Waits for the person", "The person showed something; more is needed, and they were told."),
    "verified": ("acting", "On its way to the owner", "The person has shown who they are."),
    "unverified": ("stopped", "Ended", "The person did not show well enough who they are. They may ask again."),
    "expired": ("stopped", "Ended", "The person did not answer in time. They may ask again at any time."),
    "deciding": ("acting", "With the owner", "The owner has it, and decides about each thing that was asked for."),
    "executing": ("acting", "Being carried out", "The owner has decided. What it approved is being done."),
    CLOSED: ("done", "Answered", "Every part of it is settled, and the person was written to about each."),
}
"""State → its kind, its name, and a sentence that may be told to a caller."""

UNPROVED: Final = frozenset({RECEIVED, "confirming", "comparing", "proving"})
"""While somebody may still vouch for the person."""

AT_OWNER: Final = frozenset({"deciding", "executing", CLOSED})
"""From when on the owner's portal has it."""


def state(request: Followed) -> tuple[str, str, str]:
    """Kind, name and sentence. A state of a later release is told as under way."""
    return STATES.get(request.state, ("acting", "Under way", "It is being worked on."))


def rights(request: Followed) -> str:
    """What was asked for, as a line."""
    return ", ".join(RIGHTS[Right(right)][0].lower() for right in request.rights).capitalize()


def until(request: Followed) -> datetime | None:
    """The moment by which the person must have answered; None where they need not."""
    waits = request.state in ("confirming", "proving") and request.until
    return datetime.fromisoformat(request.until) if waits else None


def heard_next(request: Followed, owner: Owner) -> list[str]:
    """What to read out at the end of a call."""
    hours = owner.challenge_ttl_hours
    lasts = f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
    said = []
    if not NEEDS_NO_PROOF.issuperset(Right(right) for right in request.rights):
        said.append(
            f"You will get an e-mail within minutes. Open the link in it to confirm that it is you; it works for "
            f"{lasts}. Nothing is done before you use it."
            if request.by_mail
            else f"You will get a text message with a code. It shows that it is you, and works for {lasts}. Nothing is "
            f"done before that."
        )
    else:
        said.append("This goes ahead at once. You need not prove anything.")
    said.append(f"{owner.name} decides about your request, and has {owner.statutory_days} days to answer you.")
    said.append("You may not be treated worse for asking.")
    said.append("With this number you can call any time and ask where it stands.")
    return said
