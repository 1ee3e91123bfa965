"""What feeds intake, and what it is made of."""

from pathlib import Path

from pydantic import TypeAdapter

from schemas import topics
from schemas.intake import RecordSignal, RequestReceived, SignalRecorded, SubmissionRefused, SubmitRequest
from services.intake import agents, bus, custodian, desk, domain, files, pages, signals, uploads, views
from services.intake.programs import doors
from services.runtime.service import Service, by_person

INTAKE = Service(
    name="intake",
    meaning="what is asked, by whom, of which owner",
    sources=(topics.inbox("intake"),),
    consumes=(SubmitRequest, RecordSignal),
    emits=(RequestReceived, SubmissionRefused, SignalRecorded),
    state=TypeAdapter(domain.Person),
    initial=domain.Person(),
    decide=domain.decide,
    evolve=domain.evolve,
    aggregate=by_person,
    views=(views.RECEIVED, desk.FOLLOWED, *doors.VIEWS),
    routers=(*doors.ROUTERS, custodian.router, pages.router, agents.router, signals.router, *desk.ROUTERS),
    direct=doors.DIRECT,
    streams=doors.STREAMS,
    templates=Path(__file__).parent / "templates",
    uploads={"/privacy/": files.BODY, "/ask": files.BODY, "/desk": files.BODY},
    tasks=(bus.read_submissions, bus.trim_submissions, uploads.keep_sweeping),
)
