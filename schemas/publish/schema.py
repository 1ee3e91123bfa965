"""JSON Schema of every message type, and of the envelope around it."""

import json
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from schemas.envelope import Envelope
from schemas.topics import TYPES

JsonSchema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ENVELOPE: Final = "envelope"

ATTRIBUTES: Final = {
    "specversion": "The version of CloudEvents: 1.0.",
    "id": "The id of this very message. An event's follows from its service and its cause.",
    "source": "The service that wrote the record, or whoever sent the command.",
    "type": "The type tag: what data holds, and in which version.",
    "time": "When it happened, RFC 3339, with a zone. An event has the time of its cause.",
    "subject": "The request's id. On the parked topic, the id of the parked record.",
    "datacontenttype": "The media type of data.",
    "dataschema": "urn:habeas: and the type tag: the $id of the schema of data.",
    "causationid": "The id of the message that this one answers.",
    "correlationid": "The same for everything that one request led to.",
    "owner": "The data owner's short name.",
    "partitionkey": "The record's key in Kafka: the person key, or the name of a catalogue entry.",
    "traceparent": "W3C trace context of the work that wrote the record.",
    "parent": "In a log: the hash of the record accepted before it in the same partition; absent in the first.",
    "position": "In a service's log: how far every source had been read, as topic=offset or topic=offset@hash.",
    "data": "The message itself. A read line has none.",
    "hash": "In a log: SHA-256, in hex, of the record's bytes before this member, closed with a brace. Always last.",
}
"""Attribute → what it means."""


def data_schema(tag: str) -> JsonSchema:
    """The schema of ``data`` in records of the type ``tag``."""
    return {"$schema": DIALECT, "$id": f"urn:habeas:{tag}", **TYPES[tag].model_json_schema()}


def envelope_schema() -> JsonSchema:
    """The schema of the record as a whole, with ``data`` left open."""
    schema = TypeAdapter(Envelope).json_schema()
    for name, meaning in ATTRIBUTES.items():
        schema["properties"][name]["description"] = meaning
    return {"$schema": DIALECT, "$id": f"urn:habeas:{ENVELOPE}", **schema}


def schemas() -> dict[str, JsonSchema]:
    """Type tag → its schema, and the envelope's under its own name."""
    return {**{tag: data_schema(tag) for tag in sorted(TYPES)}, ENVELOPE: envelope_schema()}


def models() -> list[type[BaseModel]]:
    """Every message type once, in the order of the tags."""
    return [TYPES[tag] for tag in sorted(TYPES)]


def as_text(document: JsonSchema) -> str:
    """The document as it is committed: readable, and the same on every machine."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
