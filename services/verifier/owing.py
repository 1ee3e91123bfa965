"""What the verifier owes the world: looks at the clock, one comparison of data points, and the destruction of keys."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.cause import Effect, Wake
from schemas.envelope import derived_id
from schemas.request import Request
from services.verifier.case import Challenged, Gathering, Settled, State


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPoints(Effect):
    """The products are asked whether they hold these data points: the request's own, and ``points`` given since."""

    request: Request
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyKeys(Effect):
    """The request's keys for these purposes are to be destroyed."""

    request_id: str
    purposes: tuple[str, ...]


def due(state: State) -> Iterable[Effect]:
    """What this state owes."""
    match state:
        case Challenged(held_until=held) if held is not None:
            yield Wake(id=derived_id("release", state.case.request.id), not_before=held)
        case Challenged() | Gathering():
            yield from _open(state)
        case Settled():
            for key in state.forget:
                yield DestroyKeys(
                    id=derived_id("forget", state.request_id, *key.purposes),
                    not_before=key.at,
                    request_id=state.request_id,
                    purposes=key.purposes,
                )
        case _:
            return


def _open(state: Challenged | Gathering) -> Iterable[Effect]:
    case = state.case
    yield Wake(id=derived_id("expire", case.request.id), not_before=case.expires_at)
    if isinstance(state, Gathering) and state.comparing:
        yield MatchPoints(id=derived_id("compare", case.request.id), request=case.request, points=state.points)
    elif case.remind_at is not None:
        yield Wake(id=derived_id("remind", case.request.id), not_before=case.remind_at)
