"""What must hold after any run, checked from the outside. Each check returns a list of what is broken."""

import asyncio
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from infra.demo.errand import HONEST
from schemas import topics
from schemas.envelope import Envelope, derived_id, parse_position
from schemas.executor import ExecutionPlanned, OrderBegun, OrderCompleted
from schemas.intake import RequestReceived
from schemas.request import OrderResult
from schemas.router import OwnerInstructed, RequestClosed
from services.runtime.chain import Accepted
from tests.conftest import Running
from tests.support import audit_world
from tests.support.evidence import Evidence, Told, gather
from tests.support.load import Load

Broken = list[str]


async def audit(running: Running, load: Load, say: Callable[[str], None], within: float = 60.0) -> Broken:
    """Everything that is broken after a load. What is only late gets ``within`` seconds; what is wrong stays wrong."""
    say(load.summary())
    began = time.monotonic()
    end = began + within
    while True:
        evidence = await gather(running.kafka, running.home)
        broken = unfinished(evidence, load.request_ids) + audit_world.letters_missing(evidence, load.request_ids)
        broken += anything_wrong(evidence)
        broken += audit_world.not_done_to_people(running.home, load.errands)
        broken += audit_world.counted_wrong(running.home, evidence)
        if not broken or time.monotonic() > end:
            break
        await asyncio.sleep(1)
    say(f"void records: {evidence.void or 'none'}; repeats without harm: {evidence.repeats}")
    broken += load.troubles + await caches_that_differ(running)
    say(f"audited in {time.monotonic() - began:.0f} s")
    return broken


def anything_wrong(evidence: Evidence) -> Broken:
    """What may never be, whatever was asked and however far it has come."""
    checks = (
        answered_twice, broken_chains, left_unread, without_approval, begun_too_early,
        audit_world.tasks_not_done_once, audit_world.letters_astray,
    )  # fmt: skip
    return [line for check in checks for line in check(evidence)]


def unfinished(evidence: Evidence, request_ids: Iterable[str]) -> Broken:
    """Every accepted request was received once, and closed once with an honest outcome for each of its orders."""
    received = Counter(one.envelope.subject for one in evidence.events("intake") if _is(one, RequestReceived))
    closed = Counter(one.envelope.subject for one in evidence.events("router") if _is(one, RequestClosed))
    results = {one.envelope.subject: one.body for one in evidence.events("router") if _is(one, RequestClosed)}
    broken = []
    for request_id in request_ids:
        if received[request_id] != 1 or closed[request_id] != 1:
            broken.append(f"{request_id}: received {received[request_id]} times, closed {closed[request_id]} times")
            continue
        body = results[request_id]
        assert isinstance(body, RequestClosed)
        broken += [f"{request_id}: {result.right} ended dishonestly" for result in body.results if not _honest(result)]
        if {result.order_id for result in body.results} != {order.id for order in body.request.orders}:
            broken.append(f"{request_id}: closed without a result for each order")
    return broken


def answered_twice(evidence: Evidence) -> Broken:
    """One cause, at most one event of a service, whose id follows from both (law 1)."""
    broken = []
    for service in topics.SERVICES:
        causes = Counter(one.envelope.causationid for one in evidence.events(service))
        broken += [f"{service} answered {cause} {times} times" for cause, times in causes.items() if times > 1]
        broken += [
            f"{service}: {one.envelope.id} is not the id of the answer to {one.envelope.causationid}"
            for one in evidence.events(service)
            if one.envelope.id != derived_id(service, one.envelope.causationid)
        ]
    return broken


def broken_chains(evidence: Evidence) -> Broken:
    """Each record names the one before it as its parent, and no position ever runs backwards (laws 2 and 3)."""
    broken = []
    for topic, records in evidence.logs.items():
        for partition, chain in _by_partition(records).items():
            before, read = "", dict[str, int]()
            for one in chain:
                position = {name: at.offset for name, at in parse_position(one.envelope.position).items()}
                if one.envelope.parent != before:
                    broken.append(f"{topic}/{partition}: the chain breaks at offset {one.record.offset}")
                if any(position.get(name, -1) < offset for name, offset in read.items()):
                    broken.append(f"{topic}/{partition}: a position runs backwards at offset {one.record.offset}")
                before, read = one.envelope.hash, position
    return broken


def left_unread(evidence: Evidence) -> Broken:
    """No cause that a service consumes lies beyond the position that its log has written down (law 2)."""
    broken = []
    for name in topics.SERVICES:
        service = getattr(import_module(f"services.{name}.processor"), name.upper())
        wanted = {message.TYPE for message in service.consumes}
        read = {
            partition: parse_position(chain[-1].envelope.position)
            for partition, chain in _by_partition(evidence.log(name)).items()
        }
        for source in service.sources:
            records: Sequence[Accepted | Told] = [*evidence.logs.get(source, ()), *evidence.inboxes.get(source, ())]
            for one in records:
                reached = read.get(one.record.partition, {}).get(source)
                if one.envelope.type in wanted and (reached is None or reached.offset < one.record.offset):
                    broken.append(f"{name} never read {source}/{one.record.partition} at {one.record.offset}")
    return broken


def without_approval(evidence: Evidence) -> Broken:
    """Every event of the executor has the owner's approval of that very request, and order, among its causes (R11)."""
    causes: dict[str, list[Envelope]] = defaultdict(list)
    approvals: dict[str, OwnerInstructed] = {}
    everything: Sequence[Sequence[Accepted | Told]] = [*evidence.logs.values(), *evidence.inboxes.values()]
    for records in everything:
        for one in records:
            causes[one.envelope.id].append(one.envelope)
            if isinstance(one.body, OwnerInstructed):
                approvals[one.envelope.id] = one.body
    tasks = {
        task.id: order.order_id
        for one in evidence.events("executor")
        if isinstance(one.body, ExecutionPlanned)
        for order in one.body.orders
        for task in order.tasks
    }
    broken = []
    for one in evidence.events("executor"):
        approved = {
            decision.order_id
            for event in _ancestors(one.envelope, causes)
            if event.subject == one.envelope.subject and event.id in approvals
            for decision in approvals[event.id].instruction.decisions
            if decision.approved
        }
        if not approved or not _orders_of(one, tasks) <= approved:
            broken.append(f"{one.envelope.type} of {one.envelope.subject} has no approval among its causes")
    return broken


def begun_too_early(evidence: Evidence) -> Broken:
    """An order that stands after another begins only when that one is complete (R08)."""
    after: dict[str, str | None] = {}
    complete: set[str] = set()
    broken = []
    for one in evidence.events("executor"):
        match one.body:
            case ExecutionPlanned(orders=orders):
                after |= {order.order_id: order.after for order in orders}
            case OrderBegun(order_id=order_id):
                first = after.get(order_id)
                if first is not None and first not in complete:
                    broken.append(f"{one.envelope.subject}: an order began before the one it stands after was complete")
            case OrderCompleted(result=result):
                complete.add(result.order_id)
            case _:
                pass
    return broken


async def caches_that_differ(running: Running) -> Broken:
    """The caches on disk say what the log says, byte by byte (law 2)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.runtime.command", "rebuild", "--check",
        cwd=Path(__file__).parents[2],
        env=os.environ | {"HABEAS_HOME": str(running.home), "KAFKA_BOOTSTRAP_SERVERS": running.kafka, "TERM": "dumb"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return [] if process.returncode == 0 else [f"rebuild --check: {said.decode(errors='replace')}"]


def _is(one: Accepted, kind: type[object]) -> bool:
    return isinstance(one.body, kind)


def _honest(result: OrderResult) -> bool:
    return bool(result.outcomes) and set(result.outcomes) <= HONEST


def _by_partition(records: Iterable[Accepted]) -> Mapping[int, list[Accepted]]:
    chains: dict[int, list[Accepted]] = defaultdict(list)
    for one in records:
        chains[one.record.partition].append(one)
    return chains


def _ancestors(event: Envelope, causes: Mapping[str, Sequence[Envelope]]) -> Iterable[Envelope]:
    seen, open_ = set[str](), [event.causationid]
    while open_:
        name = open_.pop()
        if name and name not in seen:
            seen.add(name)
            for found in causes.get(name, ()):
                yield found
                open_.append(found.causationid)


def _orders_of(one: Accepted, tasks: Mapping[str, str]) -> set[str]:
    body = one.body
    if isinstance(body, ExecutionPlanned):
        return {order.order_id for order in body.orders}
    if isinstance(body, OrderCompleted):
        return {body.result.order_id}
    named = getattr(body, "order_id", None) or tasks.get(getattr(body, "task_id", ""))
    return {named} if named else set()
