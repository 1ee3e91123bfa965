"""Stories about a domain: ``given(events).when(cause).then(event)``.

Every event and every state a story passes through also goes to bytes and back: what cannot make that journey cannot
be replayed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.catalogue import Catalogue
from schemas.cause import Cause, Effect
from tests.support.facts import CATALOGUE, NOON


@dataclass(frozen=True)
class Decider:
    """A domain as a story needs it."""

    initial: Any
    decide: Callable[[Any, Cause], Fact | None]
    evolve: Callable[[Any, Any], Any]
    state: TypeAdapter[Any]
    due: Callable[[Any], Iterable[Effect]] = lambda _state: ()

    def given(self, *events: Fact) -> "Given":
        """The story so far: these events happened."""
        state = self.initial
        for event in events:
            state = _kept(self, self.evolve(state, _wired(event)))
        return Given(self, state)


@dataclass(frozen=True)
class Given:
    """A state a story has come to."""

    decider: Decider
    state: Any

    def when(
        self,
        body: Fact,
        *,
        at: datetime = NOON,
        id: str = "the-cause",  # noqa: A002
        policies: Catalogue = CATALOGUE,
    ) -> "Answer":
        """Something happens."""
        cause = Cause(id, at, "request-1", "millbrook", body, policies)
        said = self.decider.decide(self.state, cause)
        assert said == self.decider.decide(self.state, cause), "a domain may not depend on anything but its arguments"
        return Answer(self, said)

    def owes(self, *effects: Effect) -> None:
        """These effects, in this order, and no others."""
        assert tuple(self.decider.due(self.state)) == effects

    @property
    def owed(self) -> tuple[Effect, ...]:
        """What the state owes the world."""
        return tuple(self.decider.due(self.state))


@dataclass(frozen=True)
class Answer:
    """What the domain said to a cause."""

    before: Given
    event: Fact | None

    def then(self, expected: Fact) -> Given:
        """It said this. The story can go on from there."""
        assert self.event == expected
        return self.then_some(type(expected))[1]

    def then_some(self, kind: type[Fact]) -> tuple[Any, Given]:
        """It said something of this kind: the event, and the story after it."""
        assert isinstance(self.event, kind)
        decider = self.before.decider
        return self.event, Given(decider, _kept(decider, decider.evolve(self.before.state, _wired(self.event))))

    def then_silence(self) -> Given:
        """It said nothing."""
        assert self.event is None
        return self.before


def _wired(event: Fact) -> Fact:
    """The event as its readers get it."""
    read = type(event).model_validate_json(event.model_dump_json(exclude_none=True))
    assert read == event
    return read


def _kept(decider: Decider, state: Any) -> Any:
    """The state as the cache gives it back."""
    read = decider.state.validate_json(decider.state.dump_json(state))
    assert read == state
    return read
