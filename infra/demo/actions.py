"""What the actions do to each data set of a product, and the outcome they report for it (R47)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from infra.demo.declare import Aggregate, DataSet, Deidentify, Delete, Retain, Suite
from infra.demo.lookup import comparable
from infra.demo.world import Owner

Line = dict[str, Any]
Done = tuple[int, Line]
"""How many records of a data set an action concerned, and what is said of it if there were any."""
_HOUSEKEEPING = frozenset({"id", "owner", "ref", "restricted"})


@dataclass(frozen=True, slots=True)
class Work:
    """Whose data, at which owner, and when the product is asked."""

    suite: Suite
    owner: Owner
    refs: tuple[str, ...]
    now: datetime


def access(connection: Connection, work: Work) -> Line:
    """Every record, without the fields that are never disclosed; which of those are held is said instead (R23)."""
    return _for_each(connection, work, _disclose)


def erase(connection: Connection, work: Work) -> Line:
    return _for_each(connection, work, _erase, order="erase")


def opt_out(connection: Connection, work: Work) -> Line:
    """No sale and no sharing, and whoever holds a copy is told (R10, R50)."""
    return _for_each(connection, work, _mark("opted_out"), order="opt-out", only=lambda one: one.can_be_shared)


def limit(connection: Connection, work: Work) -> Line:
    """Sensitive data for the service itself and nothing else; whoever holds a copy is told."""
    return _for_each(connection, work, _mark("limited"), order="limit", only=lambda one: one.is_sensitive)


def correct(connection: Connection, work: Work, changes: Mapping[str, str]) -> Line:
    """Puts the new values wherever the product holds the field; a field it cannot change or has not is unsupported."""

    def apply(connection: Connection, work: Work, data_set: DataSet) -> Done:
        taken = {field: column for field, column in data_set.correctable.items() if field in changes}
        refused = [field for field in changes if field in data_set.fixed]
        refused += [field for field in changes if data_set is first and field not in held_anywhere]
        if not taken:
            return _count(connection, data_set, work), {"outcome": "unsupported", "unsupported_fields": sorted(refused)}
        count = _change(connection, data_set, work, {c: _stored(f, changes[f]) for f, c in taken.items()})
        return count, {"outcome": "corrected", "fields": sorted(taken), "unsupported_fields": sorted(refused)}

    first = work.suite.data_sets[0]
    held_anywhere = {field for data_set in work.suite.data_sets for field in data_set.fields}
    return _for_each(
        connection,
        work,
        apply,
        only=lambda data_set: (
            bool(changes.keys() & data_set.fields.keys()) or (data_set is first and not changes.keys() <= held_anywhere)
        ),
    )


def _for_each(
    connection: Connection,
    work: Work,
    act: Callable[[Connection, Work, DataSet], Done],
    *,
    order: str | None = None,
    only: Callable[[DataSet], bool] = lambda _data_set: True,
) -> Line:
    """One line per data set the action concerns; `order` is what the vendor of a data set is told to do as well."""
    lines = []
    for data_set in filter(only, work.suite.data_sets):
        count, done = act(connection, work, data_set)
        line: Line = {"name": data_set.name, "count": count} | (done if count else {"outcome": "not_found"})
        if count and order and data_set.vendor:
            acknowledged = work.now.isoformat()
            line["vendor"] = {"name": data_set.vendor, "order": order, "acknowledged_at": acknowledged}
        lines.append(line)
    return {"data_sets": lines}


def _theirs(data_set: DataSet, work: Work) -> ColumnElement[bool]:
    return and_(data_set.table.c.owner == work.owner.slug, data_set.table.c.ref.in_(work.refs))


def _count(connection: Connection, data_set: DataSet, work: Work) -> int:
    counted = select(func.count()).select_from(data_set.table).where(_theirs(data_set, work))
    return connection.execute(counted).scalar_one()


def _change(connection: Connection, data_set: DataSet, work: Work, values: Mapping[str, Any]) -> int:
    return connection.execute(update(data_set.table).where(_theirs(data_set, work)).values(values)).rowcount


def _disclose(connection: Connection, work: Work, data_set: DataSet) -> Done:
    found = connection.execute(select(data_set.table).where(_theirs(data_set, work))).mappings().all()
    hidden = _HOUSEKEEPING | data_set.never
    return len(found), {
        "outcome": "delivered",
        "records": [{name: value for name, value in row.items() if name not in hidden} for row in found],
        "held_not_disclosed": sorted(name for name in data_set.never if any(row[name] is not None for row in found)),
    }


def _erase(connection: Connection, work: Work, data_set: DataSet) -> Done:
    match data_set.erasure:
        case Delete():
            return _remove(connection, work, data_set), {"outcome": "erased"}
        case Deidentify(clear):
            return _change(connection, data_set, work, {"ref": None, **clear}), {"outcome": "deidentified"}
        case Aggregate() as aggregate:
            _add_up(connection, work, data_set, aggregate)
            return _remove(connection, work, data_set), {"outcome": "aggregated"}
        case Retain() as retain:
            law = retain.named_for(work.owner.kind)
            return _change(connection, data_set, work, {"restricted": True}), {"outcome": "retained", "law": law}


def _remove(connection: Connection, work: Work, data_set: DataSet) -> int:
    return connection.execute(delete(data_set.table).where(_theirs(data_set, work))).rowcount


def _add_up(connection: Connection, work: Work, data_set: DataSet, aggregate: Aggregate) -> None:
    table, keys, totals = data_set.table, ("owner", *aggregate.by), aggregate.totals
    groups = [table.c[key] for key in keys]
    counted = select(*groups, func.count()).where(_theirs(data_set, work)).group_by(*groups)
    added = insert(totals).from_select([*keys, "total"], counted)
    more = {"total": totals.c.total + added.excluded.total}
    connection.execute(added.on_conflict_do_update(index_elements=keys, set_=more))


def _mark(column: str) -> Callable[[Connection, Work, DataSet], Done]:
    def mark(connection: Connection, work: Work, data_set: DataSet) -> Done:
        return _change(connection, data_set, work, {column: True}), {"outcome": "opted_out"}

    return mark


def _stored(field: str, value: str) -> str:
    return comparable(field, value) if field == "phone" else " ".join(value.split())
