"""What feeds the notifier, and what it is made of."""

from pathlib import Path

from pydantic import TypeAdapter

from schemas import topics
from schemas.intake import RequestReceived
from schemas.notifier import (
    AccountLetterOrdered,
    HandOverLetter,
    LetterAccepted,
    LetterDeferred,
    LetterHandedOver,
    LetterRefused,
    LetterSent,
    LettersOrdered,
    LetterUndeliverable,
    SendAccountLetter,
)
from schemas.router import OwnerInstructed, RequestClosed, RequestRouted
from schemas.verifier import ChallengeIssued, EvidenceNeeded, IdentityVerified, ReminderDue
from services.notifier import counter, domain, effects
from services.notifier.views import STRANDED
from services.runtime.service import Service

NOTIFIER = Service(
    name="notifier",
    meaning="people are told what happened, in words that cannot say more than the facts",
    sources=(topics.events("intake"), topics.events("verifier"), topics.events("router"), topics.inbox("notifier")),
    consumes=(
        RequestReceived, ChallengeIssued, ReminderDue, EvidenceNeeded, IdentityVerified, RequestRouted, OwnerInstructed,
        RequestClosed, SendAccountLetter, HandOverLetter, LetterAccepted, LetterRefused,
    ),
    emits=(LettersOrdered, AccountLetterOrdered, LetterSent, LetterDeferred, LetterUndeliverable, LetterHandedOver),
    state=TypeAdapter(domain.Correspondence),
    initial=domain.Correspondence(),
    decide=domain.decide,
    evolve=domain.evolve,
    due=domain.due,
    perform={domain.SendLetter: effects.send_letter, domain.SendToAccount: effects.send_to_account},
    views=(STRANDED,),
    routers=counter.ROUTERS,
    templates=Path(__file__).parent / "templates",
)  # fmt: skip
