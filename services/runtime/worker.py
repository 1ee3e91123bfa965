"""One service as a process: its stream, its effects, its read model and its pages, in one event loop."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import structlog
import uvicorn
import uvloop
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.contrib.asgi import bind_to_running_loop

from schemas import topics
from services.runtime import exporting, metrics, parking, pauses, preflight, telemetry
from services.runtime.acts import Recorder
from services.runtime.blobs import Blobs
from services.runtime.bus import Bus, producer
from services.runtime.cache import OPTIONS, Mark
from services.runtime.catalogue import Replica
from services.runtime.chain import Record
from services.runtime.comebacks import COMEBACKS
from services.runtime.consumer import Solitary, solitary
from services.runtime.database import engine
from services.runtime.effects import Clock
from services.runtime.faust_app import faust_app, raw_topic, state_folder
from services.runtime.floor import Floor
from services.runtime.ledger import BROKEN, Ledger, come_back
from services.runtime.measuring import Measuring, from_zero
from services.runtime.preflight import Refused
from services.runtime.projection import Projector
from services.runtime.reader import read_by_the_poll
from services.runtime.service import Service
from services.runtime.settings import Settings, settings
from services.runtime.trimming import keep_trimming
from services.runtime.vault import Vault
from services.runtime.web.app import create

SWITCH = 0.0005
"""Seconds a thread may keep the interpreter: folding read models must not hold up the stream for Python's five
milliseconds each time it has sent something.
"""

log = structlog.get_logger()


def run(service: Service) -> None:
    """Runs the service until it is told to stop. Exits 75 when fenced, 70 when it cannot know the outcome of a step."""
    here = settings()
    telemetry.start(service.name, here.log_level, exporting.processors(here))
    sys.setswitchinterval(SWITCH)
    try:
        preflight.check_environment(here)
        COMEBACKS.begin(service.name, state_folder(service.name, here))
        uvloop.run(Worker(service, here).run())
    except Refused as refusal:
        sys.exit(f"{service.name}: {refusal}")
    except KafkaError as error:
        sys.exit(f"{service.name}: the broker at {here.bootstrap} does not answer ({type(error).__name__}).")
    finally:
        telemetry.stop()


class Worker:
    """Wires the floor together. Everything is built here and handed on; nothing registers itself."""

    def __init__(self, service: Service, here: Settings) -> None:
        self.service = service
        self.here = here
        self.replica = Replica(here.bootstrap)
        self.recorder = Recorder(here.bootstrap, service.name)
        self.bus = Bus(here.bootstrap, service.name)
        self.vault = Vault(engine(here.database_of("vault")), here.master_key.get_secret_value(), service.name)
        self.views = Projector(
            engine(here.database_of(service.name)), service.views, self._consumer, self._park, service.breath
        )
        self.views.on_shown = metrics.SHOWN.labels(service.name).observe
        self.measuring = Measuring(service.name, here.bootstrap, self.views)
        self.floor: Floor | None = None
        self.stream: Stream | None = None

    async def run(self) -> None:
        """Starts in the order of need, serves, and stops in the other order."""
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with self._floor() as floor:
            app = create(self.service, lambda: floor)
            server = uvicorn.Server(
                uvicorn.Config(
                    app, host="127.0.0.1", port=self.here.port_of(self.service.name), log_config=None,
                    access_log=False, server_header=False, lifespan="off", timeout_graceful_shutdown=5,
                )
            )  # fmt: skip
            server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
            async with asyncio.TaskGroup() as group:
                tasks: list[asyncio.Task[None]] = [group.create_task(task(floor)) for task in self.service.tasks]
                serving = group.create_task(_serve(server))
                pauses.settle()
                await stopped.wait()
                server.should_exit = True
                await serving
                for task in tasks:
                    task.cancel()

    @asynccontextmanager
    async def _floor(self) -> AsyncIterator[Floor]:
        async with httpx.AsyncClient(timeout=10, follow_redirects=False) as http:
            await self.bus.start()
            background = [asyncio.create_task(reading) for reading in self._readings()]
            floor = self.floor = Floor(
                settings=self.here,
                service=self.service.name,
                bus=self.bus,
                vault=self.vault,
                blobs=Blobs(self._packages(), self.vault),
                views=self.views,
                http=http,
                catalogue=lambda: self.replica.current,
                amend=lambda change: self.replica.amend(self.bus, change, self.service.name),
                record=lambda act: self.recorder.record(self.bus, act),
                unready=self._unready,
            )
            try:
                while not self.replica.caught_up:
                    await asyncio.sleep(0.01)
                preflight.check_accounts(self.here, self.replica.current)
                if self.service.sources:
                    from_zero(self.service.name, (*self.service.sources, topics.events(self.service.name)))
                    self.stream = Stream(self.service, floor, self._park)
                    await self.stream.start()
                    self.measuring.ledger, self.measuring.clock = self.stream.ledger, self.stream.clock
                yield floor
            finally:
                if self.stream is not None:
                    await self.stream.stop()
                for task in background:
                    task.cancel()
                await asyncio.gather(*background, return_exceptions=True)
                await self.bus.stop()

    def _readings(self) -> list[Coroutine[Any, Any, None]]:
        """What is read beside the stream. Acts are appended only by services that write them."""
        records = self.service.name in topics.BY_NAME[topics.ACTS].writers
        always = [self.replica.run(), self.views.run(), self.measuring.run(), self.measuring.time_views()]
        return [*always, self.recorder.log.run()] if records else always

    def _packages(self) -> str:
        return self.here.packages_url or f"file://{self.here.home.absolute()}/packages"

    def _unready(self) -> list[str]:
        waiting = []
        if not self.replica.caught_up:
            waiting.append("reading the catalogue")
        if not self.views.caught_up():
            waiting.append("bringing the read model up to date")
        if self.service.sources and (self.stream is None or not self.stream.taken_up):
            waiting.append("recovering state from the log")
        return waiting

    def _consumer(self) -> Solitary:
        return Solitary(self.here.bootstrap)

    async def _park(self, record: Record, reason: str, place: str) -> None:
        await parking.park(self.bus, self.vault, self.service.name, record, reason, place)


class Stream:
    """The Faust application of a service: all its sources, one table, one clock."""

    def __init__(self, service: Service, floor: Floor, park: Any) -> None:
        self._service = service
        self._floor = floor
        here = floor.settings
        self._here = here
        self._app = faust_app(service.name, here)
        self._arrivals = read_by_the_poll(self._app, frozenset(service.sources))
        self.clock = Clock(service, floor)
        self._tasks: list[asyncio.Task[None]] = []
        self.taken_up = False
        self._since = time.monotonic()
        self.ledger = self._table(park)
        self._producer = producer(here.bootstrap, f"{here.instance_of(service.name)}-log")

    def _table(self, park: Any) -> Ledger:
        app, name = self._app, self._service.name
        log_topic = raw_topic(app, topics.events(name), self._here.partitions)
        table = app.tables.add(
            Ledger(
                app, name=name, changelog_topic=log_topic, partitions=self._here.partitions,
                key_type=bytes, value_type=bytes, options=dict(OPTIONS),
            )
        )  # fmt: skip
        table.service = self._service
        table.policies = self._floor.catalogue
        table.park = park
        table.on_owned = self._take_up
        table.on_settled = self.clock.settled
        table.on_lost = self._let_go
        table.check_sources = self._check_sources
        return table  # type: ignore[no-any-return]

    async def start(self) -> None:
        """Checks what must hold, then joins the group. Raises Refused."""
        names = {*self._service.sources, topics.events(self._service.name)}
        await preflight.check_partitions(self._here.bootstrap, sorted(names), self._here.partitions)
        async with solitary(self._here.bootstrap) as consumer:
            await preflight.drop_foreign_caches(
                consumer, Path(self._app.conf.tabledir), self._service.name, self._here.partitions
            )
        await self._producer.start()
        self.ledger.producer = self._producer
        self._app.topics.add(raw_topic(self._app, *self._service.sources, self._here.partitions))
        self._app.on_partitions_revoked.connect(self._revoked)
        bind_to_running_loop(self._app)
        self._app.finalize()
        await self._app.maybe_start()
        inbox = topics.BY_NAME[topics.inbox(self._service.name)]
        assert inbox.kept is not None
        self._tasks = [
            asyncio.create_task(self._arrivals.answer_each(self.ledger.answer)),
            asyncio.create_task(self.clock.run()),
            asyncio.create_task(self._crash_with_the_app()),
            asyncio.create_task(keep_trimming(self._here.bootstrap, inbox.kept, self._read_of_the_inbox)),
        ]

    async def stop(self) -> None:
        """Lets go of the partitions, lands what is in flight, leaves the group."""
        for task in self._tasks:
            task.cancel()
        await self.ledger.let_go()
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await self._app.stop()
        await self._producer.stop()

    async def _read_of_the_inbox(self) -> Mapping[TopicPartition, int]:
        """How far the log says the inbox was read: nothing below is needed any more, not even after a crash."""
        inbox = topics.inbox(self._service.name)
        return {
            TopicPartition(inbox, number): read.offset + 1
            for number, position in self.ledger.settled_positions().items()
            if (read := position.get(inbox)) is not None
        }

    async def _revoked(self, *_: Any, **__: Any) -> None:
        self._since = time.monotonic()
        self._arrivals.clear()
        await self.ledger.let_go()

    def _take_up(self, partition: int, owing: Any) -> None:
        self.clock.take_up(partition, owing)
        self.taken_up = True

    def _let_go(self) -> None:
        self.clock.let_go()

    async def _check_sources(self, marks: Mapping[int, Mark]) -> Mapping[int, int]:
        ends: Mapping[int, int] = {}
        try:
            async with solitary(self._here.bootstrap) as consumer:
                await preflight.check_retention(consumer, self._service.sources, marks)
                ends = await preflight.ends_of(consumer, topics.inbox(self._service.name), marks)
        except Refused as refusal:
            come_back(BROKEN, str(refusal))
        self.taken_up = True
        metrics.RECOVERY.labels(self._service.name, "state").set(round(time.monotonic() - self._since, 2))
        return ends

    async def _crash_with_the_app(self) -> None:
        """Faust marks itself as crashed and lets the process live on, deaf. This does not; nor when a task ends."""
        while not self._app.should_stop and not any(task.done() for task in self._tasks):
            await asyncio.sleep(0.5)
        come_back(BROKEN, "the stream stopped by itself")


async def _serve(server: uvicorn.Server) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn says so when the port is taken
        log.error("the port is taken", port=server.config.port)
        os._exit(BROKEN)


__all__ = ["Stream", "Worker", "run"]
