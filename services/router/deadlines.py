"""Works out the dates: the law's clock from the person's request, the contract's from the owner's instruction (R07)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.catalogue import Catalogue, Owner
from schemas.request import Request


def local_date(moment: datetime, owner: Owner) -> date:
    """The calendar day of an instant where the owner is."""
    return moment.astimezone(ZoneInfo(owner.zone)).date()


def legal_due(request: Request, owner: Owner) -> date:
    """The last day of the statutory period: it runs from receipt, not from verification (11 CCR 7021(b))."""
    return local_date(request.received_at, owner) + timedelta(days=owner.statutory_days)


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
