"""One AsyncAPI 3.0 document of the whole bus: topics, what travels on them, and who sends and receives."""

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from schemas.base import Fact
from schemas.envelope import CONTENT_TYPE, READ
from schemas.publish.schema import JsonSchema, envelope_schema, models
from schemas.topics import SERVICES, SUBMISSIONS, TOPICS, Topic, events, submissions

VERSION: Final = "1"
"""Of the document as a whole. Each message has its own version, at the end of its tag."""

SUBMISSION: Final = "dsr.submission.v1"
SUBMISSION_CHANNEL: Final = SUBMISSIONS.rstrip(".")
CLIENT: Final = "client"


def document() -> JsonSchema:
    """The document. It refers to nothing outside itself."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Habeas on the bus",
            "version": VERSION,
            "description": "Every record is a CloudEvent 1.0 in structured JSON. Personal data in it is sealed.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            SUBMISSION_CHANNEL: _submission_channel(),
            **{topic.name: _channel(topic) for topic in TOPICS},
        },
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def read_tag(service: str) -> str:
    """The type tag of the records by which a service writes down how far it has read."""
    return f"dsr.{service}.{READ}.v1"


def _channel(topic: Topic) -> JsonSchema:
    tags = [message.TYPE for message in topic.messages]
    tags += [read_tag(service) for service in SERVICES if events(service) == topic.name]
    days = {"x-kept-at-least-days": topic.kept.days} if topic.kept else {"x-kept": "for ever"}
    return {
        "address": topic.name,
        "description": topic.meaning,
        "messages": {tag: _message_ref(tag) for tag in tags},
        **days,
    }


def _submission_channel() -> JsonSchema:
    return {
        "address": submissions("{client}"),
        "description": "the public door: a registered client publishes requests of its own owners here",
        "parameters": {"client": {"description": "the client's name in the catalogue"}},
        "messages": {SUBMISSION: _message_ref(SUBMISSION)},
        "x-kept-at-least-days": 1,
    }


def _operations() -> JsonSchema:
    found = {
        **_operation(CLIENT, "send", SUBMISSION_CHANNEL),
        **_operation("intake", "receive", SUBMISSION_CHANNEL),
    }
    for topic in TOPICS:
        for writer in topic.writers:
            found |= _operation(writer, "send", topic.name)
        for reader in topic.readers:
            found |= _operation(reader, "receive", topic.name)
    return dict(sorted(found.items()))


def _operation(who: str, action: str, channel: str) -> JsonSchema:
    return {
        f"{who}.{action}s.{channel}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": f"{who} {'writes' if action == 'send' else 'reads'} {channel}",
            "tags": [{"name": who}],
        }
    }


def _messages() -> JsonSchema:
    found = {model.TYPE: _message(model) for model in models() if issubclass(model, Fact)}
    for service in SERVICES:
        found[read_tag(service)] = _in_envelope(
            read_tag(service), "Read line", f"How far {service} has read its sources. It carries no event."
        )
    found[SUBMISSION] = {
        "name": SUBMISSION,
        "title": "Submission",
        "summary": "A request by a registered client. The event's id is its idempotency key; binary mode works too.",
        "contentType": CONTENT_TYPE,
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
                "source": {"type": "string", "minLength": 1},
                "type": {"const": SUBMISSION},
                "data": {"type": "object", "description": "The same entries as a submission to intake's JSON API."},
            },
        },
    }
    return dict(sorted(found.items()))


def _message(model: type[Fact]) -> JsonSchema:
    return _in_envelope(model.TYPE, model.__name__, _first_words(model), model)


def _in_envelope(tag: str, title: str, summary: str, model: type[Fact] | None = None) -> JsonSchema:
    data: dict[str, Any] = {"data": {"$ref": f"#/components/schemas/{model.__name__}"}} if model else {}
    required = ["type", "data"] if model else ["type"]
    specific = {"type": "object", "required": required, "properties": {"type": {"const": tag}, **data}}
    return {
        "name": tag,
        "title": title,
        "summary": summary,
        "contentType": CONTENT_TYPE,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "the envelope's partitionkey"}}},
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, specific]},
    }


def _schemas() -> JsonSchema:
    """Every model under its class name. Two models of one name would be named apart by pydantic, and then a
    reference to the short name leads nowhere; a test follows them all.
    """
    _, shared = models_json_schema(
        [(model, "validation") for model in models()], ref_template="#/components/schemas/{model}"
    )
    envelope = {name: value for name, value in envelope_schema().items() if not name.startswith("$")}
    return dict(sorted({**shared["$defs"], "Envelope": envelope}.items()))


def _first_words(model: type[Fact]) -> str:
    return " ".join((model.__doc__ or "").split("\n\n")[0].split()).replace("``", "")


def _message_ref(tag: str) -> JsonSchema:
    return {"$ref": f"#/components/messages/{tag}"}
