"""Writes down what people with an account did, before it counts as done."""

from datetime import UTC, datetime
from functools import partial

from schemas.acts import Act
from schemas.base import Fact
from schemas.catalogue import SHELF
from schemas.envelope import Draft, Envelope, derived_id
from schemas.topics import ACTS
from services.runtime.answer import written
from services.runtime.bus import Bus
from services.runtime.open_log import OpenLog
from services.runtime.telemetry import current_traceparent


class Recorder:
    """Appends acts to their log. It reads the log for its end alone; what is in it is shown by ``acts_view``."""

    def __init__(self, bootstrap: str, service: str) -> None:
        self._service = service
        self.log = OpenLog(bootstrap, ACTS, _unread)

    async def record(self, bus: Bus, act: Act) -> None:
        """Returns once the act is in the log for good. Raises BusUnavailable: then it may be there, or not."""
        at, trace = datetime.now(UTC), current_traceparent()
        compose = partial(draft, act, self._service, at, trace)
        await self.log.append(bus, lambda: [compose])


def draft(act: Act, service: str, at: datetime, trace: str, head: str) -> Draft:
    """The act as a record. Its subject is the request it is about, else the account it was done to, or by."""
    about = getattr(act, "person", "") or act.who
    return Draft(
        id=derived_id("act", head, act.TYPE, act.who),
        source=service,
        type=act.TYPE,
        time=written(at),
        subject=getattr(act, "request_id", "") or (f"{SHELF}{about}" if about else ""),
        owner=act.owner,
        partitionkey=act.owner or "nobody",
        traceparent=trace,
        data=act.model_dump_json().encode(),
    )


def _unread(_envelope: Envelope, _body: Fact) -> None:
    """Nothing of an act is kept here."""
