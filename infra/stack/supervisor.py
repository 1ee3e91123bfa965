"""Brings the stack up, keeps every process running, takes it down again in order."""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress

import httpx

from infra.kafka.broker import Broker, reachable
from infra.stack.files import write_json
from infra.stack.layout import Member
from infra.stack.plan import Plan, Preparation
from infra.stack.process import Process
from infra.stack.refusal import Refusal
from infra.stack.restarts import Again, GiveUp, answer, broker_may_return, ended
from infra.stack.voice import Voice

READY_WITHIN = 120.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs one plan until it is told to stop (SIGINT, SIGTERM, SIGHUP) or cannot go on (Refusal)."""

    def __init__(self, plan: Plan, voice: Voice, announce: Callable[[], None]) -> None:
        self._plan, self._voice, self._announce = plan, voice, announce
        self._running: dict[str, Process] = {}
        self._ready: set[str] = set()
        self._watchers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def run(self) -> None:
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._asked_to_stop)
        try:
            if await self._unless_ended(self._bring_up()):
                self._announce()
                await self._end
        finally:
            await self._take_down()

    def _asked_to_stop(self) -> None:
        if not self._end.done():
            self._end.set_result(None)
        elif self._stopping:  # asked twice: without grace
            for process in self._running.values():
                process.kill()
            if self._plan.broker:
                self._plan.broker.kill()

    async def _unless_ended(self, step: Coroutine[None, None, None]) -> bool:
        """Do the step; False if the stack was asked to stop meanwhile, Refusal if it cannot go on."""
        task = asyncio.ensure_future(step)
        await asyncio.wait({task, self._end}, return_when=asyncio.FIRST_COMPLETED)
        if self._end.done():
            task.cancel()
            with suppress(asyncio.CancelledError, Refusal):
                await task
            self._end.result()
            return False
        task.result()
        return True

    # Coming up

    async def _bring_up(self) -> None:
        with self._voice.spinner("Kafka"):
            await self._broker_up()
            for preparation in self._plan.preparations:
                await self._prepare(preparation)
            await self._members_up()

    async def _broker_up(self) -> None:
        since, broker = time.monotonic(), self._plan.broker
        if broker is None:
            if not await reachable(self._plan.bootstrap):
                raise Refusal(f"No Kafka answers at {self._plan.bootstrap} (KAFKA_BOOTSTRAP_SERVERS).")
        else:
            await self._start(broker)
            self._watch(self._keep_broker(broker))
        self._voice.done(f"Kafka answers on {self._plan.bootstrap}", since)

    async def _start(self, broker: Broker) -> None:
        await broker.start(lambda done, total: self._voice.waiting(f"Kafka: fetching jar {done} of {total}"))
        self._write_children()

    async def _prepare(self, preparation: Preparation) -> None:
        since = time.monotonic()
        self._voice.waiting(preparation.what)
        log = self._plan.log_of("up")
        process = await Process.start(preparation.command, log, self._plan.environment)
        try:
            if await process.wait():
                raise Refusal(f"Not done: {preparation.what}. {process.log.last_line()} (its log: {log})")
        finally:
            process.kill()
        self._voice.done(preparation.what, since)

    async def _members_up(self) -> None:
        self._voice.waiting(", ".join(member.name for member in self._plan.members))
        for member in self._plan.members:
            self._watch(self._keep(member))
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client, asyncio.TaskGroup() as group:
            for member in self._plan.members:
                group.create_task(self._until_ready(client, member))

    async def _until_ready(self, client: httpx.AsyncClient, member: Member) -> None:
        since = time.monotonic()
        while not await _all_ready(client, member):
            if time.monotonic() - since > READY_WITHIN:
                self._fail(
                    Refusal(f"{member.name} is not ready after {READY_WITHIN:.0f} s. {self._last_words(member)}")
                )
                return
            await asyncio.sleep(0.1)
        self._ready.add(member.name)
        waited = [each.name for each in self._plan.members if each.name not in self._ready]
        self._voice.waiting(", ".join(waited))
        self._voice.done(f"{member.name} is ready", since)

    # Staying up

    def _watch(self, keeping: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(keeping)
        task.add_done_callback(self._watched)
        self._watchers.append(task)

    def _watched(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()):
            self._fail(failure)

    def _fail(self, failure: BaseException) -> None:
        if not self._end.done():
            self._end.set_exception(failure)

    async def _keep(self, member: Member) -> None:
        deaths: list[float] = []
        while True:
            log = self._plan.log_of(member.name)
            process = await Process.start(member.command, log, self._plan.environment_of(member))
            self._running[member.name] = process
            self._write_children()
            exit_code = await process.wait()
            deaths.append(time.monotonic())
            match answer(exit_code, deaths, was_ready=member.name in self._ready):
                case GiveUp(times):
                    raise Refusal(f"{member.name} ended {times} times before it was ready. {self._last_words(member)}")
                case Again(after):
                    when = f"in {after:g} s" if after else "at once"
                    self._voice.say(f"  {member.name} ended ({ended(exit_code)}); it is started again {when}.")
                    await asyncio.sleep(after)

    async def _keep_broker(self, broker: Broker) -> None:
        deaths: list[float] = []
        while True:
            exit_code = await broker.wait()
            deaths.append(time.monotonic())
            if not broker_may_return(deaths):
                raise Refusal(f"Kafka ended {len(deaths)} times within a minute; its log is {broker.log}.")
            self._voice.say(f"  Kafka ended by itself ({ended(exit_code)}); its data is kept, it is started again.")
            await self._start(broker)
            self._voice.say("  Kafka answers again.")

    def _last_words(self, member: Member) -> str:
        process = self._running.get(member.name)
        said = process.log.last_line() if process else "It was never started."
        return f"The last line of {self._plan.log_of(member.name)}: {said}"

    def _write_children(self) -> None:
        pids = {name: process.pid for name, process in self._running.items()}
        if self._plan.broker and self._plan.broker.pid:
            pids["kafka"] = self._plan.broker.pid
        write_json(self._plan.home / "children.json", pids)

    # Going down

    async def _take_down(self) -> None:
        self._stopping = True
        (self._plan.home / "run.json").unlink(missing_ok=True)
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        with self._voice.spinner("stopping"):
            for wave in sorted({member.wave for member in self._plan.members}):
                names = [member.name for member in reversed(self._plan.members) if member.wave == wave]
                await asyncio.gather(*(self._running[name].stop() for name in names if name in self._running))
            if self._plan.broker:
                await self._plan.broker.stop()
        (self._plan.home / "children.json").unlink(missing_ok=True)


async def _all_ready(client: httpx.AsyncClient, member: Member) -> bool:
    try:
        return all([(await client.get(f"{url}/ready")).status_code == 200 for url in member.urls])
    except httpx.HTTPError:
        return False
