"""The AsyncAPI document stands on its own: what it refers to is in it, and it says what the map of topics says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.publish.asyncapi import SUBMISSION, SUBMISSION_CHANNEL, document, read_tag
from schemas.topics import SERVICES, TOPICS, TYPES, submissions

DOCUMENT = document()
NAME = re.compile(r"[A-Za-z0-9._-]+")


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def resolve(reference: str) -> Any:
    assert reference.startswith("#/"), f"{reference} leads out of the document"
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        assert step in found, f"{reference} leads nowhere"
        found = found[step]
    return found


def test_it_is_asyncapi_3_with_what_that_demands() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    assert DOCUMENT.keys() <= {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"}


@pytest.mark.parametrize("reference", sorted(set(references(DOCUMENT))))
def test_a_reference_leads_somewhere_inside(reference: str) -> None:
    assert resolve(reference)


def test_every_topic_is_a_channel_and_every_channel_a_topic() -> None:
    addresses = {channel["address"] for channel in DOCUMENT["channels"].values()}
    assert addresses == {topic.name for topic in TOPICS} | {submissions("{client}")}


def test_every_parameter_of_an_address_is_explained_and_no_other() -> None:
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel.get("parameters", {}))


def test_every_message_type_is_there_with_read_lines_and_submissions() -> None:
    expected = {*TYPES, *map(read_tag, SERVICES), SUBMISSION}
    assert set(DOCUMENT["components"]["messages"]) == expected
    travels = {tag for channel in DOCUMENT["channels"].values() for tag in channel["messages"]}
    assert travels == expected


def test_a_channel_carries_what_its_topic_carries() -> None:
    for topic in TOPICS:
        tags = {message.TYPE for message in topic.messages}
        also = set(DOCUMENT["channels"][topic.name]["messages"]) - tags
        assert also <= set(map(read_tag, SERVICES))


def test_an_operation_says_who_sends_or_receives_what_the_map_says() -> None:
    said = {
        (operation["tags"][0]["name"], operation["action"], operation["channel"]["$ref"].removeprefix("#/channels/"))
        for operation in DOCUMENT["operations"].values()
    }
    writes = {(writer, "send", topic.name) for topic in TOPICS for writer in topic.writers}
    reads = {(reader, "receive", topic.name) for topic in TOPICS for reader in topic.readers}
    door = {("client", "send", SUBMISSION_CHANNEL), ("intake", "receive", SUBMISSION_CHANNEL)}
    assert said == writes | reads | door


def test_every_name_is_one_that_asyncapi_allows() -> None:
    names = [*DOCUMENT["channels"], *DOCUMENT["operations"]]
    names += [name for kind in DOCUMENT["components"].values() for name in kind]
    assert [name for name in names if not NAME.fullmatch(name)] == []


def test_the_submission_is_the_one_that_the_door_takes() -> None:
    from services.intake import cloudevent

    assert cloudevent.TYPE == SUBMISSION
