"""The OpenTelemetry collector as a process: it takes spans over OTLP, and prints every one as it understood it."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.otlp import Span

CONFIGURATION = """
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:{port}
exporters:
  debug:
    verbosity: detailed
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [debug]
"""
_FIELD = re.compile(r"^ {4}(Trace ID|Parent ID|ID|Name) +: ?(.*)$")
_ATTRIBUTE = re.compile(r"^ +-> ([\w.]+): Str\((.*)\)$")


@dataclass(frozen=True)
class Collector:
    """``printed`` is everything it has said so far."""

    port: int
    output: Path

    @property
    def printed(self) -> str:
        return self.output.read_text(errors="replace")

    @property
    def spans(self) -> list[Span]:
        """The spans it took."""
        return list(read(self.printed))


@contextmanager
def collecting(program: Path, folder: Path, port: int) -> Iterator[Collector]:
    """The collector, until the end of the block."""
    configuration, output = folder / "collector.yaml", folder / "collector.out"
    configuration.write_text(CONFIGURATION.format(port=port))
    with output.open("wb") as out:
        process = subprocess.Popen([program, f"--config=file:{configuration}"], stdout=out, stderr=out)
    try:
        _wait(process, port, output)
        yield Collector(port, output)
    finally:
        process.terminate()
        process.wait(10)


def _wait(process: "subprocess.Popen[bytes]", port: int, output: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the collector did not start; it printed:\n{output.read_text(errors='replace')}")


def read(printed: str) -> Iterator[Span]:
    """The spans in what the collector's debug exporter prints."""
    service, held, attributes = "", dict[str, str](), dict[str, str]()

    def complete() -> Iterator[Span]:
        if held:
            own, parent = held.get("ID", ""), held.get("Parent ID", "")
            yield Span(service, held.get("Name", ""), held.get("Trace ID", ""), own, parent, (), dict(attributes))
        held.clear()
        attributes.clear()

    for line in printed.splitlines():
        if line.startswith(("Span #", "ScopeSpans #")) or "ResourceSpans #" in line:
            yield from complete()
        elif field := _FIELD.match(line):
            held[field[1]] = field[2].strip()
        elif attribute := _ATTRIBUTE.match(line):
            if not held and attribute[1] == "service.name":
                service = attribute[2]
            attributes[attribute[1]] = attribute[2]
    yield from complete()
