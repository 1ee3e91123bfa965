"""What is published is what the models say, and no change of theirs breaks a reader of what is in a log."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import Field

from schemas.base import Fact
from schemas.envelope import Envelope
from schemas.publish import __main__ as publish
from schemas.publish.schema import ATTRIBUTES, DIALECT, schemas
from schemas.topics import TOPICS

README = publish.PUBLISHED.parent / "README.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published folder that is up to date."""
    publish.write(tmp_path)
    return tmp_path


def test_what_is_published_is_up_to_date() -> None:
    assert publish.stale() == [], "run: make published"


def test_no_type_breaks_a_reader_of_old_records() -> None:
    assert list(publish.broken()) == []


def test_a_stale_a_missing_and_a_foreign_file_are_each_named(folder: Path) -> None:
    (folder / "topics.svg").write_text("<svg/>")
    (folder / "envelope.json").unlink()
    (folder / "notes.txt").touch()
    assert publish.stale(folder) == ["envelope.json", "notes.txt", "topics.svg"]


def test_publishing_twice_gives_the_same_bytes(folder: Path) -> None:
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    publish.write(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    assert publish.stale(folder) == []


def test_a_breaking_change_is_not_published(folder: Path) -> None:
    path = folder / "dsr.verifier.proof-rejected.v1.json"
    schema = json.loads(path.read_text())
    del schema["required"]
    path.write_text(json.dumps(schema))
    before = path.read_text()
    with pytest.raises(SystemExit, match=r"dsr\.verifier\.proof-rejected\.v1: attempts_left: is newly required"):
        publish.write(folder)
    assert path.read_text() == before


def test_a_type_that_is_gone_is_not_forgotten(folder: Path) -> None:
    class Withdrawn(Fact):
        reason: str = Field(description="why")

    (folder / "dsr.intake.withdrawn.v1.json").write_text(json.dumps(Withdrawn.model_json_schema()))
    with pytest.raises(SystemExit, match=r"dsr\.intake\.withdrawn\.v1: the type is gone"):
        publish.write(folder)
    assert (folder / "dsr.intake.withdrawn.v1.json").exists()


def test_a_record_names_the_schema_of_its_data() -> None:
    for name in schemas():
        schema = json.loads((publish.PUBLISHED / f"{name}.json").read_text())
        assert schema["$id"] == f"urn:habeas:{name}"
        assert schema["$schema"] == DIALECT


def test_every_attribute_of_the_envelope_is_explained() -> None:
    assert set(ATTRIBUTES) == {each.name for each in fields(Envelope)}
    readme = README.read_text()
    assert [name for name in sorted(ATTRIBUTES) if f"| `{name}` |" not in readme] == []


def test_the_picture_shows_every_topic_and_everyone_who_takes_part() -> None:
    svg = (publish.PUBLISHED / "topics.svg").read_text()
    for topic in TOPICS:
        assert f">{topic.name}</text>" in svg
        for actor in (*topic.writers, *topic.readers):
            assert f">{actor}</text>" in svg
