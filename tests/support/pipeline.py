"""The five services on a broker in memory, under a schedule that crashes, freezes, repeats and overtakes them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Literal

from schemas import topics
from schemas.envelope import Envelope
from schemas.request import OrderResult
from schemas.router import RequestClosed
from services.executor.processor import EXECUTOR
from services.intake.processor import INTAKE
from services.notifier.processor import NOTIFIER
from services.router.processor import ROUTER
from services.runtime.service import Service
from services.verifier.processor import VERIFIER
from tests.support.station import Broker, Disk, Station
from tests.support.townsfolk import CASES, Townsfolk

SERVICES: tuple[Service, ...] = (INTAKE, VERIFIER, ROUTER, EXECUTOR, NOTIFIER)

Kind = Literal["run", "crash", "wipe", "freeze", "stale", "redeliver", "again", "garble", "tick"]
Move = tuple[Kind, int]
"""What happens next, and a number from which everything about it follows."""


@dataclass
class Pipeline:
    """Everything that runs. ``stale`` holds workers that lost their partition and do not know it."""

    cases: tuple[str, ...]
    broker: Broker = field(default_factory=Broker)
    stations: list[Station] = field(default_factory=list)
    stale: list[Station] = field(default_factory=list)
    fenced: int = 0

    def __post_init__(self) -> None:
        self.world = Townsfolk(self.broker, {name: CASES[name] for name in self.cases})
        self.stations = [Station(service, self.broker, Disk(service)) for service in SERVICES]
        self.world.ask()

    def play(self, schedule: Iterable[Move]) -> "Pipeline":
        """Everything the schedule says; then, with nobody in the way, whatever is left to do."""
        for kind, number in schedule:
            getattr(self, f"_{kind}")(Random(number))
        for station in self.stale:
            while station.land():
                pass
        self.stale.clear()
        self._finish()
        return self

    # -- moves ------------------------------------------------------------------------------------------------

    def _run(self, chance: Random) -> None:
        """Some steps of the workers that are in charge, in any order."""
        for _ in range(chance.randrange(60)):
            self._step(chance, self.stations)

    def _stale(self, chance: Random) -> None:
        """Some steps of those that are not in charge any more."""
        for _ in range(chance.randrange(12)):
            self._step(chance, self.stale)

    def _crash(self, chance: Random) -> None:
        """A worker ends, and what it had in flight with it; its disk is found again."""
        number = chance.randrange(len(SERVICES))
        self._take_over(number, self.stations[number].disk)

    def _wipe(self, chance: Random) -> None:
        """A worker ends with its disk."""
        number = chance.randrange(len(SERVICES))
        self._take_over(number, Disk(SERVICES[number]))

    def _freeze(self, chance: Random) -> None:
        """A worker loses its partition without knowing; what it has in flight may land yet."""
        number = chance.randrange(len(SERVICES))
        self.stale.append(self.stations[number])
        self._take_over(number, Disk(SERVICES[number]))

    def _redeliver(self, chance: Random) -> None:
        """A record that was answered comes again."""
        station = chance.choice(self.stations)
        topic = chance.choice(station.service.sources)
        read = station.part.read(topic).offset
        if read >= 0:
            station.answer(topic, chance.randint(0, read))

    def _again(self, chance: Random) -> None:
        """Whoever wrote to an inbox does so again, with the same id: they never heard that it arrived."""
        topic = topics.inbox(chance.choice(SERVICES).name)
        if records := self.broker.records.get(topic):
            self.broker.append(topic, chance.choice(records))

    def _garble(self, chance: Random) -> None:
        """Something that is no record of ours lands on an inbox or on a log."""
        name = chance.choice(SERVICES).name
        topic = chance.choice([topics.inbox(name), topics.events(name)])
        raw = chance.choice(self.broker.records.get(topic) or [b"{}"])
        place = chance.randrange(len(raw))
        self.broker.append(topic, raw[:place] + b"\x00" + raw[place + 1 :])

    def _tick(self, chance: Random) -> None:
        """A little time passes: enough for a second try, too little for anything to expire."""
        self.broker.now += timedelta(seconds=chance.randrange(20))

    # -- working ----------------------------------------------------------------------------------------------

    def _step(self, chance: Random, stations: list[Station]) -> None:
        """One thing that one of them can do; now and then the writing down of silence."""
        open_ = [(station, step) for station in stations for step in station.steps(self.world.do)]
        if open_:
            station, step = chance.choice(open_)
            step()
            if chance.randrange(8) == 0:
                station.hush()
            self._look_after(station)

    def _look_after(self, station: Station) -> None:
        if not station.fenced:
            return
        self.fenced += 1
        if station in self.stale:
            self.stale.remove(station)
        else:
            self._take_over(self.stations.index(station), station.disk)

    def _take_over(self, number: int, disk: Disk) -> None:
        self.stations[number] = Station(SERVICES[number], self.broker, disk)

    def _finish(self) -> None:
        while sum(self._exhaust(number) for number in range(len(SERVICES))) or self._wait():
            pass

    def _exhaust(self, number: int) -> bool:
        moved = False
        while True:
            station = self.stations[number]
            if unread := station.unread():
                station.answer(unread[0])
            elif not (station.land() or station.hush() or station.act(self.world.do)):
                return moved
            moved = True
            self._look_after(station)

    def _wait(self) -> bool:
        """Nothing can be done now: it is later."""
        times = [effect.not_before for station in self.stations for effect, _ in station.owed() if effect.not_before]
        if times:
            self.broker.now = max(self.broker.now, min(times))
        return bool(times)

    # -- what came of it --------------------------------------------------------------------------------------

    def events(self, service: str) -> list[Envelope]:
        """The accepted events of a service, without its read lines."""
        return [each for _, each in self.broker.accepted(topics.events(service)) if not each.is_read_line]

    def event_ids(self) -> dict[str, list[str]]:
        """The ids of all events, by service."""
        return {service.name: sorted(event.id for event in self.events(service.name)) for service in SERVICES}

    def results(self) -> dict[str, list[list[OrderResult]]]:
        """How each request was closed, each time that it was; tasks in the order of their ids."""
        found: dict[str, list[list[OrderResult]]] = {CASES[name].request.id: [] for name in self.cases}
        for event in self.events("router"):
            if event.type == RequestClosed.TYPE:
                closed = RequestClosed.model_validate(event.data)
                found[event.subject].append([_in_order(result) for result in closed.results])
        return found


def _in_order(result: OrderResult) -> OrderResult:
    return result.model_copy(update={"tasks": tuple(sorted(result.tasks, key=lambda task: task.id))})
