"""Works out the dates: the law's clock from the person's request, the contract's from the owner's instruction (R07)."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from schemas.catalogue import Catalogue, Owner
from schemas.request import Request
from schemas.vocabulary import NEEDS_NO_PROOF

OPT_OUT_DAYS: Final = 15
"""Business days within which an opt-out or a limit is carried out (11 CCR 7026(f), 7027(g))."""

FRIDAY: Final = 4


def local_date(moment: datetime, owner: Owner) -> date:
    """The calendar day of an instant where the owner is."""
    return moment.astimezone(ZoneInfo(owner.zone)).date()


def legal_due(request: Request, owner: Owner) -> date:
    """The last day of the statutory period: it runs from receipt, not from verification (11 CCR 7021(b)).

    An opt-out and a limit have fifteen business days (11 CCR 7026(f), 7027(g)); where they stand beside other rights,
    the earlier day counts.
    """
    received = local_date(request.received_at, owner)
    rights = {order.right for order in request.orders}
    dates = [received + timedelta(days=owner.statutory_days)] if rights - NEEDS_NO_PROOF else []
    dates += [business_days_after(received, OPT_OUT_DAYS)] if rights & NEEDS_NO_PROOF else []
    return min(dates)


def business_days_after(day: date, count: int) -> date:
    """The day ``count`` business days after ``day``, which is not counted itself: Mondays to Fridays.

    Holidays are counted as well. Which of them bind an owner is not known here, and a date without them is never later
    than the law's.
    """
    weeks, rest = divmod(count, 5)
    found = day + timedelta(weeks=weeks)
    while found.weekday() > FRIDAY:
        found -= timedelta(days=1)
    for _ in range(rest):
        found += timedelta(days=3 if found.weekday() == FRIDAY else 1)
    return found


def instruct_by(routed_at: datetime, owner: Owner) -> date:
    """The day by which the owner is asked to instruct (R05)."""
    return local_date(routed_at, owner) + timedelta(days=owner.instruction_days)


def contract_due(
    instructed_at: datetime, request: Request, owner: Owner, products: tuple[str, ...], policies: Catalogue
) -> date:
    """The contract's date: the long period where the request is compound or a third party backs a product (R07)."""
    third_party = any(policies.products[slug].third_party_backed for slug in products)
    long = len(request.orders) > 1 or third_party
    return local_date(instructed_at, owner) + timedelta(days=owner.compound_days if long else owner.contract_days)
