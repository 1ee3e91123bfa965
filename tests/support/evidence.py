"""What a run leaves behind, read from the outside: the logs, the inboxes, the products' books, the mailbox."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas import topics
from schemas.base import Fact
from schemas.envelope import Envelope, Malformed, parse
from services.runtime.chain import Accepted, Record, decode
from services.runtime.reading import read_log, read_to_end

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A record of an inbox: anybody may have written it, and more than once."""

    record: Record
    envelope: Envelope
    body: Fact | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. ``logs`` hold accepted records only; ``written`` counts all records of each log, void ones too."""

    logs: Mapping[str, Sequence[Accepted]] = field(default_factory=dict)
    inboxes: Mapping[str, Sequence[Told]] = field(default_factory=dict)
    written: Mapping[str, int] = field(default_factory=dict)
    effects: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    letters: Sequence[Row] = ()

    def log(self, service: str) -> Sequence[Accepted]:
        """A service's accepted records, read lines among them; in order within each partition."""
        return self.logs.get(topics.events(service), ())

    def events(self, service: str) -> Iterable[Accepted]:
        """The same without read lines."""
        return (one for one in self.log(service) if not one.envelope.is_read_line)

    @property
    def void(self) -> dict[str, int]:
        """Log → how many of its records do not belong to its chain; logs without any are left out."""
        counts = {name: total - len(self.logs.get(name, ())) for name, total in self.written.items()}
        return {name: count for name, count in counts.items() if count}

    @property
    def repeats(self) -> dict[str, int]:
        """What happened more than once without harm: tasks asked for again, letters and results that came again."""
        asked = sum(row["times_asked"] - 1 for rows in self.effects.values() for row in rows)
        letters = Counter(letter["message_id"] for letter in self.letters)
        told = Counter(one.envelope.id for inbox in self.inboxes.values() for one in inbox)
        return {
            "tasks": asked,
            "letters": letters.total() - len(letters),
            "records of inboxes": told.total() - len(told),
        }


async def gather(bootstrap: str, home: Path) -> Evidence:
    """Reads everything as it is now."""
    logs: dict[str, list[Accepted]] = {topics.events(service): [] for service in topics.SERVICES}
    async for accepted in read_log(bootstrap, *logs):
        logs[accepted.record.topic].append(accepted)
    inboxes: dict[str, list[Told]] = {topics.inbox(service): [] for service in topics.SERVICES}
    written: Counter[str] = Counter()
    async for record in read_to_end(bootstrap, *logs, *inboxes):
        if record.topic in logs:
            written[record.topic] += 1
        else:
            inboxes[record.topic] += told_by(record)
    return Evidence(logs, inboxes, written, effects_under(home), letters_under(home))


def effects_under(home: Path) -> dict[str, list[Row]]:
    """Product → its own book of the tasks it carried out."""
    found: dict[str, list[Row]] = {}
    for file in sorted((home / "products").glob("*.db")):
        rows = rows_of(file, "SELECT task_id, action, owner, performed_at, times_asked, reply FROM effects")
        found[file.stem] = [{**row, "reply": json.loads(row["reply"])} for row in rows]
    return found


def letters_under(home: Path) -> list[Row]:
    """Every letter the mailbox took."""
    return rows_of(home / "mailbox.db", 'SELECT "to", message_id FROM letters')


def rows_of(file: Path, query: str, values: Sequence[object] = ()) -> list[Row]:
    """What a SQLite file answers to whoever only reads. No file, no rows."""
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


def told_by(record: Record) -> list[Told]:
    """What a record of an inbox says: one thing, or nothing where it is no envelope of ours."""
    try:
        envelope = parse(record.value)
        return [Told(record, envelope, decode(envelope))]
    except Malformed:
        return []
