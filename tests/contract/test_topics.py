"""The map of topics is true: whoever reads or writes a topic is on it, and what travels there is what is said there."""

from importlib import import_module

import pytest

from schemas.catalogue import ENTRIES
from schemas.topics import BY_NAME, CATALOGUE, PARKED, SERVICES, TOPICS, TYPES, Topic, events, inbox
from services.runtime.service import Service

PROCESSES = (*SERVICES, "console")


def service(name: str) -> Service:
    declared: Service = getattr(import_module(f"services.{name}.processor"), name.upper())
    return declared


each_service = pytest.mark.parametrize("name", SERVICES)
each_process = pytest.mark.parametrize("name", PROCESSES)


@each_process
def test_a_service_is_called_what_the_map_calls_it(name: str) -> None:
    assert service(name).name == name


@each_service
def test_a_service_reads_only_topics_whose_reader_it_is(name: str) -> None:
    assert [source for source in service(name).sources if name not in BY_NAME[source].readers] == []


@each_service
def test_a_service_reads_every_topic_whose_reader_it_is(name: str) -> None:
    """Its own log and the catalogue are read by the floor, for every service; what it only shows, by a view."""
    declared = {topic.name for topic in TOPICS if name in topic.readers} - {events(name), CATALOGUE}
    shown = {topic for view in service(name).views for topic in view.topics if name in BY_NAME[topic].readers}
    assert declared == set(service(name).sources) | shown - {events(name)}


@each_process
def test_a_read_model_reads_only_topics_whose_reader_it_is(name: str) -> None:
    wrong = [
        (view.name, topic)
        for view in service(name).views
        for topic in view.topics
        if name not in (*BY_NAME[topic].readers, *BY_NAME[topic].shown_by)
    ]
    assert wrong == []


@each_process
def test_a_service_shows_every_topic_of_which_it_keeps_a_read_model_only(name: str) -> None:
    declared = {topic.name for topic in TOPICS if name in topic.shown_by}
    assert declared <= {topic for view in service(name).views for topic in view.topics} - set(service(name).sources)


@each_service
def test_a_service_emits_exactly_what_its_log_carries(name: str) -> None:
    assert set(service(name).emits) == set(BY_NAME[events(name)].messages)


@each_service
def test_what_a_service_consumes_travels_on_its_sources(name: str) -> None:
    declared = service(name)
    travels = {message for source in declared.sources for message in BY_NAME[source].messages}
    assert set(declared.consumes) - travels == set()


@each_service
def test_everything_sent_to_a_service_is_answered_by_it(name: str) -> None:
    assert set(BY_NAME[inbox(name)].messages) <= set(service(name).consumes)


@each_service
def test_only_a_service_writes_its_log(name: str) -> None:
    assert BY_NAME[events(name)].writers == (name,)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_log_is_kept_for_ever_and_everything_else_is_not(topic: Topic) -> None:
    assert (topic.kept is None) is topic.is_log


def test_whoever_takes_part_exists() -> None:
    named = {actor for topic in TOPICS for actor in (*topic.writers, *topic.readers)}
    assert named == {*PROCESSES, "habeas"}


def test_no_two_types_share_a_tag_and_each_tag_says_where_it_belongs() -> None:
    messages = {message for topic in TOPICS for message in topic.messages}
    assert len(messages) == len(TYPES)
    for topic in TOPICS:
        for message in topic.messages:
            if message.TYPE != "dsr.clock.time-passed.v1":
                assert message.TYPE.split(".")[1] == topic.name.split(".")[1]


def test_the_catalogue_and_the_parked_topic_carry_what_they_are_for() -> None:
    assert BY_NAME[CATALOGUE].messages == ENTRIES
    assert [message.TYPE for message in BY_NAME[PARKED].messages] == ["dsr.parked.record-parked.v1"]
