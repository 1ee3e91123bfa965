"""The product's ledger of tasks: each is carried out once, in the transaction that writes it down here."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Integer, MetaData, String, Table, insert, select, update

from infra.demo.problems import RefusalError
from infra.demo.store import Store

METADATA = MetaData()
_EFFECTS = Table(
    "effects",
    METADATA,
    Column("task_id", String, primary_key=True),
    Column("action", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("performed_at", String, nullable=False),
    Column("times_asked", Integer, nullable=False),
    Column("reply", JSON, nullable=False),
    Column("body_digest", String, nullable=False),
)
# Whom a task concerned: an erasure must reach the copies that earlier access replies hold.
_CONCERNED = Table(
    "effect_refs",
    METADATA,
    Column("ref", String, primary_key=True),
    Column("task_id", String, primary_key=True),
)


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked: the task id that makes it one thing however often it arrives, and what it comes to."""

    id: str
    action: str
    owner: str
    refs: tuple[str, ...]
    body: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.id}\n{self.body}".encode()).hexdigest()


def once(store: Store, task: Task, now: datetime, perform: Callable[[Connection], dict[str, Any]]) -> dict[str, Any]:
    """The task's reply: the stored one if it was carried out before. Raises RefusalError (409) for other work."""
    with store.writing() as connection:
        known = connection.execute(select(_EFFECTS).where(_EFFECTS.c.task_id == task.id)).one_or_none()
        if known is not None:
            if (known.action, known.owner, known.body_digest) != (task.action, task.owner, task.digest):
                raise RefusalError(409, "This Idempotency-Key has already been used for other work.", "Idempotency-Key")
            again = update(_EFFECTS).where(_EFFECTS.c.task_id == task.id)
            connection.execute(again.values(times_asked=_EFFECTS.c.times_asked + 1))
            stored: dict[str, Any] = known.reply
            return stored
        reply = perform(connection)
        if task.action == "erase":
            _forget_disclosures(connection, task)
        _write_down(connection, task, now, reply)
    if task.action == "erase":
        store.sweep()
    return reply


def ledger(store: Store, task_id: str | None) -> list[dict[str, Any]]:
    """The tasks carried out, in order; only one of them if it is named."""
    columns = [column for column in _EFFECTS.c if column is not _EFFECTS.c.body_digest]
    query = select(*columns).order_by(_EFFECTS.c.performed_at, _EFFECTS.c.task_id)
    if task_id is not None:
        query = query.where(_EFFECTS.c.task_id == task_id)
    with store.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def canonical(body: Any) -> str:
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _write_down(connection: Connection, task: Task, now: datetime, reply: dict[str, Any]) -> None:
    row: dict[str, Any] = {
        "task_id": task.id,
        "action": task.action,
        "owner": task.owner,
        "performed_at": now.isoformat(),
    }
    row |= {"times_asked": 1, "reply": reply, "body_digest": task.digest}
    connection.execute(insert(_EFFECTS).values(row))
    concerned = [{"ref": ref, "task_id": task.id} for ref in sorted(set(task.refs))]
    if concerned:
        connection.execute(insert(_CONCERNED), concerned)


def _forget_disclosures(connection: Connection, task: Task) -> None:
    """Takes the records out of stored access replies about these people: erased means erased here too."""
    about = select(_CONCERNED.c.task_id).where(_CONCERNED.c.ref.in_(task.refs))
    earlier = select(_EFFECTS).where(
        _EFFECTS.c.task_id.in_(about), _EFFECTS.c.action == "access", _EFFECTS.c.owner == task.owner
    )
    for row in connection.execute(earlier).all():
        kept = [line | {"records": [], "records_erased": True} for line in row.reply["data_sets"]]
        changed = update(_EFFECTS).where(_EFFECTS.c.task_id == row.task_id)
        connection.execute(changed.values(reply=row.reply | {"data_sets": kept}))
