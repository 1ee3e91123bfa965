"""Who runs where: every process of the stack, its module and its ports, counted from HABEAS_PORT_BASE."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.stack.refusal import Refusal

SERVICES = {"intake": 0, "verifier": 1, "router": 2, "executor": 3, "notifier": 4, "console": 5}
MAILBOX, HELPDESK, SMTP = 6, 7, 25
PRODUCTS = {
    "civicengage": 10,
    "civicrec": 11,
    "civicclerk": 12,
    "civichr": 13,
    "civicready": 14,
    "civicoptimize": 15,
    "cp-connect": 16,
    "seeclickfix": 17,
}
KAFKA, CONTROLLER, REPLICAS = 20, 21, 40
HIGHEST_BASE = 65_000


@dataclass(frozen=True)
class Member:
    """A process of the stack. `wave` orders the stopping: 0 ends first, then 1; the broker ends last."""

    name: str
    module: str
    ports: tuple[int, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    wave: int = 0
    replica_of: str | None = None
    pages: tuple[int, ...] = ()

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", self.module]

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it answers HTTP."""
        return tuple(f"http://127.0.0.1:{port}" for port in self.pages or self.ports)


def members(base: int, replicas: Mapping[str, int]) -> tuple[Member, ...]:
    """Every process but the broker, in the order of starting. `replicas`: how many of a service, the first included."""
    demo = (
        Member("products", "infra.demo.products", tuple(base + plus for plus in PRODUCTS.values()), wave=1),
        Member("mailbox", "infra.demo.mailbox", (base + MAILBOX, base + SMTP), wave=1, pages=(base + MAILBOX,)),
        Member("helpdesk", "infra.demo.helpdesk", (base + HELPDESK,), wave=1),
    )
    names = [(name, f"{name}-{n}") for name, count in replicas.items() for n in range(1, count)]
    more = tuple(
        Member(
            instance,
            f"services.{name}",
            (port,),
            {"HABEAS_INSTANCE": instance, "HABEAS_PORT": str(port)},
            replica_of=name,
        )
        for port, (name, instance) in enumerate(names, start=base + REPLICAS)
    )
    first = tuple(
        Member(name, f"services.{name}", (base + plus,), watching(base, more) if name == "console" else {})
        for name, plus in SERVICES.items()
    )
    return demo + first + more


def watching(base: int, replicas: Iterable[Member]) -> dict[str, str]:
    """Whose metrics the console reads: every process of every service but its own."""
    first = [(name, base + plus) for name, plus in SERVICES.items() if name != "console"]
    more = [(each.replica_of, each.ports[0]) for each in replicas if each.replica_of != "console"]
    return {"HABEAS_PROCESSES": ",".join(f"{name}=http://127.0.0.1:{port}" for name, port in first + more)}


def home_of(environment: Mapping[str, str] = os.environ) -> Path:
    return Path(environment.get("HABEAS_HOME") or ".habeas").absolute()


def port_base_of(environment: Mapping[str, str] = os.environ) -> int:
    said = environment.get("HABEAS_PORT_BASE") or "8000"
    if not said.isdecimal() or not 1024 <= int(said) <= HIGHEST_BASE:
        raise Refusal(f"HABEAS_PORT_BASE is {said!r}; it must be a number from 1024 to {HIGHEST_BASE}.")
    return int(said)


def replicas_of(environment: Mapping[str, str] = os.environ) -> dict[str, int]:
    """HABEAS_REPLICAS, such as `verifier=2,executor=3`."""
    said = environment.get("HABEAS_REPLICAS", "")
    pairs = [part.strip().partition("=") for part in said.split(",") if part.strip()]
    for name, _, count in pairs:
        if name not in SERVICES or not count.isdecimal() or not 1 <= int(count) <= 9:
            raise Refusal(f"HABEAS_REPLICAS has {name}={count}; write a service and a number from 1 to 9: verifier=2.")
    return {name: int(count) for name, _, count in pairs}
