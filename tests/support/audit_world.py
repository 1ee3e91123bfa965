"""What must hold in the world outside the logs: the products' books and rows, and the letters people got."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra.demo.declare import Aggregate, Retain
from infra.demo.errand import Errand
from infra.demo.lookup import comparable
from infra.demo.residents import Person
from infra.demo.seeding import ref_of
from infra.demo.suites import SUITES
from schemas.executor import ExecutionPlanned, OrderCompleted, TaskSettled
from schemas.notifier import Audience, LetterKind, LetterSent, LettersOrdered, LetterUndeliverable
from schemas.request import TaskResult
from schemas.vocabulary import NEEDS_NO_PROOF, Right
from tests.support.evidence import Evidence, rows_of

Broken = list[str]

ACTIONS = {
    Right.ACCESS: "access",
    Right.DELETE: "erase",
    Right.CORRECT: "correct",
    Right.OPT_OUT: "opt-out",
    Right.LIMIT: "opt-out",
}
"""To know is answered without any: a product is only asked whom it holds."""

TOLD = {LetterKind.RECEIPT, LetterKind.VERIFICATION, LetterKind.DECISION, LetterKind.COMPLETION}
"""The letters a person gets who proved who they are, and was answered. To opt out, nobody proves anything."""

CORRECTED = "+1 530 555 0199"
"""The telephone number that every errand with a correction asks for."""


def tasks_not_done_once(evidence: Evidence) -> Broken:
    """Each product did each task that the log tells of exactly once, and nothing that nobody planned."""
    planned = {
        task.id: (task.product, ACTIONS.get(order.right))
        for one in evidence.events("executor")
        if isinstance(one.body, ExecutionPlanned)
        for order in one.body.orders
        for task in order.tasks
    }
    done = [(product, row) for product, rows in evidence.effects.items() for row in rows]
    times = Counter(row["task_id"] for _, row in done)
    counted = {row["task_id"]: sum(line["count"] for line in row["reply"]["data_sets"]) for _, row in done}
    broken = [f"task {task} was performed {count} times" for task, count in times.items() if count > 1]
    broken += [
        f"{product} performed {row['action']} for {row['task_id']}, which nobody planned there"
        for product, row in done
        if planned.get(row["task_id"]) != (product, row["action"])
    ]
    for result in _results(evidence):
        found = sum(leaf.found for leaf in result.leaves)
        acts = planned[result.id][1] is not None
        if acts and found and counted.get(result.id) != found:
            broken.append(
                f"task {result.id}: the log tells of {found} records, the product of {counted.get(result.id)}"
            )
    return broken


def not_done_to_people(home: Path, errands: Iterable[Errand]) -> Broken:
    """Whoever asked to be erased is nowhere but where a law keeps them; whoever asked for a correction is corrected."""
    broken = []
    for errand in errands:
        if errand.trouble:
            continue
        if "delete" in errand.rights:
            broken += _still_there(home, errand.person)
        if "correct" in errand.rights:
            broken += _not_corrected(home, errand.person)
        for right, mark in (("opt_out", "opted_out"), ("limit", "limited")):
            if right in errand.rights:
                broken += _not_marked(home, errand.person, mark)
    return broken


def counted_wrong(home: Path, evidence: Evidence) -> Broken:
    """What was counted into totals is what the erasures say they counted: nothing twice, nothing lost."""
    broken = []
    for suite in SUITES:
        said = Counter[str]()
        for row in evidence.effects.get(suite.slug, ()):
            if row["action"] == "erase":
                said.update({line["name"]: line["count"] for line in row["reply"]["data_sets"]})
        for data_set in suite.data_sets:
            if isinstance(data_set.erasure, Aggregate):
                query = f"SELECT coalesce(sum(total), 0) AS total FROM {data_set.erasure.totals.name}"
                total = rows_of(home / "products" / f"{suite.slug}.db", query)[0]["total"]
                if total != said[data_set.name]:
                    broken.append(
                        f"{suite.slug}: {data_set.name} counts {total}, erasures told of {said[data_set.name]}"
                    )
    return broken


def letters_astray(evidence: Evidence) -> Broken:
    """Every letter in the mailbox is one the log says was sent, to one address; one that came again has the same id.

    A letter may have come although its report was lost, and its secret have been used and destroyed before it was owed
    again: then the log says that it could not be written any more.
    """
    sent = {
        f"<{one.body.letter_id}@habeas.example>"
        for one in evidence.events("notifier")
        if isinstance(one.body, LetterSent)
        or (isinstance(one.body, LetterUndeliverable) and one.body.reason == "forgotten")
    }
    to: dict[str, set[str]] = defaultdict(set)
    for letter in evidence.letters:
        to[letter["message_id"]].add(letter["to"].lower())
    broken = [f"a letter {name} that the log does not know as sent" for name in to if name not in sent]
    return broken + [f"letter {name} went to {len(people)} addresses" for name, people in to.items() if len(people) > 1]


def letters_missing(evidence: Evidence, request_ids: Iterable[str]) -> Broken:
    """Receipt, verification, decision and completion: each ordered once per request, sent, and in the mailbox."""
    there = {letter["message_id"] for letter in evidence.letters}
    ordered: dict[str, Counter[str]] = defaultdict(Counter)
    proof_free = set()
    lost = []
    for one in evidence.events("notifier"):
        if isinstance(one.body, LettersOrdered):
            if {order.right for order in one.body.request.orders} <= NEEDS_NO_PROOF:
                proof_free.add(one.envelope.subject)
            for letter in one.body.letters:
                if letter.audience is Audience.PERSON:
                    ordered[one.envelope.subject][letter.kind.removeprefix("opt_out_")] += 1
                if f"<{letter.id}@habeas.example>" not in there:
                    lost.append(f"{one.envelope.subject}: the letter {letter.kind} never came")
    wanted = {each: TOLD - ({LetterKind.VERIFICATION} if each in proof_free else set()) for each in request_ids}
    return lost + [
        f"{each}: letters {dict(ordered[each])}" for each in wanted if ordered[each] != Counter(wanted[each])
    ]


def _results(evidence: Evidence) -> Sequence[TaskResult]:
    results = {}
    for one in evidence.events("executor"):
        if isinstance(one.body, TaskSettled):
            results[one.body.result.id] = one.body.result
        elif isinstance(one.body, OrderCompleted):
            results |= {result.id: result for result in one.body.result.tasks}
    return list(results.values())


def _still_there(home: Path, person: Person) -> Broken:
    broken = []
    for suite in SUITES:
        for data_set in suite.data_sets if suite.slug in person.suites else ():
            free = "AND NOT restricted" if isinstance(data_set.erasure, Retain) else ""
            query = f"SELECT count(*) AS rows FROM {data_set.table.name} WHERE ref = ? {free}"
            left = rows_of(home / "products" / f"{suite.slug}.db", query, [ref_of(suite, person)])[0]["rows"]
            if left:
                broken.append(f"{suite.slug} still has {left} rows of resident {person.n} in {data_set.name}")
    return broken


def _not_marked(home: Path, person: Person, mark: str) -> Broken:
    broken = []
    for suite in SUITES:
        for data_set in suite.data_sets if suite.slug in person.suites else ():
            if mark in data_set.table.c:
                query = f"SELECT count(*) AS rows FROM {data_set.table.name} WHERE ref = ? AND NOT {mark}"
                left = rows_of(home / "products" / f"{suite.slug}.db", query, [ref_of(suite, person)])[0]["rows"]
                if left:
                    broken.append(f"{suite.slug} has {left} rows of resident {person.n} in {data_set.name} not {mark}")
    return broken


def _not_corrected(home: Path, person: Person) -> Broken:
    broken = []
    for suite in SUITES:
        for data_set in suite.data_sets if suite.slug in person.suites else ():
            if "phone" in data_set.correctable:
                query = f"SELECT {data_set.correctable['phone']} AS phone FROM {data_set.table.name} WHERE ref = ?"
                held = {
                    row["phone"]
                    for row in rows_of(home / "products" / f"{suite.slug}.db", query, [ref_of(suite, person)])
                }
                if held - {comparable("phone", CORRECTED)}:
                    broken.append(f"{suite.slug} still has the old telephone number of resident {person.n}")
    return broken
