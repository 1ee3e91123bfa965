"""What `habeas up` tells once everything is ready: run.json for programs, a table and first steps for people."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from infra.stack.layout import HELPDESK, MAILBOX, PRODUCTS, Member
from infra.stack.plan import Plan
from infra.stack.voice import Voice


def demo_logins() -> list[dict[str, str]]:
    """The demo world's logins; imported late, so that the supervisor stands without a demo world."""
    try:
        from infra.demo.logins import LOGINS
    except ImportError:
        return []
    return [dataclasses.asdict(login) for login in LOGINS]


def demo_secrets() -> dict[str, str]:
    """The secrets of the demo's programs, by client."""
    try:
        from infra.demo.logins import SECRETS
    except ImportError:
        return {}
    return dict(SECRETS)


def facts(plan: Plan, logins: Sequence[dict[str, str]]) -> dict[str, Any]:
    """The content of run.json."""
    singles = [member for member in plan.members if member.wave == 0]
    return {
        "kafka": plan.bootstrap,
        "services": {member.name: member.urls[0] for member in singles if member.replica_of is None},
        "replicas": {member.name: member.urls[0] for member in singles if member.replica_of},
        "products": {name: f"http://127.0.0.1:{plan.port_base + plus}" for name, plus in PRODUCTS.items()},
        "mailbox": f"http://127.0.0.1:{plan.port_base + MAILBOX}",
        "helpdesk": f"http://127.0.0.1:{plan.port_base + HELPDESK}",
        "logins": list(logins),
        "secrets": demo_secrets(),
    }


PURPOSE = {
    "intake": "make a request, see its status",
    "verifier": "prove who you are",
    "router": "the data owner's portal: instruct",
    "executor": "finding, packages, erasure",
    "notifier": "letters; those that staff hand over, at /letters",
    "console": "operators: the whole pipeline",
    "mailbox": "every letter and text message the demo sends",
    "helpdesk": "a city's tickets, that become requests",
}


def show(plan: Plan, voice: Voice, logins: Sequence[dict[str, str]]) -> None:
    voice.say("")
    voice.console.print(_places(plan))
    if logins:
        voice.say("")
        voice.console.print(_logins(logins))
    voice.say("")
    voice.say(f"Try first: make a request at {_url(plan, 'intake')}, read the letter at {_url(plan, 'mailbox')},")
    voice.say(
        f"then sign in at {_url(plan, 'router')} as the owner and instruct. Or let `habeas demo` do it twenty times."
    )
    voice.say(f"State and logs: {plan.home}")
    voice.say("Stop: Ctrl-C here, or `habeas down` in another terminal.")


def _url(plan: Plan, name: str) -> str:
    return next((member.urls[0] for member in plan.members if member.name == name), "-")


def _places(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what")
    table.add_column("where", no_wrap=True)
    table.add_column("what for")
    for member in plan.members:
        table.add_row(member.name, _where(member), PURPOSE.get(member.replica_of or member.name, "the demo's products"))
    table.add_row("kafka", plan.bootstrap, "the bus" if plan.broker else "the bus, yours")
    return table


def _where(member: Member) -> str:
    first = member.urls[0]
    return first if len(member.urls) == 1 else f"{first} … {member.urls[-1].rpartition(':')[2]}"


def _logins(logins: Sequence[dict[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("owner", "role", "e-mail", "password"):
        table.add_column(column, no_wrap=True)
    for login in logins:
        table.add_row(login["owner"], login["role"], login["email"], login["password"])
    return table
