"""What feeds intake, and what it is made of."""

from pathlib import Path

from pydantic import TypeAdapter

from schemas import tickets, topics
from schemas.intake import RecordSignal, RequestReceived, SignalRecorded, SubmissionRefused, SubmitRequest
from schemas.router import OwnerInstructed, RequestClosed, RequestRouted
from services.intake import agents, bus, custodian, desk, domain, files, pages, signals, ticketing, uploads, views
from services.intake.programs import doors, posting
from services.runtime.service import Service, by_person

INTAKE = Service(
    name="intake",
    meaning="what is asked, by whom, of which owner",
    sources=(topics.inbox("intake"), topics.events("router")),
    consumes=(SubmitRequest, RecordSignal, *tickets.RESULTS, RequestRouted, OwnerInstructed, RequestClosed),
    emits=(RequestReceived, SubmissionRefused, SignalRecorded, *tickets.EVENTS),
    state=TypeAdapter(domain.Person),
    initial=domain.Person(),
    decide=domain.decide,
    evolve=domain.evolve,
    due=domain.due,
    perform={ticketing.PostComment: posting.post_comment},
    aggregate=by_person,
    breath=0.1,
    views=(views.RECEIVED, desk.FOLLOWED, *doors.VIEWS),
    routers=(*doors.ROUTERS, custodian.router, pages.router, agents.router, signals.router, *desk.ROUTERS),
    direct=doors.DIRECT,
    streams=doors.STREAMS,
    templates=Path(__file__).parent / "templates",
    uploads={"/privacy/": files.BODY, "/ask": files.BODY, "/desk": files.BODY},
    tasks=(bus.read_submissions, bus.trim_submissions, uploads.keep_sweeping),
)
