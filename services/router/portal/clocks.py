"""Both clocks of a case in words: how long is left, and why that long (R07)."""

from dataclasses import dataclass
from datetime import date

from schemas.catalogue import Catalogue, Owner
from schemas.vocabulary import NEEDS_NO_PROOF
from services.router.deadlines import OPT_OUT_DAYS, local_date
from services.router.reading import Case
from services.router.views import Phase
from services.runtime.web.moments import day_in_words

SOON_DAYS = 10


@dataclass(frozen=True, slots=True)
class Clock:
    """``kind`` is a mark of the stylesheet; ``left`` is empty when nothing runs any more."""

    title: str
    due: date | None
    left: str
    kind: str
    reason: str


def left_in_words(due: date, today: date) -> str:
    """``12 days left``, ``due today``, ``3 days late``."""
    days = (due - today).days
    if days == 0:
        return "due today"
    unit = "day" if abs(days) == 1 else "days"
    return f"{days} {unit} left" if days > 0 else f"{-days} {unit} late"


def urgency(due: date, today: date) -> str:
    """The mark for a date: late, soon, or neither."""
    days = (due - today).days
    return "failed" if days < 0 else "waiting" if days <= SOON_DAYS else "stopped"


def law(case: Case, owner: Owner, today: date) -> Clock:
    """The law's clock runs from the day the person asked."""
    asked = day_in_words(local_date(case.request.received_at, owner), owner.zone)
    days = (case.legal_due - local_date(case.request.received_at, owner)).days
    reason = f"{days} calendar days from the day the person asked, {asked}. Proving identity does not stop it."
    if any(order.right in NEEDS_NO_PROOF for order in case.request.orders):
        reason = f"{OPT_OUT_DAYS} business days from the day the person asked, {asked}. Holidays are not left out."
    return _clock("By law", case.legal_due, case, today, reason)


def contract(case: Case, owner: Owner, catalogue: Catalogue, today: date) -> Clock:
    """The contract's clock runs from the owner's instruction; before it, how long it will be."""
    why = _why_long(case, catalogue)
    if case.contract_due is None or case.instructed_at is None:
        return Clock("By contract", None, "", "stopped", _forecast(case, owner, catalogue))
    began = local_date(case.instructed_at, owner)
    days = (case.contract_due - began).days
    because = f", because {why}" if why else ""
    reason = f"{days} calendar days from your instruction on {day_in_words(began, owner.zone)}{because}."
    return _clock("By contract", case.contract_due, case, today, reason)


def _clock(title: str, due: date, case: Case, today: date, reason: str) -> Clock:
    if case.state is Phase.CLOSED:
        return Clock(title, due, "", "done", reason)
    return Clock(title, due, left_in_words(due, today), urgency(due, today), reason)


def _forecast(case: Case, owner: Owner, catalogue: Catalogue) -> str:
    begins = "Starts when you instruct us:"
    if len(case.request.orders) > 1:
        return f"{begins} {owner.compound_days} calendar days, because more than one right is asked for."
    third = _third_party(case.products, catalogue)
    if third:
        rests = "rests on a third-party provider" if len(third) == 1 else "rest on third-party providers"
        return (
            f"{begins} {owner.contract_days} calendar days; "
            f"{owner.compound_days} if you tick {' or '.join(third)}, which {rests}."
        )
    return f"{begins} {owner.contract_days} calendar days."


def _why_long(case: Case, catalogue: Catalogue) -> str:
    if len(case.request.orders) > 1:
        return "more than one right is asked for"
    ticked = case.instruction.suites if case.instruction else ()
    third = _third_party(tuple(slug for slug in case.products if slug in ticked), catalogue)
    return f"{third[0]} rests on a third-party provider" if third else ""


def _third_party(products: tuple[str, ...], catalogue: Catalogue) -> list[str]:
    known = (catalogue.products[slug] for slug in products if slug in catalogue.products)
    return [product.name for product in known if product.third_party_backed]
