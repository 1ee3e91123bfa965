"""What a service is, to the floor: its name, its sources, its three pure functions, its effects and its pages."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from pydantic import TypeAdapter

from schemas.base import Fact
from schemas.cause import Cause, Effect
from schemas.envelope import Envelope

if TYPE_CHECKING:
    from services.runtime.floor import Floor
    from services.runtime.projection import View
    from services.runtime.web.direct import Endpoint

Perform = Callable[[Any, "Floor"], Awaitable[Fact]]
"""Does one effect and returns its result. What may fail in the ordinary course is a result, not an exception."""


def by_request(envelope: Envelope) -> str:
    """The aggregate is the request: the record's subject."""
    return envelope.subject


def by_person(envelope: Envelope) -> str:
    """The aggregate is the person: the record's partition key."""
    return envelope.partitionkey


def nothing_due(_state: Any) -> Sequence[Effect]:
    """For a service that acts on nothing."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One stream processor, declared. ``consumes`` lists the messages it answers or is deliberately silent on;
    anything else on its sources is passed over without a trace in its log.
    """

    name: str
    meaning: str
    sources: tuple[str, ...]
    consumes: tuple[type[Fact], ...]
    emits: tuple[type[Fact], ...]
    state: TypeAdapter[Any]
    initial: Any
    decide: Callable[[Any, Cause], Fact | None]
    evolve: Callable[[Any, Any], Any]
    due: Callable[[Any], Iterable[Effect]] = nothing_due
    aggregate: Callable[[Envelope], str] = by_request
    perform: Mapping[type[Effect], Perform] = field(default_factory=dict)
    views: tuple["View", ...] = ()
    routers: tuple[APIRouter, ...] = ()
    breath: float = 0.02
    """Seconds a read model gathers records before it folds more of them: that saves more work than it costs time."""
    templates: Path | None = None
    feeds: Mapping[str, int] = field(default_factory=dict)
    """Paths to which machines deliver all the time, and the bytes a body may have there. While all is well, neither a
    log line nor a span tells of them."""
    streams: frozenset[str] = frozenset()
    """Paths whose bodies are read as they come, and bounded, by whoever answers there."""
    direct: "Mapping[tuple[str, str], Endpoint]" = field(default_factory=dict)
    """Method and exact path → what answers there without the router being asked; for what is asked all the time."""
    uploads: Mapping[str, int] = field(default_factory=dict)
    """Beginnings of paths where a form may carry files, and the bytes that such a body may have; it is not read before
    the page reads it. Anywhere else a body is short."""
    tasks: tuple[Callable[["Floor"], Coroutine[Any, Any, None]], ...] = ()
    """What else runs beside the stream, such as the door on the bus; each runs until cancelled."""
    wanted: frozenset[str] = field(init=False)
    """The type tags of what it consumes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "wanted", frozenset(message.TYPE for message in self.consumes))
