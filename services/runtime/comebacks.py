"""How often a replica ended itself to come back, counted on disk: the process that fences itself cannot tell of it."""

from pathlib import Path
from typing import Final

import orjson
import structlog

from services.runtime import metrics

BECAUSE: Final = {75: "fenced", 70: "broken"}
"""Exit code → the reason, as the metric's label names it."""

log = structlog.get_logger()


class Comebacks:
    """A small file beside the replica's cache. It may be deleted: then counting begins anew, as after a restart."""

    def __init__(self) -> None:
        self._file: Path | None = None

    def begin(self, service: str, folder: Path) -> None:
        """Shows what earlier lives of this replica have counted."""
        self._file = folder / "comebacks.json"
        for because, times in self._counted().items():
            metrics.COMEBACKS.labels(service, because).inc(times)

    def note(self, code: int) -> None:
        """One more, just before the process ends. A disk that is full is no reason to stay."""
        if self._file is None or code not in BECAUSE:
            return
        counted = self._counted()
        counted[BECAUSE[code]] += 1
        written = self._file.with_suffix(".new")
        try:
            written.write_bytes(orjson.dumps(counted))
            written.replace(self._file)
        except OSError as error:
            log.warning("a comeback could not be counted", exc_info=error)

    def _counted(self) -> dict[str, int]:
        known = dict.fromkeys(BECAUSE.values(), 0)
        if self._file is None:
            return known
        try:
            kept = orjson.loads(self._file.read_bytes())
            return {because: int(kept[because]) for because in known}
        except (OSError, ValueError, KeyError, TypeError):
            return known


COMEBACKS: Final = Comebacks()
"""Of this process."""
