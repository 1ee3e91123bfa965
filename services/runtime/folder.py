"""How accepted records become the rows of a read model: folded and counted in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from services.runtime import positions
from services.runtime.chain import Accepted, Record
from services.runtime.database import create_tables, writing
from services.runtime.positions import Cursor, Place
from services.runtime.track import OutOfStep, Park, Track


class View(Protocol):
    """A read model. Its name is also the prefix of its tables, and is its own among all services of one database.

    ``apply`` is called once for each accepted record, in order per partition, inside the transaction. The body is None
    on a read line and where it could not be decoded.
    """

    @property
    def name(self) -> str: ...
    @property
    def metadata(self) -> MetaData: ...
    @property
    def topics(self) -> tuple[str, ...]: ...
    def apply(self, connection: Connection, accepted: Accepted) -> None: ...


@runtime_checkable
class Wholesale(View, Protocol):
    """A read model that can fold many records at once, to the same rows as one after the other. It may raise: then
    nothing of it stands, and each is folded by itself.
    """

    def apply_all(self, connection: Connection, accepted: Sequence[Accepted]) -> None: ...


class Refused(Exception):  # noqa: N818 — it names what became of the record
    """The view raised on this record."""

    def __init__(self, record: Record) -> None:
        super().__init__("a view cannot fold a record")
        self.record = record


class Folder:
    """One view and its positions in one database, where its tables are from the start.

    The methods block; one thread at a time calls them.
    """

    def __init__(self, engine: Engine, view: View) -> None:
        self.view = view
        self._engine = engine
        self._shape = positions.shape_of(view.metadata, engine.dialect)
        self._tracks: dict[Place, Track] = {}
        self._kept: dict[Place, Cursor] = {}
        self._make_tables()

    def reads_next(self, place: Place) -> int | None:
        """The offset after the last one whose effect is committed; None for what the view does not read."""
        return self._kept[place].offset + 1 if place in self._kept else None

    def resumes_at(self, place: Place) -> int | None:
        """The offset from which :meth:`apply` wants to be fed after :meth:`load`."""
        return max(0, self._kept[place].head_at) if place in self._kept else None

    def load(self, places: Iterable[Place]) -> None:
        """Take up reading of these partitions where the rows stand."""
        mine = {place for place in places if place[0] in self.view.topics}
        with writing(self._engine) as connection:
            positions.begin(connection, self.view.name, self._shape, mine)
            self._kept = positions.locked(connection, self.view.name, mine)
        self._tracks = {place: Track(place[0], cursor) for place, cursor in self._kept.items()}

    def check(self, firsts: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """Raises :class:`Lost` if a partition, by its first and its next offset, lacks what was read of it."""
        for place, track in self._tracks.items():
            track.check(firsts[place], ends[place])

    def apply(self, records: Sequence[Record], park: Park) -> list[Accepted]:
        """Fold a batch into the rows, in one transaction with the positions; what was accepted, committed.

        Also what another replica on the same database had folded already. Raises :class:`Lost` (then
        :meth:`wipe`), :class:`OutOfStep` and sqlalchemy's errors: then :meth:`load` again.
        """
        accepted = [
            taken
            for record in records
            if (track := self._tracks.get((record.topic, record.partition))) is not None
            and (taken := track.take(record, park)) is not None
        ]
        moved = {place: track.cursor for place, track in self._tracks.items() if track.cursor != self._kept[place]}
        refused: set[Record] = set()
        while moved:
            try:
                self._commit(moved, [taken for taken in accepted if taken.record not in refused])
            except Refused as refusal:
                park(refusal.record, "view-failed", self.view.name)
                refused.add(refusal.record)
            else:
                self._kept |= moved
                break
        return accepted

    def wipe(self) -> None:
        """Drop the rows and read from the beginning; not if another replica has done so since :meth:`load`."""
        with writing(self._engine) as connection:
            stored = positions.locked(connection, self.view.name, self._tracks)
            if all(stored.get(place, Cursor()).head_at >= cursor.head_at for place, cursor in self._kept.items()):
                self._wipe(connection)

    def _make_tables(self) -> None:
        """Pages may ask for rows before the broker was ever heard. Tables that are defined anew are made anew."""
        create_tables(self._engine, positions.POSITIONS.metadata)
        create_tables(self._engine, self.view.metadata)
        with writing(self._engine) as connection:
            if not positions.shapes(connection, self.view.name) <= {self._shape}:
                self._wipe(connection)

    def _wipe(self, connection: Connection) -> None:
        positions.forget(connection, self.view.name)
        self.view.metadata.drop_all(connection)
        self.view.metadata.create_all(connection)

    def _commit(self, moved: Mapping[Place, Cursor], accepted: Iterable[Accepted]) -> None:
        with writing(self._engine) as connection:
            stored = positions.locked(connection, self.view.name, moved)
            _in_step(stored, {place: self._kept[place] for place in moved})
            read = {place: cursor.head_at for place, cursor in stored.items()}
            new = [one for one in accepted if one.record.offset > read[one.record.topic, one.record.partition]]
            if not self._folded_at_once(connection, new):
                for one in new:
                    self._fold(connection, one)
            ahead = {place: cursor for place, cursor in moved.items() if _is_ahead(cursor, stored[place])}
            positions.move(connection, self.view.name, ahead)

    def _folded_at_once(self, connection: Connection, accepted: Sequence[Accepted]) -> bool:
        """True if the view folded them all in one go. False if it cannot, or chokes on one of them: nothing is done."""
        if not isinstance(self.view, Wholesale):
            return False
        try:
            with connection.begin_nested():
                self.view.apply_all(connection, accepted)
        except SQLAlchemyError as error:
            if isinstance(error, DataError | IntegrityError):
                return False
            raise
        except Exception:  # noqa: BLE001 — told when the record is folded by itself
            return False
        return True

    def _fold(self, connection: Connection, accepted: Accepted) -> None:
        """One record that a view chokes on does not stop all the others. A database that fails does."""
        try:
            self.view.apply(connection, accepted)
        except SQLAlchemyError as error:
            if isinstance(error, DataError | IntegrityError):
                raise Refused(accepted.record) from error
            raise
        except Exception as error:
            raise Refused(accepted.record) from error


def _is_ahead(cursor: Cursor, of: Cursor) -> bool:
    return (cursor.offset, cursor.head_at) > (of.offset, of.head_at)


def _in_step(stored: Mapping[Place, Cursor], before: Mapping[Place, Cursor]) -> None:
    """Raises :class:`OutOfStep` if a replica has wiped the rows, or read another log, since they were loaded."""
    for place, cursor in before.items():
        now = stored.get(place)
        if now is None or now.head_at < cursor.head_at or (now.head_at == cursor.head_at and now.head != cursor.head):
            raise OutOfStep
