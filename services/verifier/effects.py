"""What the verifier does to the world: it asks products about data points, and destroys keys."""

import asyncio
from collections.abc import Iterator
from typing import Final

from schemas.catalogue import Product
from schemas.request import Contact, Correction, DataPoint, Request
from schemas.verifier import KeysDestroyed, PointsCompared
from schemas.vocabulary import PointKind
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten, Tampered
from services.verifier.matching import NotNow, matches
from services.verifier.owing import DestroyKeys, MatchPoints

BY: Final = "verifier"
WHY: Final = "match"

NAMED: Final = {
    PointKind.STREET_ADDRESS: "address",
    PointKind.POSTAL_CODE: "postal_code",
    PointKind.DATE_OF_BIRTH: "date_of_birth",
    PointKind.ACCOUNT_NUMBER: "account_number",
}
"""Kinds of data points → what products call them. One that a product does not know matches nothing there."""


async def match_points(effect: MatchPoints, floor: Floor) -> PointsCompared:
    """Counts the data points that some product holds of the person whose address was proved. No value is in the result.

    Raises :class:`NotNow` while a product that could add to the count does not answer: the effect is tried again, until
    the request's time is over.
    """
    try:
        given = await asyncio.to_thread(_opened, effect, floor)
    except (Forgotten, Tampered):
        return PointsCompared(effect_id=effect.id, matched=0)
    anchor, points = given
    products = floor.catalogue().products_of(effect.request.owner)
    found = [await _held(anchor | point, products, effect.request.owner, floor) for point in points]
    return PointsCompared(effect_id=effect.id, matched=sum(found))


async def destroy_keys(effect: DestroyKeys, floor: Floor) -> KeysDestroyed:
    """Destroys keys. Doing so twice is doing it once."""
    for purpose in effect.purposes:
        await asyncio.to_thread(floor.vault.destroy, effect.request_id, purpose)
    return KeysDestroyed(effect_id=effect.id, purposes=effect.purposes)


async def _held(point: dict[str, str], products: tuple[Product, ...], owner: str, floor: Floor) -> bool:
    """Whether any product holds this of the person; all are asked, whatever the first ones say."""
    token = floor.settings.product_token.get_secret_value()
    asked = (matches(floor.http, product, token, owner, point) for product in products)
    said = await asyncio.gather(*asked, return_exceptions=True)
    if any(answer is True for answer in said):
        return True
    for answer in said:
        if isinstance(answer, BaseException):
            raise answer
    return False


def _opened(effect: MatchPoints, floor: Floor) -> tuple[dict[str, str], list[dict[str, str]]]:
    """What the person is found by, and each thing to compare beside it."""
    request, vault = effect.request, floor.vault
    contact = vault.open_model(request.id, "contact", request.contact, Contact, by=BY, why=WHY)
    anchor = {"email": contact.email} if contact.email else {"phone": contact.phone or ""}
    contested = set(_contested(request, floor))
    named = {"name": contact.name, **({"phone": contact.phone} if contact.phone else {})}
    for point in _points(effect, floor):
        named[NAMED[point.kind]] = point.value
    return anchor, [{name: value} for name, value in named.items() if name not in contested]


def _points(effect: MatchPoints, floor: Floor) -> Iterator[DataPoint]:
    """Every data point given. Of one kind the last one counts: nobody gets to guess."""
    first = (effect.request.points,) if effect.request.points is not None else ()
    for sealed in (*first, *effect.points):
        yield from floor.vault.open_model(
            effect.request.id, "points", sealed, tuple[DataPoint, ...], by=BY, why=WHY
        )  # fmt: skip


def _contested(request: Request, floor: Floor) -> Iterator[str]:
    """What the person says is wrong in the records cannot prove who they are (11 CCR 7060(h))."""
    if request.corrections is not None:
        for change in floor.vault.open_model(
            request.id, "corrections", request.corrections, tuple[Correction, ...], by=BY, why=WHY
        ):
            yield change.field.strip().lower().replace(" ", "_")


__all__ = ["NotNow", "destroy_keys", "match_points"]
