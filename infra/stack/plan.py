"""What one `habeas up` is going to run, decided before anything is started."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.kafka.broker import Broker
from infra.stack.keys import keys
from infra.stack.layout import CONTROLLER, KAFKA, MAILBOX, Member, home_of, members, port_base_of, replicas_of
from infra.stack.preflight import check_ports
from infra.stack.refusal import Refusal

NOT_INHERITED = {"HABEAS_PORT", "HABEAS_INSTANCE", "HABEAS_KEYS_GENERATED"}


@dataclass(frozen=True)
class Preparation:
    """A command that must succeed between the broker's start and everybody else's."""

    what: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """`broker` is None where KAFKA_BOOTSTRAP_SERVERS names a Kafka that is not ours."""

    home: Path
    port_base: int
    bootstrap: str
    broker: Broker | None
    preparations: tuple[Preparation, ...]
    members: tuple[Member, ...]
    environment: Mapping[str, str]

    def environment_of(self, member: Member) -> dict[str, str]:
        return {**self.environment, **member.environment}

    def log_of(self, name: str) -> Path:
        return self.home / "log" / f"{name}.log"


def ports(base: int, who: tuple[Member, ...], local_broker: bool) -> list[int]:
    """Every port the stack is going to listen on."""
    broker = (base + KAFKA, base + CONTROLLER) if local_broker else ()
    return sorted([port for member in who for port in member.ports] + list(broker))


def make_plan(environment: Mapping[str, str] = os.environ) -> Plan:
    """Read the environment, check the ports, make the keys. Raises Refusal with the sentence to show."""
    home, base = home_of(environment), port_base_of(environment)
    who, elsewhere = members(base, replicas_of(environment)), environment.get("KAFKA_BOOTSTRAP_SERVERS")
    check_ports(ports(base, who, local_broker=not elsewhere), base)
    heap = environment.get("HABEAS_KAFKA_HEAP") or "256m"
    broker = None if elsewhere else Broker(home, base + KAFKA, base + CONTROLLER, heap)
    bootstrap = elsewhere or f"127.0.0.1:{base + KAFKA}"
    return Plan(home, base, bootstrap, broker, PREPARATIONS, who, child_environment(environment, home, base, bootstrap))


def child_environment(given: Mapping[str, str], home: Path, base: int, bootstrap: str) -> dict[str, str]:
    """What every process is given. A key set in the environment goes before the one in keys.json.

    `habeas up` runs the demo only: Refusal where the environment says otherwise.
    """
    if given.get("HABEAS_ENVIRONMENT", "demo") != "demo":
        raise Refusal("`habeas up` runs the demo only. Elsewhere, start each service by itself (see infra/README.md).")
    made = keys(home)
    return {
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",  # glibc would give each thread a heap of its own, and keep what was freed there
        **made,
        "HABEAS_ENVIRONMENT": "demo",
        "HABEAS_KEYS_GENERATED": str(not made.keys() <= given.keys()).lower(),
        **text_messages(base, made["HABEAS_PRODUCT_TOKEN"]),
        **{name: value for name, value in given.items() if name not in NOT_INHERITED},
        "HABEAS_HOME": str(home),
        "HABEAS_PORT_BASE": str(base),
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
    }


def text_messages(base: int, token: str) -> dict[str, str]:
    """The gateway that the demo's mailbox plays; what the environment says goes before it."""
    return {
        "HABEAS_SMS_URL": f"http://127.0.0.1:{base + MAILBOX}",
        "HABEAS_SMS_ACCOUNT": "ACdemo",
        "HABEAS_SMS_TOKEN": token,
        "HABEAS_SMS_FROM": "+15005550006",
    }


def _habeas(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "services.runtime.command", *arguments)


PREPARATIONS = (
    Preparation("topics made", _habeas("topics", "--create")),
    Preparation(
        "catalogue applied", _habeas("catalogue", "apply", "infra/demo/catalogue.yaml", "--logins", "infra.demo.logins")
    ),
)
