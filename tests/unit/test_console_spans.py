"""Spans as they are read, kept, aged out and put in order; no web, no broker."""

import gzip
from pathlib import Path

import pytest

from services.console.otlp import LIMIT, parse, unpacked
from services.console.spans import DAY, Spans
from services.runtime.database import engine
from services.runtime.web.problem import Problem
from tests.support.spans import BEGAN, MILLISECOND, export, sent


class Clock:
    """A clock that is moved by hand."""

    now = 1_772_557_200.0

    def __call__(self) -> float:
        return self.now


def spans_at(folder: Path, clock: Clock | None = None, *, most: int = 100, days: int = 7) -> Spans:
    return Spans(engine(f"sqlite:///{folder}/traces.db"), most=most, days=days, clock=clock or Clock())


def test_a_span_is_read_with_all_that_is_shown() -> None:
    raw = sent(
        "civicrec access", trace=7, span=8, parent=9, took=12, kind="client", request="r-1", failed="http-503",
        link=(5, 6), product="civicrec", http__status_code=503, secret="ana@alder-falls.example",
    )  # fmt: skip
    (span,), rejected = parse(export("executor", raw))
    assert (span.service, span.name, span.kind, span.request_id) == ("executor", "civicrec access", "client", "r-1")
    assert (span.began, span.took, span.ended) == (BEGAN, 12 * MILLISECOND, BEGAN + 12 * MILLISECOND)
    assert (span.failed, span.reason) == (True, "http-503")
    assert (span.trace_id, span.span_id, span.parent_id) == (f"{7:032x}", f"{8:016x}", f"{9:016x}")
    assert span.links == [[f"{5:032x}", f"{6:016x}"]]
    assert span.attributes == {"product": "civicrec", "http.status_code": 503}
    assert rejected == 0


def test_a_status_that_is_not_a_code_is_not_kept() -> None:
    (span,), _ = parse(export("x", sent("a", failed="ValueError: ana@alder-falls.example")))
    assert (span.failed, span.reason) == (True, "")


def test_what_is_no_span_is_counted_and_left_out() -> None:
    wrong = [sent("a") for _ in range(3)]
    wrong[0].trace_id = b"short"
    wrong[1].span_id = b""
    wrong[2].start_time_unix_nano = 1 << 63
    read, rejected = parse(export("x", *wrong, sent("good")))
    assert [span.name for span in read] == ["good"]
    assert rejected == 3


def test_a_span_that_ends_before_it_begins_took_no_time() -> None:
    (span,), _ = parse(export("x", sent("a", took=-5)))
    assert span.took == 0


def test_long_names_are_cut_and_nul_is_dropped() -> None:
    (span,), _ = parse(export("x", sent("a\0" + "b" * 500)))
    assert span.name == "a" + "b" * 119


@pytest.mark.parametrize("body", [b"\xff\xff", b"{}", b"\x0a\xff\xff\xff\x0f"])
def test_what_is_no_export_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as refusal:
        parse(body)
    assert refusal.value.status == 400


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(b"\0" * (LIMIT + 1)), "gzip", 413),
        (gzip.compress(b"x" * 1000)[:-12], "gzip", 400),
        (b"not gzip", "gzip", 400),
        (b"x", "br", 415),
    ],
)
def test_what_cannot_be_unpacked_or_is_too_much_is_refused(body: bytes, encoding: str, status: int) -> None:
    with pytest.raises(Problem) as refusal:
        unpacked(body, encoding)
    assert refusal.value.status == status


def test_gzip_is_unpacked() -> None:
    assert unpacked(gzip.compress(b"spans"), "gzip") == b"spans"


def test_the_newest_are_kept_and_never_more_than_the_limit(tmp_path: Path) -> None:
    spans = spans_at(tmp_path, most=10)
    for number in range(1, 6):
        read, _ = parse(export("x", *(sent(f"{number}", trace=number, span=one, request="r") for one in range(1, 5))))
        spans.keep(read)
        assert spans.count() <= 10
    assert {span.name for span in spans.of_request("r")} == {"3", "4", "5"}
    assert spans.count() == 10


def test_spans_age_out_also_from_what_is_shown(tmp_path: Path) -> None:
    clock = Clock()
    spans = spans_at(tmp_path, clock, days=2)
    spans.keep(parse(export("x", sent("old", trace=1, request="r")))[0])
    clock.now += 2 * DAY
    assert [span.name for span in spans.of_request("r")] == ["old"]
    clock.now += 1
    assert spans.of_request("r") == []
    spans.keep(parse(export("x", sent("new", trace=2, request="r")))[0])
    assert spans.count() == 1


def test_a_batch_that_comes_twice_is_kept_once(tmp_path: Path) -> None:
    spans = spans_at(tmp_path)
    read, _ = parse(export("x", sent("a", request="r"), sent("b", span=2, request="r")))
    spans.keep(read)
    spans.keep(read)
    assert spans.count() == 2


def test_a_request_has_its_whole_traces_but_not_those_in_which_it_was_only_looked_at(tmp_path: Path) -> None:
    spans = spans_at(tmp_path)
    batch = (
        sent("POST /v1/requests", trace=1, span=1, kind="server"),
        sent("intake RequestReceived", trace=1, span=2, parent=1, request="r"),
        sent("GET /v1/requests/{request_id}", trace=2, kind="server", request="r"),
        sent("POST /portal/x", trace=3, kind="server", request="r"),
        sent("intake RequestReceived", trace=4, request="another"),
        sent("not seen to be of it", trace=5),
    )
    spans.keep(parse(export("x", *batch))[0])
    assert {span.trace_id for span in spans.of_request("r")} == {f"{1:032x}", f"{3:032x}"}
    assert len(spans.of_request("r")) == 3
    assert f"{5:032x}" in {span.trace_id for span in spans.of_request("r", [f"{5:032x}"])}


def test_an_empty_batch_changes_nothing(tmp_path: Path) -> None:
    spans = spans_at(tmp_path)
    spans.keep([])
    assert spans.count() == 0
